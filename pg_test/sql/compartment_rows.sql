-- Tables with a compartment column: rows of the compartment in force, of its ancestors and Global where they may be read.
\set SHOW_CONTEXT never
CREATE ROLE compartment_rows_owner;
CREATE ROLE compartment_rows_app;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO compartment_rows_owner', current_database()); END $$;
-- Compartments of hospital_a: 1, 2, and 3 inside 1, which reads what 1 reads. Of hospital_b: 4.
INSERT INTO watertight.all_compartments (id, tenant_id, name, parent_id, reads_ancestors, owner, owner_issuer)
SELECT id::uuid, tenant::uuid, name, parent::uuid, parent IS NOT NULL, 'alice', 'https://id.test'
  FROM (VALUES ('0c000000-0000-7000-8000-000000000001', '0a000000-0000-7000-8000-000000000001', 'one', NULL),
               ('0c000000-0000-7000-8000-000000000002', '0a000000-0000-7000-8000-000000000001', 'two', NULL),
               ('0c000000-0000-7000-8000-000000000003', '0a000000-0000-7000-8000-000000000001', 'inner', '0c000000-0000-7000-8000-000000000001'),
               ('0c000000-0000-7000-8000-000000000004', '0b000000-0000-7000-8000-000000000002', 'four', NULL)) AS v (id, tenant, name, parent);
SELECT test.token('hospital_a') AS global, test.token('hospital_a', '{"compartment": "one"}') AS one,
       test.token('hospital_a', '{"compartment": "two"}') AS two, test.token('hospital_a', '{"compartment": "inner"}') AS inner,
       test.token('hospital_b', '{"compartment": "four"}') AS four, test.token('hospital_b') AS b \gset
\set id_one 0c000000-0000-7000-8000-000000000001
\set id_two 0c000000-0000-7000-8000-000000000002
\set id_global 00000000-0000-0000-0000-000000000000

-- A database from before: a protected table with rows of two tenants.
SET ROLE compartment_rows_owner;
CREATE SCHEMA ward;
GRANT USAGE ON SCHEMA ward TO compartment_rows_app;
CREATE TABLE ward.note (id integer, body text);
INSERT INTO ward.note VALUES (1, 'a from before'), (2, 'a from before');
SELECT count(*) > 0 AS done FROM watertight.protect('ward.note', backfill => 'hospital_a');
GRANT SELECT, INSERT, UPDATE, DELETE ON ward.note TO compartment_rows_app;
SET watertight.token = :'b';
INSERT INTO ward.note VALUES (3, 'b from before');
-- Compartments are added: no row is touched, everything is in Global.
SELECT relfilenode AS before FROM pg_class WHERE oid = 'ward.note'::regclass \gset
SELECT * FROM watertight.protect('ward.note', compartment_column => 'room');
SELECT * FROM watertight.protect('ward.note', compartment_column => 'room');
SELECT relfilenode = :before AS not_rewritten FROM pg_class WHERE oid = 'ward.note'::regclass;
\d ward.note
SET ROLE compartment_rows_app;
SELECT id, body, room FROM ward.note ORDER BY id;
SET watertight.token = :'global';
SELECT id, body, room FROM ward.note ORDER BY id;
UPDATE ward.note SET body = body || ', changed' WHERE id = 1 RETURNING id, body;
INSERT INTO ward.note VALUES (4, 'a, new') RETURNING id, room;

-- Compartments are switched on.
SET watertight.token = :'one';
SELECT * FROM ward.note;
RESET ROLE;
SET watertight.compartments = on;
SET ROLE compartment_rows_app;
SELECT watertight.compartment(), watertight.writable_compartment() = watertight.compartment_id() AS writable;
SELECT * FROM ward.note;
INSERT INTO ward.note VALUES (1, 'one'), (5, 'one') RETURNING id, room;
SET watertight.token = :'two';
SELECT * FROM ward.note;
INSERT INTO ward.note VALUES (1, 'two') RETURNING id, room;
SET watertight.token = :'four';
SELECT * FROM ward.note;
INSERT INTO ward.note VALUES (1, 'four') RETURNING id, room;

-- Plain: one comparison of both columns, and an index on them.
RESET ROLE;
SET enable_seqscan = off;
SET ROLE compartment_rows_app;
SET watertight.token = :'one';
EXPLAIN (COSTS OFF) SELECT * FROM ward.note WHERE id = 1;
EXPLAIN (COSTS OFF) UPDATE ward.note SET body = 'x' WHERE id = 1;

SELECT count(*) FROM ward.note;

-- With many rows: the index on both columns, and full-text, jsonb and trigram indexes beside it.
RESET ROLE;
RESET enable_seqscan;
SET client_min_messages = warning;
CREATE EXTENSION pg_trgm;
RESET client_min_messages;
SET ROLE compartment_rows_owner;
CREATE TABLE ward.file (id integer, body text, data jsonb, tenant_id uuid, room uuid);
INSERT INTO ward.file
SELECT n, 'word' || n || ' text', jsonb_build_object('n', n),
       CASE n % 2 WHEN 0 THEN '0a000000-0000-7000-8000-000000000001' ELSE '0b000000-0000-7000-8000-000000000002' END::uuid,
       CASE n % 20 / 2 WHEN 0 THEN '0c000000-0000-7000-8000-000000000001' WHEN 1 THEN '0c000000-0000-7000-8000-000000000003'
           ELSE NULL END::uuid
  FROM generate_series(1, 20000) AS n;
SELECT count(*) > 0 AS done FROM watertight.protect('ward.file', compartment_column => 'room');
CREATE INDEX file_words ON ward.file USING gin (to_tsvector('simple', body));
CREATE INDEX file_trigrams ON ward.file USING gin (body public.gin_trgm_ops);
CREATE INDEX file_data ON ward.file USING gin (data jsonb_path_ops);
RESET ROLE;
ANALYZE ward.file;
SET ROLE compartment_rows_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON ward.file TO compartment_rows_app;
SET ROLE compartment_rows_app;
SET watertight.token = :'one';
EXPLAIN (COSTS OFF) SELECT * FROM ward.file;
EXPLAIN (COSTS OFF) UPDATE ward.file SET body = 'x';
EXPLAIN (COSTS OFF) SELECT * FROM ward.file WHERE body LIKE '%word1980%';
EXPLAIN (COSTS OFF) SELECT * FROM ward.file WHERE to_tsvector('simple', body) @@ to_tsquery('simple', 'word19800');
EXPLAIN (COSTS OFF) SELECT * FROM ward.file WHERE data @> '{"n": 19800}';
SELECT id FROM ward.file WHERE body LIKE '%word1980%' ORDER BY id;
SELECT id FROM ward.file WHERE to_tsvector('simple', body) @@ to_tsquery('simple', 'word19800');
SELECT id FROM ward.file WHERE data @> '{"n": 19802}';

-- A row is written where the context is, and nowhere else.
INSERT INTO ward.note (id, room) VALUES (6, :'id_two');
INSERT INTO ward.note (id, room) VALUES (6, :'id_global');
INSERT INTO ward.note (id, room) SELECT 6, :'id_two';
INSERT INTO ward.note (id, tenant_id) VALUES (6, '0b000000-0000-7000-8000-000000000002');
UPDATE ward.note SET room = :'id_two';
UPDATE ward.note SET room = :'id_global';
UPDATE ward.note SET room = DEFAULT;
UPDATE ward.note SET tenant_id = '0b000000-0000-7000-8000-000000000002';
COPY ward.note FROM STDIN;
7	x	0a000000-0000-7000-8000-000000000001	0c000000-0000-7000-8000-000000000002
\.
COPY ward.note (id, body) TO STDOUT;
UPDATE ward.note SET body = 'mine' WHERE id = 1 RETURNING *;
DELETE FROM ward.note WHERE id = 5 RETURNING id;
DELETE FROM ward.note WHERE room <> :'id_one';
SELECT id FROM ward.note WHERE room = :'id_two' OR tenant_id = '0b000000-0000-7000-8000-000000000002';
SELECT n.id FROM ward.note AS n JOIN ward.note AS m ON m.id = n.id AND m.room <> n.room;

-- A plan that was kept while one compartment was enough.
PREPARE kept AS SELECT id, body FROM ward.note ORDER BY id, body;
PREPARE change(text) AS UPDATE ward.note SET body = $1 RETURNING id, body;
PREPARE make(integer) AS INSERT INTO ward.note VALUES ($1, 'made') RETURNING id, room;
SET plan_cache_mode = force_generic_plan;
EXECUTE kept;
EXECUTE change('changed by one');
EXECUTE make(10);
EXPLAIN (COSTS OFF) EXECUTE kept;
SET watertight.token = :'two';
EXECUTE kept;
EXECUTE change('changed by two');
EXECUTE make(11);
-- The first context that reads more: its ancestor.
SET watertight.token = :'inner';
EXECUTE kept;
EXECUTE change('changed by inner');
EXECUTE make(12);
EXECUTE kept;
EXPLAIN (COSTS OFF) EXECUTE kept;
-- Wide plans serve the others as well.
SET watertight.token = :'two';
EXECUTE kept;
SET watertight.token = :'global';
EXECUTE kept;
SET watertight.token = :'one';
EXECUTE kept;
RESET plan_cache_mode;

SET watertight.token = :'inner';
EXPLAIN (COSTS OFF) SELECT * FROM ward.file;
EXPLAIN (COSTS OFF) SELECT * FROM ward.file WHERE body LIKE '%word1980%';
EXPLAIN (COSTS OFF) SELECT * FROM ward.file WHERE data @> '{"n": 19800}';
EXPLAIN (COSTS OFF) UPDATE ward.file SET body = 'x' WHERE data @> '{"n": 19800}';
SELECT id FROM ward.file WHERE body LIKE '%word1980%' ORDER BY id;
SELECT id FROM ward.file WHERE to_tsvector('simple', body) @@ to_tsquery('simple', 'word19800');
SELECT id FROM ward.file WHERE data @> '{"n": 19802}';
SELECT id FROM ward.file WHERE data @> '{"n": 19804}';
UPDATE ward.file SET body = 'x' WHERE data @> '{"n": 19800}' OR data @> '{"n": 19802}' RETURNING id;

-- What is read of ancestors is not written, locked, or in the way.
SET watertight.token = :'inner';
SELECT id, body FROM ward.note ORDER BY id;
UPDATE ward.note SET body = 'x' WHERE id = 1;
DELETE FROM ward.note WHERE id = 1;
UPDATE ward.note AS n SET body = m.body || ', seen from inner' FROM ward.note AS m WHERE m.id = 1 AND n.id = 12 RETURNING n.id, n.body;
DELETE FROM ward.note AS n USING ward.note AS m WHERE m.id = 1 AND n.id = m.id;
SELECT id FROM ward.note FOR UPDATE;
SELECT id FROM ward.note FOR KEY SHARE;
SELECT id FROM (SELECT * FROM ward.note) AS n FOR SHARE;
SELECT n.id, m.id FROM ward.note AS n, ward.note AS m WHERE m.id = 1 FOR UPDATE OF n;
EXPLAIN (COSTS OFF) SELECT * FROM ward.note;
EXPLAIN (COSTS OFF) UPDATE ward.note SET body = 'x';
MERGE INTO ward.note AS n USING (VALUES (1), (12)) AS v (id) ON n.id = v.id
    WHEN MATCHED THEN UPDATE SET body = 'merged'
    WHEN NOT MATCHED THEN INSERT (id, body) VALUES (v.id, 'not seen');
SELECT id, body, room = watertight.compartment_id() AS own FROM ward.note ORDER BY id, body;
DELETE FROM ward.note WHERE id = 1;

-- Global, readable.
RESET ROLE;
SET watertight.global_readable = on;
SET ROLE compartment_rows_app;
SELECT watertight.readable_compartments();
SELECT id, body FROM ward.note ORDER BY id, body;
SET watertight.token = :'two';
SELECT id, body FROM ward.note ORDER BY id, body;
UPDATE ward.note SET body = 'by two' RETURNING id;
SET watertight.token = :'four';
SELECT id, body FROM ward.note ORDER BY id, body;
SET watertight.token = :'global';
SELECT id, body FROM ward.note ORDER BY id, body;
EXECUTE change('changed in Global');
-- Global, not writable.
RESET ROLE;
SET watertight.global_writable = off;
SET ROLE compartment_rows_app;
SELECT watertight.writable_compartment();
EXECUTE change('x');
EXECUTE make(13);
INSERT INTO ward.note VALUES (13, 'x');
UPDATE ward.note SET body = 'x';
DELETE FROM ward.note;
SELECT id FROM ward.note FOR SHARE;
MERGE INTO ward.note AS n USING (VALUES (1)) AS v (id) ON n.id = v.id WHEN MATCHED THEN DELETE;
SELECT count(*) FROM ward.note;
-- A token that changes while a statement runs opens nothing: in the row it makes the column refuses what may not be written.
SET watertight.token = :'two';
CREATE TEMP TABLE step (n integer);
INSERT INTO step VALUES (1), (2);
CREATE FUNCTION pg_temp.go(token text, n integer) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF n = 2 THEN PERFORM watertight.begin(token); END IF;
    RETURN n + 20;
END $$;
INSERT INTO ward.note (id) SELECT pg_temp.go(:'global', n) FROM step;
UPDATE ward.note SET body = pg_temp.go(:'global', 2)::text RETURNING id, room = :'id_two' AS in_two;
RESET ROLE;
RESET watertight.global_writable;
RESET watertight.global_readable;

-- Unique keys: ON CONFLICT never writes a row of another compartment.
SET ROLE compartment_rows_owner;
CREATE TABLE ward.bed (id integer PRIMARY KEY, body text);
SELECT count(*) > 0 AS done FROM watertight.protect('ward.bed', compartment_column => 'room');
GRANT SELECT, INSERT, UPDATE, DELETE ON ward.bed TO compartment_rows_app;
SET ROLE compartment_rows_app;
SET watertight.token = :'one';
INSERT INTO ward.bed VALUES (1, 'one');
SET watertight.token = :'inner';
SELECT id, body FROM ward.bed;
INSERT INTO ward.bed VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET body = 'x';
INSERT INTO ward.bed VALUES (1, 'x') ON CONFLICT (id) DO NOTHING RETURNING id;
SET watertight.token = :'two';
INSERT INTO ward.bed VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET body = 'x';
INSERT INTO ward.bed VALUES (2, 'two') ON CONFLICT (id) DO UPDATE SET body = 'x' RETURNING *;
INSERT INTO ward.bed VALUES (2, 'two') ON CONFLICT (id) DO UPDATE SET body = 'again' RETURNING body;

-- Scoped keys: patient 123 may be in two compartments, and a reference stays inside its own.
SET ROLE compartment_rows_owner;
CREATE TABLE ward.patient (id integer PRIMARY KEY, name text UNIQUE);
CREATE TABLE ward.visit (id integer PRIMARY KEY, patient integer REFERENCES ward.patient ON DELETE CASCADE);
SELECT * FROM watertight.protect_schema('ward', scope_keys => true, compartment_column => 'room');
RESET ROLE;
SELECT relation, compartment_column, scope_keys FROM watertight.protected_tables ORDER BY relation::text;
SELECT * FROM watertight.protected_schemas;
SET ROLE compartment_rows_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON ward.patient, ward.visit TO compartment_rows_app;
SET ROLE compartment_rows_app;
SET watertight.token = :'one';
INSERT INTO ward.patient VALUES (123, 'Ann');
INSERT INTO ward.visit VALUES (1, 123);
SET watertight.token = :'two';
INSERT INTO ward.visit VALUES (1, 123);
INSERT INTO ward.patient VALUES (123, 'Ann');
INSERT INTO ward.visit VALUES (1, 123);
DELETE FROM ward.patient;
SELECT count(*) FROM ward.visit;
SET watertight.token = :'inner';
SELECT p.name, v.id FROM ward.patient AS p JOIN ward.visit AS v ON v.patient = p.id;
INSERT INTO ward.visit VALUES (2, 123);
INSERT INTO ward.patient VALUES (123, 'Ann') ON CONFLICT (tenant_id, room, id) DO UPDATE SET name = 'x' RETURNING name;
-- A table that is made in the schema later has the column.
SET ROLE compartment_rows_owner;
CREATE TABLE ward.later (id integer PRIMARY KEY);
\d ward.later

-- Families.
CREATE TABLE ward.event (id integer, tenant_id uuid NOT NULL, room uuid) PARTITION BY LIST (id);
CREATE TABLE ward.event_1 PARTITION OF ward.event FOR VALUES IN (1);
CREATE TABLE ward.event_2 (tenant_id uuid NOT NULL, room uuid NOT NULL, id integer);
ALTER TABLE ward.event ATTACH PARTITION ward.event_2 FOR VALUES IN (2);
CREATE SCHEMA other;
CREATE TABLE other.event_3 (id integer, tenant_id uuid NOT NULL, room uuid);
SELECT count(*) > 0 AS done FROM watertight.protect('other.event_3');
ALTER TABLE ward.event ATTACH PARTITION other.event_3 FOR VALUES IN (3);
SELECT count(*) > 0 AS done FROM watertight.protect('other.event_3', compartment_column => 'room');
ALTER TABLE ward.event ATTACH PARTITION other.event_3 FOR VALUES IN (3);
CREATE TABLE other.parent (id integer, tenant_id uuid, room uuid);
SELECT count(*) > 0 AS done FROM watertight.protect('other.parent');
CREATE TABLE other.child (id integer, tenant_id uuid, room uuid);
SELECT count(*) > 0 AS done FROM watertight.protect('other.child', compartment_column => 'room');
ALTER TABLE other.child INHERIT other.parent;
GRANT USAGE ON SCHEMA other TO compartment_rows_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ward.event, ward.event_1, ward.event_2, other.event_3 TO compartment_rows_app;
SET ROLE compartment_rows_app;
SET watertight.token = :'one';
INSERT INTO ward.event (id) VALUES (1), (2), (3);
SET watertight.token = :'two';
INSERT INTO ward.event (id) VALUES (1), (2), (3);
SELECT count(*) FROM ward.event;
SELECT (SELECT count(*) FROM ward.event_1), (SELECT count(*) FROM ward.event_2), (SELECT count(*) FROM other.event_3);
INSERT INTO ward.event_1 (id, room) VALUES (1, :'id_one');
UPDATE ward.event SET room = :'id_one';
UPDATE ward.event SET id = id % 3 + 1 RETURNING id, room;
SET watertight.token = :'inner';
SELECT count(*) FROM ward.event;
UPDATE ward.event SET id = id % 3 + 1;
DELETE FROM ward.event;

-- The owner's other policies do not widen what is read or written.
SET ROLE compartment_rows_owner;
CREATE POLICY open ON ward.bed USING (true) WITH CHECK (true);
SET watertight.token = :'two';
SELECT id, body FROM ward.bed;
UPDATE ward.bed SET body = 'x' RETURNING id;
INSERT INTO ward.bed (id, room) VALUES (7, :'id_one');
SET watertight.token = :'inner';
SELECT id, body FROM ward.bed;
UPDATE ward.bed SET body = 'x' RETURNING id;
DELETE FROM ward.bed;
SELECT id FROM ward.bed FOR UPDATE;
DROP POLICY open ON ward.bed;

-- The column stays what it is.
ALTER TABLE ward.note DROP COLUMN room;
ALTER TABLE ward.note RENAME COLUMN room TO place;
ALTER TABLE ward.note ALTER COLUMN room TYPE text;
ALTER TABLE ward.note ALTER COLUMN room DROP NOT NULL;
ALTER POLICY watertight ON ward.note USING (true);
SELECT * FROM watertight.protect('ward.note', compartment_column => 'id');
SELECT * FROM watertight.protect('other.parent', compartment_column => 'tenant_id');
SELECT * FROM watertight.protect('other.parent', compartment_column => 'id');

-- Every compartment of a tenant goes with it, and the other tenant's rows stay.
RESET ROLE;
RESET watertight.token;
DELETE FROM watertight.all_compartments WHERE tenant_id = '0a000000-0000-7000-8000-000000000001' AND parent_id IS NOT NULL;
DELETE FROM watertight.all_compartments WHERE tenant_id = '0a000000-0000-7000-8000-000000000001';
SELECT * FROM watertight.drop_tenant('hospital_a', 'hospital_a') ORDER BY relation::text;
SELECT id, body FROM ward.note;

-- The way back: the columns stay.
GRANT watertight_admin TO compartment_rows_owner;
SET ROLE compartment_rows_owner;
SELECT * FROM watertight.unprotect('other.parent');
SELECT * FROM watertight.unprotect('other.child');
SELECT column_name, column_default FROM information_schema.columns WHERE table_name = 'child';
SELECT count(*) > 0 AS done FROM watertight.unprotect_schema('ward');
SELECT count(*) FROM ward.note;
RESET ROLE;
REVOKE watertight_admin FROM compartment_rows_owner;
DROP FUNCTION pg_temp.go;
SET client_min_messages = warning;
DROP EXTENSION pg_trgm CASCADE;
DROP TABLE step;
DROP SCHEMA ward, other CASCADE;
DROP OWNED BY compartment_rows_owner;
DROP ROLE compartment_rows_owner, compartment_rows_app;
