-- Copying a schema, for operators and tests.

CREATE FUNCTION watertight.clone_schema(template regnamespace, schema name, unlogged boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'clone_schema_wrapper';
COMMENT ON FUNCTION watertight.clone_schema(regnamespace, name, boolean) IS
    'Copies a schema with everything in it, without rows, into a new one; for superusers.';

CREATE FUNCTION watertight.drop_cloned_schema(schema name) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'drop_cloned_schema_wrapper';
COMMENT ON FUNCTION watertight.drop_cloned_schema(name) IS
    'Drops a schema with everything in it, unless something outside depends on it; for superusers. Returns the number of relations.';

-- They ask for a superuser themselves, too.
REVOKE ALL ON FUNCTION watertight.clone_schema(regnamespace, name, boolean), watertight.drop_cloned_schema(name) FROM PUBLIC;
