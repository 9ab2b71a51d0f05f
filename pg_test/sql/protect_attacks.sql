-- Attempts to get past, or out of, a protected table.
\set SHOW_CONTEXT never
SELECT test.token('hospital_a') AS a, test.token('hospital_b') AS b \gset
CREATE ROLE protect_attacks_owner;
CREATE ROLE protect_attacks_app;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO protect_attacks_owner, protect_attacks_app', current_database()); END $$;
SET ROLE protect_attacks_owner;
CREATE SCHEMA ward;
CREATE TABLE ward.patient (id integer PRIMARY KEY, name text);
INSERT INTO ward.patient VALUES (1, 'canary');
SELECT count(*) > 0 AS done FROM watertight.protect('ward.patient', backfill => 'hospital_a');
GRANT USAGE ON SCHEMA ward TO protect_attacks_app;
GRANT SELECT, INSERT, UPDATE, DELETE, REFERENCES ON ward.patient TO protect_attacks_app;

-- A careless policy does not widen access.
CREATE POLICY open ON ward.patient USING (true) WITH CHECK (true);
SET ROLE protect_attacks_app;
SET watertight.token = :'b';
SELECT * FROM ward.patient;
INSERT INTO ward.patient VALUES (2, 'x', '0a000000-0000-7000-8000-000000000001');
UPDATE ward.patient SET name = 'x';
DELETE FROM ward.patient;
RESET watertight.token;
SELECT * FROM ward.patient;

-- Statements of ours run as the table's owner, and open no door for what runs inside them: a trigger that backfill fires, ...
SET ROLE protect_attacks_owner;
DROP POLICY open ON ward.patient;
CREATE TABLE ward.bait (id integer, tenant_id uuid);
INSERT INTO ward.bait VALUES (1);
CREATE FUNCTION ward.unlock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    ALTER TABLE ward.patient NO FORCE ROW LEVEL SECURITY;
    RETURN NEW;
END $$;
CREATE TRIGGER unlock BEFORE UPDATE ON ward.bait FOR EACH ROW EXECUTE FUNCTION ward.unlock();
SELECT * FROM watertight.protect('ward.bait', backfill => 'hospital_a');
\echo :LAST_ERROR_SQLSTATE
-- ... or an expression of an index that scope_keys rebuilds.
CREATE TABLE ward.lure (id integer, tenant_id uuid NOT NULL);
INSERT INTO ward.lure VALUES (1, '0a000000-0000-7000-8000-000000000001');
CREATE FUNCTION ward.unlock_now() RETURNS integer VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    ALTER TABLE ward.patient NO FORCE ROW LEVEL SECURITY;
    RETURN 1;
END $$;
CREATE FUNCTION ward.innocent(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1; END $$;
CREATE UNIQUE INDEX ON ward.lure (ward.innocent(id));
CREATE OR REPLACE FUNCTION ward.innocent(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN RETURN ward.unlock_now(); END $$;
SELECT * FROM watertight.protect('ward.lure', scope_keys => true);
\echo :LAST_ERROR_SQLSTATE
SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'ward.patient'::regclass;

-- Look-alikes on the search path are not used.
SET ROLE protect_attacks_app;
CREATE SCHEMA evil;
CREATE FUNCTION evil.visible(uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION evil.tenant_id() RETURNS uuid LANGUAGE sql AS $$ SELECT '0a000000-0000-7000-8000-000000000001'::uuid $$;
CREATE FUNCTION evil.same(uuid, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR evil.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = evil.same);
CREATE FUNCTION evil.jsonb_build_object(VARIADIC "any") RETURNS jsonb LANGUAGE internal AS 'jsonb_build_object';
\echo :LAST_ERROR_SQLSTATE
CREATE TEMPORARY TABLE pg_class (oid oid, relname name);
CREATE TEMPORARY TABLE protected_tables (relation regclass);
SET search_path = pg_temp, evil, pg_catalog, ward, public;
CREATE TABLE evil.mine (id integer, tenant_id uuid);
SELECT s FROM watertight.protect('evil.mine') AS s;
SET watertight.token = :'b';
SELECT * FROM ward.patient;
SELECT * FROM ward.patient WHERE tenant_id = '0b000000-0000-7000-8000-000000000002';
RESET search_path;
RESET watertight.token;
DROP TABLE pg_temp.pg_class, pg_temp.protected_tables;

-- No definition of ours can be used where it would be computed once and kept.
CREATE INDEX ON evil.mine ((watertight.tenant_id()));
CREATE TABLE evil.kept (id integer, t uuid GENERATED ALWAYS AS (watertight.tenant_id()) STORED);
CREATE TABLE evil.parted (id integer) PARTITION BY LIST ((watertight.tenant_id()));

-- Tables that inherit, or copy, or are made from a protected one.
SET ROLE protect_attacks_owner;
CREATE TABLE ward.child () INHERITS (ward.patient);
SELECT * FROM ward.child;
CREATE TABLE ward.alike (LIKE ward.patient INCLUDING ALL);
SELECT relrowsecurity FROM pg_class WHERE oid = 'ward.alike'::regclass;
CREATE TABLE ward.copy AS TABLE ward.patient;
\echo :LAST_ERROR_SQLSTATE

-- The registry is not for everybody.
SET ROLE protect_attacks_app;
DELETE FROM watertight.protected_tables;
INSERT INTO watertight.protected_tables VALUES ('ward.patient', 'id');
SELECT watertight.protect_after_ddl();
SELECT watertight.forget_after_drop();
SELECT * FROM watertight.unprotect('ward.patient');
RESET ROLE;
-- Out of their place the functions of the event triggers say so.
SELECT watertight.protect_after_ddl();
\echo :LAST_ERROR_SQLSTATE
SELECT watertight.forget_after_drop();
\echo :LAST_ERROR_SQLSTATE
SELECT relation, tenant_column FROM watertight.protected_tables ORDER BY relation::text;
