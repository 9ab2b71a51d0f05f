-- The background worker: what it remembers, and what it says of itself.

CREATE TABLE watertight.ended_compartments (
    id            uuid NOT NULL CONSTRAINT ended_compartments_pkey PRIMARY KEY,
    tenant_id     uuid NOT NULL,
    reason        text COLLATE "C" NOT NULL,
    ended_at      timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    relations     bigint NOT NULL,
    rows          bigint NOT NULL,
    large_objects bigint NOT NULL
);
CREATE INDEX ended_compartments_ended_at_idx ON watertight.ended_compartments (ended_at);
COMMENT ON TABLE watertight.ended_compartments IS
    'Compartments that were destroyed: why, when, and how much was in them. Kept for watertight.keep_ended_compartments days.';
REVOKE ALL ON watertight.ended_compartments FROM PUBLIC;
GRANT SELECT ON watertight.ended_compartments TO watertight_admin;

CREATE FUNCTION watertight.workers()
    RETURNS TABLE (database oid, pid integer, state text, clean boolean, failing boolean, started_at timestamptz,
                   last_pass_at timestamptz, last_error_at timestamptz, last_error text, ended bigint, ready integer)
    LANGUAGE c VOLATILE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'workers_wrapper';

CREATE VIEW watertight.worker_status AS
    SELECT d.datname AS database, w.pid, w.state, w.clean, w.failing, w.started_at, w.last_pass_at, w.last_error_at,
           w.last_error, w.ended, w.ready
      FROM watertight.workers() AS w JOIN pg_catalog.pg_database AS d ON d.oid OPERATOR(pg_catalog.=) w.database;
COMMENT ON VIEW watertight.worker_status IS 'The background worker of each database that has the extension.';

REVOKE ALL ON watertight.worker_status FROM PUBLIC;
REVOKE ALL ON FUNCTION watertight.workers() FROM PUBLIC;
GRANT SELECT ON watertight.worker_status TO watertight_admin;
GRANT EXECUTE ON FUNCTION watertight.workers() TO watertight_admin;

-- Event triggers call them (sql/events.sql), and that needs no privilege.
CREATE FUNCTION watertight.template_changed() RETURNS event_trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'template_changed_wrapper';
CREATE FUNCTION watertight.template_dropped() RETURNS event_trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'template_dropped_wrapper';
REVOKE ALL ON FUNCTION watertight.template_changed(), watertight.template_dropped() FROM PUBLIC;

-- When this transaction is committed, the database gets its worker.
CREATE FUNCTION watertight.wake_worker() RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'wake_worker_wrapper';
REVOKE ALL ON FUNCTION watertight.wake_worker() FROM PUBLIC;
SELECT watertight.wake_worker();
