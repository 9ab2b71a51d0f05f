-- What a session makes in an ephemeral compartment: unlogged, without statistics, and gone with it.
\set SHOW_CONTEXT never
\pset null '(null)'
CREATE ROLE eph_app;
CREATE ROLE eph_owner;
CREATE SCHEMA eph_template AUTHORIZATION eph_owner;
GRANT USAGE, CREATE ON SCHEMA eph_template TO eph_app;
GRANT CREATE ON SCHEMA public TO eph_app;
SET ROLE eph_owner;
CREATE TABLE eph_template.notes (id serial PRIMARY KEY, body text);
GRANT SELECT, INSERT ON eph_template.notes TO eph_app;
GRANT USAGE ON SEQUENCE eph_template.notes_id_seq TO eph_app;
RESET ROLE;
ALTER DATABASE "sql-compartment_ephemeral" SET watertight.compartments = on;
\c
\set SHOW_CONTEXT never
\pset null '(null)'
SELECT test.token('hospital_a') AS alice \gset
SET SESSION AUTHORIZATION eph_app;
SELECT watertight.login(:'alice', 'demo', ephemeral => true, template => 'eph_template') AS token \gset
SET watertight.token = :'token';
SELECT current_schema() = watertight.compartment_schema(watertight.compartment_id()) AS entered, watertight.compartment();
SELECT current_schema() AS own \gset

-- Rights are those of the template: DELETE is none of them.
INSERT INTO notes (body) VALUES ('secret') RETURNING id;
DELETE FROM notes;
DROP TABLE notes;

-- Tables and sequences of all kinds.
CREATE TABLE t (id serial PRIMARY KEY, email text DEFAULT 'x', doc jsonb);
CREATE TABLE ta AS SELECT generate_series(1, 100) AS n;
SELECT 1 AS n INTO ti;
CREATE SEQUENCE s;
CREATE TABLE parts (id int, v text) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF parts FOR VALUES IN (1);
CREATE INDEX low ON t (lower(email));
DO $$ BEGIN FOR i IN 1..2 LOOP EXECUTE 'CREATE TABLE indo' || i || ' (id int)'; CREATE TABLE IF NOT EXISTS inplain (id int); END LOOP; END $$;
PREPARE ct AS SELECT 1 AS n;
CREATE TABLE te AS EXECUTE ct;
INSERT INTO t (email) SELECT 'secret' || n FROM generate_series(1, 50) AS n;
INSERT INTO parts VALUES (1, 'secret');
ALTER TABLE t ADD COLUMN phone text DEFAULT 'secret';
ALTER TABLE t ALTER email SET STATISTICS 100;
SELECT relname, relkind, relpersistence, reloptions FROM pg_class WHERE relnamespace = :'own'::regnamespace ORDER BY 1;
-- No value gets into pg_statistic, which is logged.
ANALYZE t, parts, ta;
SELECT count(*) FROM pg_stats WHERE schemaname = :'own';
-- What would be logged, or would outlast the session on its connection, or stay behind elsewhere.
ALTER TABLE t SET LOGGED;
CREATE MATERIALIZED VIEW mv AS SELECT * FROM t;
CREATE TEMP TABLE tt (id int);
SELECT 1 AS x INTO TEMP tt2;
CREATE TEMP VIEW tv AS SELECT 1;
CREATE STATISTICS st ON id, email FROM t;
CREATE TABLE public.o (id int);
CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE VIEW public.v AS SELECT * FROM t;
CREATE SCHEMA other;
-- Nor can one make or change what stays.
SELECT watertight.create_compartment('lasting');
-- Large objects: two made, one taken away again.
SELECT lo_from_bytea(0, 'kept') AS kept, lo_from_bytea(0, 'gone') AS gone \gset
SELECT lo_unlink(:gone);

-- Nobody else sees any of it: not another session of the same role, not a superuser.
RESET watertight.token;
SELECT * FROM t;
SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'wt\_%';
SET SESSION AUTHORIZATION postgres;
ANALYZE;
SELECT count(*) FROM watertight.compartment_objects;
SELECT set_config('search_path', :'own', false) IS NOT NULL AS set;
SELECT * FROM t;
RESET search_path;
SET watertight.bypass = on;
SELECT count(*) FROM :"own".t;
SELECT count(*) FROM pg_statistic AS s JOIN pg_class AS c ON c.oid = s.starelid WHERE c.relnamespace::regnamespace::text = :'own';
RESET watertight.bypass;

-- The end.
SET SESSION AUTHORIZATION eph_app;
SET watertight.token = :'token';
SELECT watertight.logout();
SELECT * FROM t;
SET SESSION AUTHORIZATION postgres;
SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'wt\_%';
SELECT count(*) FROM pg_largeobject_metadata;
SELECT reason, relations, rows, large_objects FROM watertight.ended_compartments;
SELECT name FROM watertight.compartments WHERE name <> 'global';

-- drop_tenant takes what is in compartments along.
CREATE TABLE docs (id int, tenant_id uuid);
SELECT count(*) > 0 AS protected FROM watertight.protect('docs', compartment_column => 'compartment_id');
GRANT ALL ON docs TO eph_app;
BEGIN;
SET LOCAL ROLE eph_app;
SELECT FROM watertight.begin(:'alice');
SELECT watertight.create_compartment('outer', template => 'eph_template') IS NOT NULL AS made;
SELECT watertight.create_compartment('inner', parent => 'outer') IS NOT NULL AS made;
COMMIT;
SET ROLE eph_app;
SELECT watertight.login(:'alice', 'inner') AS token \gset
BEGIN;
SELECT FROM watertight.begin(:'token');
INSERT INTO docs VALUES (1);
COMMIT;
RESET ROLE;
SELECT * FROM watertight.drop_tenant('hospital_a', 'hospital_a');
SELECT count(*) FROM watertight.all_compartments;
SELECT count(*) FROM docs;
BEGIN; SELECT FROM watertight.begin(:'token'); ROLLBACK;
