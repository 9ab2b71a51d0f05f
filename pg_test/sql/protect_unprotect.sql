-- unprotect(): the way back needs the owner and an administrator.
\set SHOW_CONTEXT never
CREATE ROLE protect_unprotect_owner;
GRANT CREATE ON SCHEMA public TO protect_unprotect_owner;
SET ROLE protect_unprotect_owner;
CREATE TABLE card (id integer PRIMARY KEY, created_by text);
CREATE TABLE card_special () INHERITS (card);
CREATE TABLE deck (id integer) PARTITION BY LIST (id);
CREATE TABLE deck_1 PARTITION OF deck FOR VALUES IN (1);
INSERT INTO card VALUES (1, 'somebody');
SELECT count(*) > 0 AS done FROM watertight.protect('card', backfill => 'hospital_a', scope_keys => true);
SELECT count(*) > 0 AS done FROM watertight.protect('deck');
SELECT * FROM watertight.unprotect('card');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
CREATE ROLE protect_unprotect_admin IN ROLE watertight_admin;
SET ROLE protect_unprotect_admin;
SELECT * FROM watertight.unprotect('card');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT watertight_admin TO protect_unprotect_owner;
SET ROLE protect_unprotect_owner;
SELECT * FROM watertight.unprotect(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.unprotect('deck_1');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.unprotect('card_special');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.unprotect('card');
SELECT * FROM watertight.unprotect('card');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.unprotect('deck');
-- Column, values, NOT NULL and keys stay.
SELECT * FROM card;
SELECT attnotnull FROM pg_attribute WHERE attrelid = 'card'::regclass AND attname = 'tenant_id';
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'card'::regclass AND contype = 'p';
SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname IN ('card', 'card_special', 'deck', 'deck_1') ORDER BY 1;
SELECT count(*) FROM watertight.protected_tables;
-- And back again.
SELECT * FROM watertight.protect('card');

-- Row security stays where the owner has policies of their own, and so does the owner's default.
CREATE TABLE own (id integer, tenant_id uuid);
ALTER TABLE own ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON own USING (id > 0);
SELECT count(*) > 0 AS done FROM watertight.protect('own');
ALTER TABLE own ALTER tenant_id SET DEFAULT gen_random_uuid();
SELECT * FROM watertight.unprotect('own');
SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = 'own';

-- A partition that left its parent can be taken out alone.
SELECT count(*) > 0 AS done FROM watertight.protect('deck');
ALTER TABLE deck DETACH PARTITION deck_1;
SELECT * FROM watertight.unprotect('deck_1');
RESET ROLE;
SELECT relation FROM watertight.protected_tables ORDER BY relation::text;

-- A child that its own schema holds keeps the family together, until it leaves.
CREATE SCHEMA held;
CREATE TABLE tree (id integer, tenant_id uuid NOT NULL);
SELECT count(*) > 0 AS done FROM watertight.protect('tree');
SELECT * FROM watertight.protect_schema('held');
CREATE TABLE held.branch () INHERITS (tree);
SELECT * FROM watertight.unprotect('tree');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.unprotect_schema('held');
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE held.branch NO INHERIT tree;
SELECT * FROM watertight.unprotect('tree');
SELECT * FROM watertight.unprotect_schema('held');
SELECT relation FROM watertight.protected_tables WHERE relation::text LIKE '%tree' OR relation::text LIKE '%branch';
