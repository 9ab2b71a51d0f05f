-- Partitions and inheritance children: protected with their parent, when they come later, and when they go.
\set SHOW_CONTEXT never
SELECT test.token('hospital_a') AS a, test.token('hospital_b') AS b \gset
CREATE ROLE protect_family_owner;
CREATE ROLE protect_family_app;
GRANT CREATE ON SCHEMA public TO protect_family_owner;
CREATE VIEW public.families AS
    SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS secured,
        (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) AS policies,
        (SELECT count(*) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
         WHERE i.indrelid = c.oid AND a.attname = 'tenant_id') > 0 AS indexed,
        (SELECT count(*) FROM pg_trigger WHERE tgrelid = c.oid AND tgname = 'watertight_creator' AND tgenabled = 'A') AS triggers,
        (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef JOIN pg_attribute a ON a.attrelid = adrelid AND a.attnum = adnum
         WHERE adrelid = c.oid AND attname = 'tenant_id') AS default,
        p.tenant_column, p.creator_column, p.scope_keys
    FROM pg_class c LEFT JOIN watertight.protected_tables p ON p.relation = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f') ORDER BY c.relname;
SET ROLE protect_family_owner;

-- Declarative partitions, two levels.
CREATE TABLE visit (id bigint, at date, created_by text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE visit_2020 PARTITION OF visit FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE visit_2021 PARTITION OF visit FOR VALUES FROM ('2021-01-01') TO ('2022-01-01') PARTITION BY HASH (id);
CREATE TABLE visit_2021_0 PARTITION OF visit_2021 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO visit VALUES (1, '2020-02-02'), (2, '2021-02-02');
SELECT * FROM watertight.protect('visit_2020');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.protect('visit');
SELECT * FROM watertight.protect('visit', backfill => 'hospital_a', scope_keys => true);
SELECT * FROM watertight.protect('visit', scope_keys => true);
SELECT * FROM watertight.protect('visit_2020', scope_keys => true);
-- Created later, at either level.
CREATE TABLE visit_2022 PARTITION OF visit FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
CREATE TABLE visit_2023 PARTITION OF visit FOR VALUES FROM ('2023-01-01') TO ('2024-01-01') PARTITION BY HASH (id);
CREATE TABLE visit_2023_0 PARTITION OF visit_2023 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
-- Attached, with a subtree of its own.
CREATE TABLE visit_2024 (LIKE visit) PARTITION BY HASH (id);
CREATE TABLE visit_2024_0 PARTITION OF visit_2024 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
ALTER TABLE visit ATTACH PARTITION visit_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
-- Rows without a tenant cannot be attached.
CREATE TABLE visit_2025 (LIKE visit);
ALTER TABLE visit_2025 ALTER tenant_id DROP NOT NULL;
INSERT INTO visit_2025 VALUES (1, '2025-01-01');
\set VERBOSITY sqlstate
ALTER TABLE visit ATTACH PARTITION visit_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
\set VERBOSITY default
DROP TABLE visit_2025;
RESET ROLE;
SELECT * FROM families;
SET ROLE protect_family_owner;
-- Detached: still protected, and may come back.
ALTER TABLE visit DETACH PARTITION visit_2022;
SELECT * FROM visit_2022;
ALTER TABLE visit ATTACH PARTITION visit_2022 FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
ALTER TABLE visit DETACH PARTITION visit_2023;
RESET ROLE;
SELECT relname, secured, policies, triggers, tenant_column FROM families WHERE relname LIKE 'visit_202_';

-- Nobody gets past the parent.
GRANT ALL ON ALL TABLES IN SCHEMA public TO protect_family_app;
SET ROLE protect_family_app;
SET watertight.token = :'b';
INSERT INTO visit VALUES (1, '2020-02-02'), (3, '2021-02-02');
INSERT INTO visit_2020 VALUES (4, '2020-03-03');
SELECT tableoid::regclass, id, tenant_id FROM visit ORDER BY id;
SELECT id FROM visit_2020 ORDER BY id;
SELECT id FROM ONLY visit_2021_0 ORDER BY id;
UPDATE visit_2021_0 SET tenant_id = '0a000000-0000-7000-8000-000000000001';
INSERT INTO visit_2020 (id, at, tenant_id) VALUES (9, '2020-03-03', '0a000000-0000-7000-8000-000000000001');
DELETE FROM visit_2020;
SET watertight.token = :'a';
SELECT tableoid::regclass, id, tenant_id FROM visit ORDER BY id;
RESET ROLE;
RESET watertight.token;

-- Inheritance: every table has its own index and keys.
SET ROLE protect_family_owner;
CREATE TABLE staff (id integer PRIMARY KEY, created_by text);
CREATE TABLE nurse (ward text UNIQUE) INHERITS (staff);
CREATE TABLE doctor (tenant_id uuid, title text) INHERITS (staff);
CREATE TABLE head () INHERITS (nurse);
INSERT INTO nurse VALUES (1, NULL, 'north');
INSERT INTO doctor VALUES (2, NULL, NULL, 'Dr.');
SELECT * FROM watertight.protect('staff');
SELECT * FROM watertight.protect('staff', backfill => 'hospital_b', scope_keys => true);
SELECT * FROM watertight.protect('staff');
CREATE TABLE porter () INHERITS (staff);
CREATE TABLE guest (id integer NOT NULL, created_by text, tenant_id uuid NOT NULL);
ALTER TABLE guest INHERIT staff;
CREATE TABLE visitor (id integer NOT NULL, created_by text, tenant_id uuid);
\set VERBOSITY sqlstate
ALTER TABLE visitor INHERIT staff;
\set VERBOSITY default
CREATE TEMPORARY TABLE mine () INHERITS (staff);
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE guest NO INHERIT staff;
RESET ROLE;
SELECT * FROM families WHERE relname IN ('staff', 'nurse', 'doctor', 'head', 'porter', 'guest');
-- A child may not have another tenant column than its parent.
CREATE TABLE region (id integer, region_id uuid NOT NULL);
SELECT count(*) > 0 AS done FROM watertight.protect('region', 'region_id');
CREATE TABLE both_parents () INHERITS (region, staff);
\echo :LAST_ERROR_SQLSTATE
CREATE TABLE apart (id integer);
-- An unprotected parent would show the rows of its children to everybody.
CREATE TABLE of_two () INHERITS (apart, region);
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE region INHERIT apart;
\echo :LAST_ERROR_SQLSTATE
CREATE TABLE above (LIKE region) PARTITION BY LIST (id);
ALTER TABLE above ATTACH PARTITION region DEFAULT;
\echo :LAST_ERROR_SQLSTATE
CREATE TABLE below () INHERITS (apart);
SELECT * FROM watertight.protect('below');
\echo :LAST_ERROR_SQLSTATE
DROP TABLE below, apart, above;

-- Foreign tables have no row security.
CREATE EXTENSION postgres_fdw;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
CREATE TABLE log (id integer, tenant_id uuid NOT NULL) PARTITION BY LIST (id);
CREATE FOREIGN TABLE log_1 PARTITION OF log FOR VALUES IN (1) SERVER elsewhere;
SELECT * FROM watertight.protect('log');
\echo :LAST_ERROR_SQLSTATE
DROP FOREIGN TABLE log_1;
SELECT count(*) > 0 AS done FROM watertight.protect('log');
CREATE FOREIGN TABLE log_1 PARTITION OF log FOR VALUES IN (1) SERVER elsewhere;
\echo :LAST_ERROR_SQLSTATE
CREATE FOREIGN TABLE log_2 (id integer, tenant_id uuid NOT NULL) SERVER elsewhere;
ALTER TABLE log ATTACH PARTITION log_2 FOR VALUES IN (2);
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM pg_inherits WHERE inhparent = 'log'::regclass;

-- Dropped tables leave the registry.
DROP TABLE visit, visit_2023, staff CASCADE;
SELECT relation FROM watertight.protected_tables ORDER BY relation::text;
