-- protect(): what it does to a table, for each type of tenant column, and who sees what afterwards.
\set SHOW_CONTEXT never
SELECT test.token('hospital_a', '{"sub": "ann", "email": "ann@a.test"}') AS a,
       test.token('hospital_b', '{"sub": "bob", "email": null}') AS b \gset
CREATE ROLE protect_table_owner;
CREATE ROLE protect_table_app;
CREATE SCHEMA shop AUTHORIZATION protect_table_owner;
GRANT USAGE ON SCHEMA shop TO protect_table_app;
SET ROLE protect_table_owner;

-- A missing column is added; rows need a tenant.
CREATE TABLE shop.orders (id integer PRIMARY KEY, note text);
GRANT ALL ON shop.orders TO protect_table_app;
INSERT INTO shop.orders VALUES (1, 'old');
SELECT * FROM watertight.protect('shop.orders');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) AS columns_left FROM pg_attribute WHERE attrelid = 'shop.orders'::regclass AND attnum > 0;
SELECT * FROM watertight.protect('shop.orders', backfill => 'hospital_a', dry_run => true);
SELECT count(*) AS columns_left FROM pg_attribute WHERE attrelid = 'shop.orders'::regclass AND attnum > 0;
SELECT * FROM watertight.protect('shop.orders', backfill => 'hospital_a');
-- Nothing is left to do.
SELECT * FROM watertight.protect('shop.orders');
SELECT * FROM watertight.protect('shop.orders', backfill => 'hospital_a', dry_run => true);

-- Existing columns of other types; backfill takes a tenant's name, id or key.
CREATE TABLE shop.by_text (id integer, tenant_id text);
CREATE TABLE shop.by_varchar (id integer, tenant_id varchar(20));
CREATE TABLE shop.by_bigint (id integer, tenant_id bigint);
CREATE TABLE shop.by_integer (id integer, org integer);
INSERT INTO shop.by_text VALUES (1, NULL), (2, 'hospital_b');
INSERT INTO shop.by_varchar VALUES (1, NULL);
INSERT INTO shop.by_bigint VALUES (1, NULL);
INSERT INTO shop.by_integer VALUES (1, NULL);
SELECT * FROM watertight.protect('shop.by_text', backfill => '0a000000-0000-7000-8000-000000000001');
SELECT * FROM watertight.protect('shop.by_varchar', backfill => '1');
SELECT * FROM watertight.protect('shop.by_bigint', backfill => 'hospital_a');
SELECT * FROM watertight.protect('shop.by_integer', 'org', backfill => 'hospital_a');
SELECT count(*) AS again FROM watertight.protect('shop.by_text');
SELECT count(*) AS again FROM watertight.protect('shop.by_varchar');
SELECT count(*) AS again FROM watertight.protect('shop.by_bigint');
SELECT count(*) AS again FROM watertight.protect('shop.by_integer', 'org');
GRANT ALL ON ALL TABLES IN SCHEMA shop TO protect_table_app;

-- Even the owner sees nothing without a token.
SELECT * FROM shop.orders;
\echo :LAST_ERROR_SQLSTATE
SET ROLE protect_table_app;
SET watertight.token = :'a';
SELECT * FROM shop.orders;
SELECT * FROM shop.by_text;
SELECT * FROM shop.by_varchar;
SELECT * FROM shop.by_bigint;
SELECT * FROM shop.by_integer;
SET watertight.token = :'b';
SELECT count(*) FROM shop.orders;
SELECT * FROM shop.by_text;
-- The default is the session's tenant; another one is refused.
INSERT INTO shop.orders (id) VALUES (2) RETURNING tenant_id;
INSERT INTO shop.by_text (id) VALUES (3) RETURNING tenant_id;
INSERT INTO shop.by_varchar (id) VALUES (3) RETURNING tenant_id;
INSERT INTO shop.by_bigint (id) VALUES (3) RETURNING tenant_id;
INSERT INTO shop.by_integer (id) VALUES (3) RETURNING org;
INSERT INTO shop.orders (id, tenant_id) VALUES (3, '0a000000-0000-7000-8000-000000000001');
UPDATE shop.orders SET tenant_id = '0a000000-0000-7000-8000-000000000001';
UPDATE shop.by_integer SET org = 1;
UPDATE shop.orders SET note = 'seen' WHERE id = 1;
DELETE FROM shop.by_text WHERE id = 1;
RESET ROLE;
RESET watertight.token;

-- A policy that was changed behind our back is put right; an index that serves is not doubled.
CREATE TABLE shop.indexed (id integer, tenant_id uuid NOT NULL, at date);
CREATE INDEX indexed_partial ON shop.indexed (tenant_id) WHERE at IS NULL;
CREATE INDEX indexed_hash ON shop.indexed USING hash (tenant_id);
SELECT * FROM watertight.protect('shop.indexed', dry_run => true) AS s WHERE s LIKE 'CREATE INDEX%';
CREATE INDEX indexed_by ON shop.indexed (tenant_id, at DESC);
SELECT * FROM watertight.protect('shop.indexed', dry_run => true) AS s WHERE s LIKE 'CREATE INDEX%';
CREATE POLICY watertight ON shop.indexed USING (true);
SELECT * FROM watertight.protect('shop.indexed');
SELECT relation, tenant_column, creator_column, scope_keys FROM watertight.protected_tables ORDER BY relation::text;

-- A table already under row security of its own.
CREATE TABLE shop.secured (id integer, tenant_id uuid);
INSERT INTO shop.secured VALUES (1);
ALTER TABLE shop.secured OWNER TO protect_table_owner;
ALTER TABLE shop.secured ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SET ROLE protect_table_owner;
SELECT * FROM watertight.protect('shop.secured');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.protect('shop.secured', backfill => 'hospital_b');
RESET ROLE;

-- All of it is one transaction.
BEGIN;
CREATE TABLE shop.undone (id integer);
SAVEPOINT before;
SELECT count(*) FROM watertight.protect('shop.undone');
ROLLBACK TO before;
SELECT count(*) AS registered FROM watertight.protected_tables WHERE relation = 'shop.undone'::regclass;
ROLLBACK;
