-- The fence around compartments' schemas.

-- What the planner adds to queries of PostgreSQL's catalogs. LEAKPROOF: it tells nothing about an object that it says is not there.
CREATE FUNCTION watertight.in_sight(class oid, object oid) RETURNS boolean
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_in_sight';
COMMENT ON FUNCTION watertight.in_sight(oid, oid) IS
    'Whether an object, by the oid of its catalog and its own, does not lie in another compartment''s schema.';

CREATE FUNCTION watertight.fence_after_ddl() RETURNS event_trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'fence_after_ddl_wrapper';
CREATE FUNCTION watertight.fence_after_drop() RETURNS event_trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'fence_after_drop_wrapper';
REVOKE ALL ON FUNCTION watertight.fence_after_ddl(), watertight.fence_after_drop() FROM PUBLIC;
