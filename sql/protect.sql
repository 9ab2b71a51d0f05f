-- Protecting tables. The functions run with the caller's rights and check that the caller owns the table; the statements they
-- run, run as the table's owner.

CREATE FUNCTION watertight.record_creator() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'record_creator_wrapper';
COMMENT ON FUNCTION watertight.record_creator() IS
    'Row trigger: the column it is given names the row''s creator, by the token.';

CREATE FUNCTION watertight.protect(
    relation regclass, tenant_column name DEFAULT 'tenant_id', compartment_column name DEFAULT NULL,
    backfill text DEFAULT NULL, scope_keys boolean DEFAULT false, dry_run boolean DEFAULT false,
    creator_column name DEFAULT NULL) RETURNS SETOF text
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'protect_wrapper';
COMMENT ON FUNCTION watertight.protect(regclass, name, name, text, boolean, boolean, name) IS
    'Puts a table and what is below it under row security by tenant (and compartment); returns the statements.';

CREATE FUNCTION watertight.protect_schema(
    schema regnamespace, tenant_column name DEFAULT 'tenant_id', backfill text DEFAULT NULL,
    scope_keys boolean DEFAULT false, dry_run boolean DEFAULT false, compartment_column name DEFAULT NULL) RETURNS SETOF text
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'protect_schema_wrapper';
COMMENT ON FUNCTION watertight.protect_schema(regnamespace, name, text, boolean, boolean, name) IS
    'Puts all tables of a schema, also future ones, under row security by tenant; returns the statements.';

CREATE FUNCTION watertight.unprotect(relation regclass) RETURNS SETOF text
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'unprotect_wrapper';
COMMENT ON FUNCTION watertight.unprotect(regclass) IS
    'Takes the protection of a table and what is below it away; the columns stay. Returns the statements.';

CREATE FUNCTION watertight.unprotect_schema(schema regnamespace) RETURNS SETOF text
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'unprotect_schema_wrapper';
COMMENT ON FUNCTION watertight.unprotect_schema(regnamespace) IS
    'Takes the protection of a schema and of all tables in it away; returns the statements.';

REVOKE ALL ON FUNCTION
    watertight.record_creator(),
    watertight.protect(regclass, name, name, text, boolean, boolean, name),
    watertight.protect_schema(regnamespace, name, text, boolean, boolean, name),
    watertight.unprotect(regclass),
    watertight.unprotect_schema(regnamespace)
    FROM PUBLIC;
-- Who creates the trigger needs EXECUTE: the table's owner. Who protects is checked inside.
GRANT EXECUTE ON FUNCTION
    watertight.record_creator(),
    watertight.protect(regclass, name, name, text, boolean, boolean, name),
    watertight.protect_schema(regnamespace, name, text, boolean, boolean, name)
    TO PUBLIC;
GRANT EXECUTE ON FUNCTION
    watertight.unprotect(regclass),
    watertight.unprotect_schema(regnamespace)
    TO watertight_admin;
