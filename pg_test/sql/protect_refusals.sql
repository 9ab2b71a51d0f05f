-- What protect() and its relatives refuse, and with which words.
\set SHOW_CONTEXT never
CREATE ROLE protect_refusals_owner;
CREATE ROLE protect_refusals_other;
GRANT CREATE ON SCHEMA public TO protect_refusals_owner, protect_refusals_other;
SET ROLE protect_refusals_owner;
CREATE TABLE item (id integer PRIMARY KEY, tenant_id uuid);

-- Arguments.
SELECT * FROM watertight.protect(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.protect('item', NULL);
SELECT * FROM watertight.protect('item', scope_keys => NULL);
SELECT * FROM watertight.protect('item', dry_run => NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.protect('item', compartment_column => 'id');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.protect('item', backfill => 'nobody');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.protect('nothing');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.protect(4294967295::oid::regclass);
\echo :LAST_ERROR_SQLSTATE

-- Whose table it is.
SET ROLE protect_refusals_other;
SELECT * FROM watertight.protect('item');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.protect('item', dry_run => true);
SELECT * FROM watertight.protect('pg_class');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT protect_refusals_owner TO protect_refusals_other;
SET ROLE protect_refusals_other;
SELECT count(*) > 0 AS done FROM watertight.protect('item');
CREATE TABLE of_other (id integer) PARTITION BY LIST (id);
RESET ROLE;
CREATE ROLE protect_refusals_third;
ALTER TABLE of_other OWNER TO protect_refusals_owner;
CREATE TABLE of_other_1 PARTITION OF of_other FOR VALUES IN (1);
ALTER TABLE of_other_1 OWNER TO protect_refusals_third;
SET ROLE protect_refusals_owner;
SELECT * FROM watertight.protect('of_other');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- What is not a table of one's own.
CREATE VIEW item_view AS SELECT 1 AS id;
CREATE MATERIALIZED VIEW item_materialized AS SELECT 1 AS id;
CREATE SEQUENCE item_sequence;
CREATE TYPE item_type AS (id integer);
CREATE TEMPORARY TABLE item_temporary (id integer);
SELECT * FROM watertight.protect('item_view');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.protect('item_materialized');
SELECT * FROM watertight.protect('item_sequence');
SELECT * FROM watertight.protect('item_pkey');
SELECT * FROM watertight.protect('item_type');
SELECT * FROM watertight.protect('item_temporary');
SELECT * FROM watertight.protect('pg_class');
SELECT * FROM watertight.protect('information_schema.sql_features');
SELECT * FROM watertight.protect('watertight.tenants');
\echo :LAST_ERROR_SQLSTATE

-- Tenant columns.
CREATE DOMAIN tenant AS uuid;
CREATE COLLATION no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE kinds (a char(3), b smallint, c numeric, d jsonb, e tenant, f text COLLATE no_case,
    g bigint GENERATED ALWAYS AS IDENTITY, h uuid GENERATED ALWAYS AS ('0a000000-0000-7000-8000-000000000001'::uuid) STORED, i uuid[]);
SELECT * FROM watertight.protect('kinds', 'a');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.protect('kinds', 'b');
SELECT * FROM watertight.protect('kinds', 'c');
SELECT * FROM watertight.protect('kinds', 'd');
SELECT * FROM watertight.protect('kinds', 'e');
SELECT * FROM watertight.protect('kinds', 'i');
-- Two tenants whose names differ must never compare as equal.
SELECT * FROM watertight.protect('kinds', 'f');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.protect('kinds', 'g');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.protect('kinds', 'h');
-- Another tenant column than before.
SELECT * FROM watertight.protect('item', 'other');
\echo :LAST_ERROR_SQLSTATE
-- A tenant without a key cannot fill an integer column.
SELECT FROM watertight.create_tenant('keyless', id => '0c000000-0000-7000-8000-000000000003');
CREATE TABLE numbered (tenant_id bigint);
INSERT INTO numbered VALUES (NULL);
SELECT * FROM watertight.protect('numbered', backfill => 'keyless');
\echo :LAST_ERROR_SQLSTATE

-- A snapshot that is older than the lock might miss a partition.
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) > 0 AS planned FROM watertight.protect('numbered', backfill => 'hospital_a', dry_run => true);
SELECT * FROM watertight.protect('numbered', backfill => 'hospital_a');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;

-- Nothing of all this left a trace.
SELECT relation FROM watertight.protected_tables;
-- What PUBLIC may not call.
SELECT p.oid::regprocedure FROM pg_proc p
WHERE p.pronamespace = 'watertight'::regnamespace AND NOT has_function_privilege('protect_refusals_other', p.oid, 'EXECUTE')
    AND p.proname ~ 'protect|after' ORDER BY p.proname;
