-- Event triggers, last of all: from here on they answer DDL commands, also those of this script.

CREATE FUNCTION watertight.protect_after_ddl() RETURNS event_trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'protect_after_ddl_wrapper';
CREATE FUNCTION watertight.forget_after_drop() RETURNS event_trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'forget_after_drop_wrapper';
-- Only the event triggers call them, and that needs no privilege.
REVOKE ALL ON FUNCTION watertight.protect_after_ddl(), watertight.forget_after_drop() FROM PUBLIC;

CREATE EVENT TRIGGER watertight_protect ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE', 'CREATE SCHEMA', 'ALTER SCHEMA',
                 'CREATE FOREIGN TABLE', 'ALTER FOREIGN TABLE', 'IMPORT FOREIGN SCHEMA',
                 'CREATE MATERIALIZED VIEW', 'CREATE VIEW', 'CREATE TRIGGER', 'ALTER TYPE')
    EXECUTE FUNCTION watertight.protect_after_ddl();
CREATE EVENT TRIGGER watertight_forget ON sql_drop
    EXECUTE FUNCTION watertight.forget_after_drop();
-- ALWAYS: also under session_replication_role = replica.
ALTER EVENT TRIGGER watertight_protect ENABLE ALWAYS;
ALTER EVENT TRIGGER watertight_forget ENABLE ALWAYS;

-- Ready clones of a template that has changed are made anew.
CREATE EVENT TRIGGER watertight_template ON ddl_command_end
    EXECUTE FUNCTION watertight.template_changed();
CREATE EVENT TRIGGER watertight_template_drop ON sql_drop
    EXECUTE FUNCTION watertight.template_dropped();
ALTER EVENT TRIGGER watertight_template ENABLE ALWAYS;
ALTER EVENT TRIGGER watertight_template_drop ENABLE ALWAYS;
-- The fence: no tags, it looks at everything.
CREATE EVENT TRIGGER watertight_fence ON ddl_command_end
    EXECUTE FUNCTION watertight.fence_after_ddl();
CREATE EVENT TRIGGER watertight_fence_drop ON sql_drop
    EXECUTE FUNCTION watertight.fence_after_drop();
ALTER EVENT TRIGGER watertight_fence ENABLE ALWAYS;
ALTER EVENT TRIGGER watertight_fence_drop ENABLE ALWAYS;
