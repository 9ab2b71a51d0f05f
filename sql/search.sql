-- Operators whose conditions may be answered by an index before the tenant's predicate has been checked, beyond those
-- that Watertight itself has examined. Only superusers read and write this.

CREATE TABLE watertight.trusted_operators (
    library    text COLLATE "C" NOT NULL,
    symbol     text COLLATE "C" NOT NULL,
    function   text NOT NULL,
    reason     text NOT NULL CONSTRAINT trusted_operators_reason_check CHECK (reason OPERATOR(pg_catalog.<>) ''),
    trusted_by text NOT NULL DEFAULT SESSION_USER,
    trusted_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT trusted_operators_pkey PRIMARY KEY (library, symbol)
);
COMMENT ON TABLE watertight.trusted_operators IS
    'C functions that a superuser vouches for. Change it with trust_operator and distrust_operator; every change is logged.';
REVOKE ALL ON watertight.trusted_operators FROM PUBLIC;
GRANT SELECT ON watertight.trusted_operators TO watertight_admin;

CREATE FUNCTION watertight.log_trusted_operator() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'log_trusted_operator_wrapper';
REVOKE ALL ON FUNCTION watertight.log_trusted_operator() FROM PUBLIC;

CREATE TRIGGER log AFTER INSERT OR UPDATE OR DELETE ON watertight.trusted_operators
    FOR EACH ROW EXECUTE FUNCTION watertight.log_trusted_operator();
CREATE TRIGGER notify AFTER INSERT OR UPDATE OR DELETE ON watertight.trusted_operators
    FOR EACH ROW EXECUTE FUNCTION watertight.notify_registry_change();
CREATE TRIGGER notify_truncate BEFORE TRUNCATE ON watertight.trusted_operators
    FOR EACH STATEMENT EXECUTE FUNCTION watertight.notify_registry_change();
ALTER TABLE watertight.trusted_operators ENABLE ALWAYS TRIGGER log;
ALTER TABLE watertight.trusted_operators ENABLE ALWAYS TRIGGER notify;
ALTER TABLE watertight.trusted_operators ENABLE ALWAYS TRIGGER notify_truncate;
SELECT pg_catalog.pg_extension_config_dump('watertight.trusted_operators', '');

-- Put by the planner around a query that is known only when the statement runs.
CREATE FUNCTION watertight.bounded(query tsquery) RETURNS tsquery
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'wt_bounded';
COMMENT ON FUNCTION watertight.bounded(tsquery) IS 'Its argument, or an error if it has more than 1000 words and operators.';

-- With the caller's rights: they ask for a superuser themselves.
CREATE FUNCTION watertight.trust_operator(operator regoperator, reason text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'trust_operator_wrapper';
CREATE FUNCTION watertight.trust_function(function regprocedure, reason text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'trust_function_wrapper';
CREATE FUNCTION watertight.distrust_operator(operator regoperator) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'distrust_operator_wrapper';
CREATE FUNCTION watertight.distrust_function(function regprocedure) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'distrust_function_wrapper';

REVOKE ALL ON FUNCTION
    watertight.trust_operator(regoperator, text),
    watertight.trust_function(regprocedure, text),
    watertight.distrust_operator(regoperator),
    watertight.distrust_function(regprocedure)
    FROM PUBLIC;
