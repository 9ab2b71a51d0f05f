-- protect_schema(): all tables of a schema, and those to come.
\set SHOW_CONTEXT never
SELECT test.token('hospital_a') AS a, test.token('hospital_b') AS b \gset
CREATE ROLE protect_schema_owner;
CREATE ROLE protect_schema_other;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO protect_schema_owner', current_database()); END $$;
SET ROLE protect_schema_owner;
CREATE SCHEMA clinic;
CREATE SCHEMA shared;
GRANT ALL ON SCHEMA clinic, shared TO protect_schema_other;
CREATE TABLE shared.country (code text PRIMARY KEY);
CREATE TABLE clinic.patient (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, country text REFERENCES shared.country, created_by text);
CREATE TABLE clinic.visit (id bigint, patient bigint REFERENCES clinic.patient ON DELETE CASCADE, PRIMARY KEY (id)) PARTITION BY HASH (id);
CREATE TABLE clinic.visit_0 PARTITION OF clinic.visit FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE clinic.bill (visit bigint REFERENCES clinic.visit, note text, org text);
INSERT INTO clinic.patient DEFAULT VALUES;
INSERT INTO clinic.visit VALUES (1, 1);
-- One table keeps the tenant column it was protected by.
SELECT count(*) > 0 AS done FROM watertight.protect('clinic.bill', 'org');

SELECT * FROM watertight.protect_schema('clinic');
\echo :LAST_ERROR_SQLSTATE
-- Keys that reference each other are scoped together: here not all tenant columns have one type.
SELECT * FROM watertight.protect_schema('clinic', scope_keys => true, backfill => 'hospital_a');
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE clinic.bill DROP CONSTRAINT bill_visit_fkey;
CREATE TEMPORARY TABLE dry AS SELECT s FROM watertight.protect_schema('clinic', scope_keys => true, backfill => 'hospital_a', dry_run => true) AS s;
SELECT * FROM watertight.protect_schema('clinic', scope_keys => true, backfill => 'hospital_a');
SELECT count(*) FROM dry;
SELECT * FROM watertight.protect_schema('clinic', scope_keys => true);
SELECT * FROM watertight.protect_schema('clinic');

-- Tables to come.
CREATE TABLE clinic.room (id integer PRIMARY KEY, created_by text);
CREATE TABLE clinic.copied AS SELECT 1 AS id;
\echo :LAST_ERROR_SQLSTATE
SELECT 1 AS id INTO clinic.selected;
\echo :LAST_ERROR_SQLSTATE
CREATE TABLE clinic.copied AS SELECT 1 AS id, '0a000000-0000-7000-8000-000000000001'::uuid AS tenant_id;
CREATE TABLE clinic.empty AS SELECT 1 AS id WITH NO DATA;
CREATE TABLE shared.moved (id integer);
INSERT INTO shared.moved VALUES (1);
ALTER TABLE shared.moved SET SCHEMA clinic;
\echo :LAST_ERROR_SQLSTATE
TRUNCATE shared.moved;
ALTER TABLE shared.moved SET SCHEMA clinic;
CREATE TABLE shared.by_text (id integer, tenant_id jsonb);
ALTER TABLE shared.by_text SET SCHEMA clinic;
\echo :LAST_ERROR_SQLSTATE
CREATE TEMPORARY TABLE scratch (id integer);
CREATE TABLE shared.elsewhere (id integer);
-- Whoever creates it.
SET ROLE protect_schema_other;
CREATE TABLE clinic.of_other (id integer);
CREATE TABLE clinic.of_other_2 (LIKE clinic.of_other INCLUDING ALL);
SELECT * FROM clinic.of_other;
SET ROLE protect_schema_owner;
-- A schema that comes with its tables.
CREATE SCHEMA wing CREATE TABLE bed (id integer) CREATE VIEW beds AS SELECT * FROM bed;
SELECT count(*) > 0 AS done FROM watertight.protect_schema('wing');
RESET ROLE;
SELECT relation, tenant_column, creator_column, scope_keys FROM watertight.protected_tables ORDER BY relation::text;
SELECT schema, tenant_column, scope_keys FROM watertight.protected_schemas ORDER BY schema::text;
SELECT relname FROM pg_class WHERE relnamespace = 'clinic'::regnamespace AND relkind IN ('r', 'p')
    AND NOT (relrowsecurity AND relforcerowsecurity);
-- Keys of tables that came later are scoped, too.
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'clinic.room'::regclass AND contype = 'p';

-- Materialised views: refused, directly, through a view, through a function, and by a view that changes.
SET ROLE protect_schema_owner;
SET watertight.token = :'a';
CREATE MATERIALIZED VIEW shared.direct AS SELECT * FROM clinic.patient;
\echo :LAST_ERROR_SQLSTATE
CREATE VIEW shared.visits AS SELECT * FROM clinic.visit;
CREATE MATERIALIZED VIEW shared.indirect AS SELECT count(*) FROM shared.visits;
CREATE FUNCTION shared.visits() RETURNS bigint STABLE BEGIN ATOMIC SELECT count(*) FROM clinic.visit; END;
CREATE MATERIALIZED VIEW shared.by_function AS SELECT shared.visits();
CREATE VIEW shared.harmless AS SELECT 1::bigint AS id;
CREATE MATERIALIZED VIEW shared.changed AS SELECT id FROM shared.harmless;
CREATE OR REPLACE VIEW shared.harmless AS SELECT id FROM clinic.patient;
\echo :LAST_ERROR_SQLSTATE
CREATE TABLE shared.result AS SELECT id FROM clinic.patient;
RESET watertight.token;
CREATE TABLE shared.source (id integer);
CREATE MATERIALIZED VIEW shared.reader AS SELECT * FROM shared.source;
SELECT * FROM watertight.protect('shared.source');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- Foreign tables: refused, also when they are imported or moved.
CREATE EXTENSION postgres_fdw;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
GRANT USAGE ON FOREIGN SERVER elsewhere TO protect_schema_owner;
SET ROLE protect_schema_owner;
CREATE FOREIGN TABLE clinic.remote (id integer) SERVER elsewhere;
\echo :LAST_ERROR_SQLSTATE
CREATE FOREIGN TABLE shared.remote (id integer) SERVER elsewhere;
ALTER FOREIGN TABLE shared.remote SET SCHEMA clinic;
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.protect_schema('shared');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- Tables of extensions are theirs.
CREATE SCHEMA extended;
SELECT * FROM watertight.protect_schema('extended');
CREATE TABLE extended.ours (id integer);
BEGIN;
ALTER EXTENSION postgres_fdw ADD TABLE extended.ours;
SELECT * FROM watertight.protect('extended.ours');
ROLLBACK;

-- Who may.
SET ROLE protect_schema_other;
SELECT * FROM watertight.protect_schema('clinic');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.unprotect_schema('clinic');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT * FROM watertight.protect_schema(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.protect_schema('pg_catalog');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.protect_schema('information_schema');
SELECT * FROM watertight.protect_schema('watertight');
SELECT * FROM watertight.unprotect_schema('shared');
\echo :LAST_ERROR_SQLSTATE

-- A renamed schema stays protected; a dropped one leaves nothing.
ALTER SCHEMA wing RENAME TO "East ""wing""";
CREATE TABLE "East ""wing""".chair (id integer);
SELECT relation FROM watertight.protected_tables WHERE relation::text LIKE '%chair';
DROP SCHEMA "East ""wing""" CASCADE;
SELECT schema FROM watertight.protected_schemas ORDER BY schema::text;
SELECT * FROM watertight.unprotect('clinic.room');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.unprotect_schema('clinic') AS s WHERE s NOT LIKE 'ALTER%';
SELECT schema FROM watertight.protected_schemas;
SELECT relation FROM watertight.protected_tables;
CREATE TABLE clinic.open (id integer);
SELECT relrowsecurity FROM pg_class WHERE oid = 'clinic.open'::regclass;
