-- Code that the owner of a table has lying about, while the extension works on the table with the owner's rights.
\set SHOW_CONTEXT never
CREATE ROLE owner_app LOGIN;
CREATE SCHEMA lab AUTHORIZATION owner_app;
SELECT test.token('hospital_a') AS a, test.token('hospital_b') AS b \gset
SET ROLE owner_app;
SET search_path = lab;
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' | ' || SQLERRM;
END $$;

-- Maintenance inside of our own work: a trigger that fires while a table is protected has PostgreSQL build something, and keep for everybody
-- what it opens in the context of whoever protects the table.
CREATE TABLE loose (id int, note watertight.encrypted_text);
CREATE FUNCTION looks_up(int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN RETURN (SELECT note FROM lab.loose WHERE id = $1); END $$;
CREATE TABLE ids AS SELECT n AS id, n AS other FROM generate_series(1, 100) AS n;
CREATE TABLE later (id int, kind text);
CREATE INDEX later_index ON later (looks_up(id));
CREATE INDEX later_brin ON later USING brin (looks_up(id)) WITH (pages_per_range = 1);
CREATE STATISTICS looked_up ON (looks_up(id)), other FROM ids;
CREATE MATERIALIZED VIEW refreshed AS SELECT id, looks_up(id) FROM ids WITH NO DATA;
CREATE TABLE parts (id int) PARTITION BY RANGE (id);
CREATE INDEX parts_index ON parts (looks_up(id));
CREATE TABLE part AS SELECT n AS id FROM generate_series(1, 100) AS n;
BEGIN;
SELECT FROM watertight.begin(:'a');
INSERT INTO loose SELECT n, 'canary' FROM generate_series(1, 100) AS n;
COMMIT;
-- (In no context, so the indexes have the sealed form.)
INSERT INTO later SELECT n % 100 + 1, 'x' FROM generate_series(1, 1000) AS n;

CREATE TABLE tried (statement text, result text);
CREATE FUNCTION builds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO lab.tried SELECT statement, lab.try(statement) FROM unnest(ARRAY[
        'CREATE INDEX built ON lab.ids (lab.looks_up(id))',
        'ALTER TABLE lab.ids ADD EXCLUDE (lab.looks_up(id) WITH =)',
        'ALTER TABLE lab.later ALTER COLUMN kind TYPE varchar(7)',
        'ALTER TABLE lab.parts ATTACH PARTITION lab.part FOR VALUES FROM (0) TO (1000)',
        'CREATE MATERIALIZED VIEW lab.made AS SELECT id, lab.looks_up(id) FROM lab.ids',
        'EXPLAIN ANALYZE CREATE MATERIALIZED VIEW lab.made AS SELECT id, lab.looks_up(id) FROM lab.ids',
        'REFRESH MATERIALIZED VIEW lab.refreshed',
        'ANALYZE lab.ids',
        'REINDEX TABLE lab.later',
        'CLUSTER lab.later USING later_index',
        'SELECT brin_summarize_new_values(''lab.later_brin'')']) AS statement;
    RETURN NEW;
END $$;
CREATE TABLE lure (id int, tenant_id uuid);
INSERT INTO lure VALUES (1);
CREATE TRIGGER builds BEFORE UPDATE ON lure FOR EACH ROW EXECUTE FUNCTION builds();
BEGIN;
SELECT FROM watertight.begin(:'a');
SELECT FROM watertight.protect('lure', backfill => 'hospital_a');
COMMIT;
SELECT result, statement FROM tried;
SELECT count(*) FROM pg_matviews WHERE schemaname = 'lab' AND ispopulated;
-- So what opens values must not be needed there. Their owner fills the column before.
CREATE TABLE checked (id int, tenant_id uuid, note watertight.encrypted_text CHECK (length(note) < 10));
BEGIN;
SELECT FROM watertight.begin(:'a');
INSERT INTO checked VALUES (1, NULL, 'canary');
SELECT try($$SELECT watertight.protect('checked', backfill => 'hospital_a')$$);
UPDATE checked SET tenant_id = watertight.tenant_id();
SELECT FROM watertight.protect('checked');
SELECT note FROM checked;
COMMIT;
-- In parallel, while a column is encrypted: a worker has its leader's token and its rights. It has no context either.
CREATE TABLE patients (id int, tenant_id uuid, name text);
SELECT FROM watertight.protect('patients');
CREATE TABLE loot (what text);
CREATE TABLE large AS SELECT n FROM generate_series(1, 1000) AS n;
CREATE FUNCTION reads(int) RETURNS text LANGUAGE plpgsql PARALLEL SAFE AS $$
BEGIN RETURN (SELECT min(watertight.tenant()) || ' ' || min(name) FROM lab.patients); END $$;
CREATE FUNCTION in_parallel() RETURNS SETOF text LANGUAGE plpgsql
    SET max_parallel_workers_per_gather = 2 SET parallel_leader_participation = off SET parallel_setup_cost = 0
    SET parallel_tuple_cost = 0 SET min_parallel_table_scan_size = 0 AS $$
BEGIN RETURN QUERY SELECT lab.reads(n) FROM lab.large; END $$;
CREATE FUNCTION steals(text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO lab.loot SELECT DISTINCT * FROM lab.in_parallel();
    RETURN true;
EXCEPTION WHEN OTHERS THEN
    INSERT INTO lab.loot VALUES (SQLSTATE || ' ' || SQLERRM);
    RETURN true;
END $$;
CREATE TABLE bait (note text CHECK (note IS NULL OR steals(kind)), tenant text, kind text);
SELECT FROM watertight.protect('bait', tenant_column => 'tenant');
BEGIN;
SELECT FROM watertight.begin(:'a');
INSERT INTO patients (id, name) SELECT n, 'canary' FROM generate_series(1, 10) AS n;
INSERT INTO bait (note) VALUES ('x');
SELECT what FROM loot;
-- The control: it is read by workers.
SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0;
EXPLAIN (COSTS off) SELECT reads(n) FROM large;
COMMIT;
DELETE FROM loot;
RESET ROLE;
BEGIN;
SELECT FROM watertight.begin(:'a');
SELECT FROM watertight.encrypt_column('lab.bait', 'note');
COMMIT;
SELECT what FROM lab.loot;

-- Rows that move into another partition while rows of a tenant are deleted: a foreign key sets the partition key NULL, and PostgreSQL opens
-- the partition where the row goes only then. Nobody's trigger runs there: not one that would hold the tenant, nor one that would change
-- the row behind row security.
CREATE ROLE owner_other LOGIN;
SET ROLE owner_app;
CREATE TABLE mothers (id int, tenant_id uuid, PRIMARY KEY (id));
CREATE TABLE children (id int, mother int REFERENCES mothers ON DELETE SET NULL, note text) PARTITION BY LIST (mother);
CREATE TABLE children_1 PARTITION OF children FOR VALUES IN (1, 11);
CREATE TABLE children_more PARTITION OF children DEFAULT PARTITION BY LIST (mother);
CREATE TABLE children_2 PARTITION OF children_more FOR VALUES IN (2, 12);
CREATE TABLE children_none PARTITION OF children_more DEFAULT;
SELECT FROM watertight.protect('mothers');
BEGIN;
SELECT FROM watertight.begin(:'b');
INSERT INTO mothers (id) SELECT n FROM generate_series(1, 10) AS n;
COMMIT;
BEGIN;
SELECT FROM watertight.begin(:'a');
INSERT INTO mothers (id) SELECT n FROM generate_series(11, 20) AS n;
COMMIT;
INSERT INTO children SELECT n, n, 'as it was' FROM generate_series(1, 20) AS n;
CREATE TABLE seen (what text);
CREATE FUNCTION sees() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO lab.seen VALUES (concat_ws(' ', TG_TABLE_NAME, TG_WHEN, TG_OP, NEW.note));
    NEW.note := 'changed';
    RETURN NEW;
END $$;
CREATE FUNCTION holds() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN PERFORM watertight.tenant_id(); RETURN NULL; END $$;
CREATE TRIGGER sees BEFORE INSERT OR UPDATE OR DELETE ON children_1 FOR EACH ROW EXECUTE FUNCTION sees();
CREATE TRIGGER sees BEFORE INSERT OR UPDATE OR DELETE ON children_none FOR EACH ROW EXECUTE FUNCTION sees();
CREATE TRIGGER holds AFTER INSERT ON children_none FOR EACH ROW EXECUTE FUNCTION holds();
CREATE TRIGGER holds_all AFTER UPDATE ON children FOR EACH STATEMENT EXECUTE FUNCTION holds();
-- The owner of a partition may be another one.
RESET ROLE;
ALTER TABLE lab.children_1 OWNER TO owner_other;
-- The control: so it is in other statements.
BEGIN;
SELECT FROM watertight.begin(:'b');
UPDATE lab.children SET mother = NULL WHERE mother = 1;
SELECT what FROM lab.seen;
ROLLBACK;
SELECT FROM watertight.drop_tenant('hospital_b', 'hospital_b');
-- Also with plans that are made for any parameters.
SET plan_cache_mode = force_generic_plan;
SELECT FROM watertight.drop_tenant('hospital_a', 'hospital_a');
SELECT tableoid::regclass, mother, note, count(*) FROM lab.children GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
SELECT what FROM lab.seen;
SHOW enable_partition_pruning;
SHOW constraint_exclusion;
