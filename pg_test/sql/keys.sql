-- The registry of keys: what is there, who sees it, rotation and destruction. (What is sealed under keys: other suites.)
CREATE ROLE keys_admin LOGIN IN ROLE watertight_admin;
CREATE ROLE keys_app LOGIN;

-- Never ids, times or check values: they differ each time.
CREATE VIEW test.keys AS
    SELECT coalesce(tenant, 'installation') COLLATE "C" AS tenant, purpose COLLATE "C" AS purpose, state, version, wrapped_by, count(*)
      FROM watertight.keys GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5;
GRANT SELECT ON test.keys TO PUBLIC;

SELECT state, versions, failed_at, error FROM watertight.key_provider();
TABLE test.keys;

SET ROLE keys_admin;
SELECT FROM watertight.create_tenant('acme');
SELECT FROM watertight.create_tenant('other');
RESET ROLE;
SELECT * FROM test.keys WHERE tenant IN ('acme', 'other');
SELECT version, name, rotating, tenant_keys, present, check_value ~ '^[0-9a-f]{16}$' AS checks FROM watertight.master_key_versions;
-- Wrapped, and not in the clear.
SELECT DISTINCT octet_length(wrapped) FROM watertight.tenant_keys
 UNION SELECT octet_length(wrapped) FROM watertight.data_keys;

-- An ordinary role sees nothing and may do nothing.
SET ROLE keys_app;
SELECT * FROM watertight.keys;
SELECT * FROM watertight.master_key_versions;
SELECT * FROM watertight.master_keys;
SELECT wrapped FROM watertight.tenant_keys;
SELECT wrapped FROM watertight.data_keys;
SELECT * FROM watertight.key_certificates;
SELECT * FROM watertight.key_provider();
SELECT watertight.rotate_data_key('acme');
SELECT watertight.rotate_tenant_key('acme');
SELECT watertight.rotate_master_key();
CALL watertight.rotate_data_keys();
CALL watertight.rotate_tenant_keys();
SELECT watertight.shred_tenant('acme', 'acme');
SELECT count(*) AS shown FROM pg_settings WHERE name = 'watertight.master_key_file';
RESET ROLE;

-- An administrator does, but nothing that is wrapped.
SET ROLE keys_admin;
SELECT wrapped FROM watertight.tenant_keys;
SELECT wrapped FROM watertight.data_keys;
UPDATE watertight.data_keys SET state = 'retired';
DELETE FROM watertight.key_certificates;
SELECT count(*) AS shown FROM pg_settings WHERE name = 'watertight.master_key_file';
SELECT watertight.rotate_data_key('acme');
SELECT watertight.rotate_tenant_key('acme');
SELECT watertight.rotate_master_key();
SELECT watertight.rotate_data_key(NULL);
SELECT watertight.rotate_data_key('nobody');
RESET ROLE;
SELECT * FROM test.keys WHERE tenant = 'acme';

-- Undone with the transaction.
BEGIN;
SELECT watertight.rotate_data_key('acme');
SELECT watertight.rotate_tenant_key('acme');
SAVEPOINT s;
SELECT watertight.rotate_tenant_key('acme');
ROLLBACK TO s;
SELECT watertight.rotate_tenant_key('acme');
ROLLBACK;
SELECT * FROM test.keys WHERE tenant = 'acme';
-- Nor prepared: nobody would hear of it when it is committed.
BEGIN;
SELECT watertight.rotate_data_key('acme');
PREPARE TRANSACTION 'keys';

-- Rows tell one key from another: one that is moved does not open. (DETAIL names a key.)
\set VERBOSITY terse
BEGIN;
UPDATE watertight.data_keys AS k SET wrapped = o.wrapped
  FROM watertight.data_keys AS o, watertight.tenants AS a, watertight.tenants AS b
 WHERE k.tenant_id = a.id AND a.name = 'acme' AND k.purpose = 'index'
   AND o.tenant_id = b.id AND b.name = 'other' AND o.purpose = 'index';
SELECT watertight.rotate_tenant_key('acme') IS NOT NULL;
ROLLBACK;
BEGIN;
UPDATE watertight.tenant_keys AS k SET wrapped = o.wrapped
  FROM watertight.tenant_keys AS o, watertight.tenants AS a, watertight.tenants AS b
 WHERE k.tenant_id = a.id AND a.name = 'acme' AND k.state = 'active' AND o.tenant_id = b.id AND b.name = 'other' AND o.state = 'active';
SELECT watertight.rotate_tenant_key('acme');
ROLLBACK;
BEGIN;
UPDATE watertight.master_keys SET check_value = '0000000000000000';
SELECT watertight.rotate_tenant_key('acme');
ROLLBACK;

\set VERBOSITY default

-- Destruction.
SET ROLE keys_admin;
SELECT watertight.shred_tenant('acme');
SELECT watertight.shred_tenant('acme', 'other');
SELECT watertight.shred_tenant('nobody', 'nobody');
BEGIN;
SELECT watertight.shred_tenant('acme', 'acme');
ROLLBACK;
SELECT certificate->'subject'->>'name' AS name, certificate->>'destroyed_by' = session_user AS by_whom,
       jsonb_array_length(certificate->'keys') AS keys
  FROM (SELECT watertight.shred_tenant('acme', 'acme')::jsonb->'certificate' AS certificate) AS c;
SELECT tenant, reason, destroyed_by = session_user AS by_whom, jsonb_array_length(keys) AS keys, certificate IS NOT NULL AS signed,
       issued_at >= destroyed_at AS after_the_fact
  FROM watertight.key_certificates;
SELECT watertight.rotate_data_key('acme');
RESET ROLE;
SELECT * FROM test.keys WHERE tenant IN ('acme', 'installation');
SELECT count(*) FROM watertight.tenant_keys AS k JOIN watertight.tenants AS t ON t.id = k.tenant_id
 WHERE t.name = 'acme' AND k.wrapped IS NOT NULL;
-- Also of a tenant that never had a key: it gets none.
ALTER SYSTEM SET watertight.master_key_file = '';
SELECT pg_reload_conf();
DO $$ BEGIN FOR i IN 1..200 LOOP
    EXIT WHEN (SELECT state FROM watertight.key_provider()) = 'absent'; PERFORM pg_sleep(0.05); END LOOP; END $$;
SELECT FROM watertight.create_tenant('young');
SELECT watertight.rotate_master_key();
SELECT * FROM test.keys WHERE tenant = 'young';
ALTER SYSTEM RESET watertight.master_key_file;
SELECT pg_reload_conf();
DO $$ BEGIN FOR i IN 1..200 LOOP
    EXIT WHEN (SELECT state FROM watertight.key_provider()) = 'present'; PERFORM pg_sleep(0.05); END LOOP; END $$;
SELECT watertight.shred_tenant('young', 'young')::jsonb->'certificate'->'keys' AS keys;
SELECT * FROM test.keys WHERE tenant = 'young';

-- A tenant that is dropped takes its keys with it; what is left says so.
CREATE TEMPORARY TABLE gone AS SELECT id FROM watertight.tenants WHERE name = 'other';
BEGIN;
SELECT FROM watertight.drop_tenant('other', 'other');
SELECT state, count(*) FROM watertight.keys WHERE tenant_id = (SELECT id FROM gone) GROUP BY 1;
ROLLBACK;
SELECT state, count(*) FROM watertight.keys WHERE tenant_id = (SELECT id FROM gone) GROUP BY 1;
SELECT FROM watertight.drop_tenant('other', 'other');
SELECT state, count(*), count(tenant) FROM watertight.keys WHERE tenant_id = (SELECT id FROM gone) GROUP BY 1;
DO $$ BEGIN FOR i IN 1..200 LOOP
    EXIT WHEN NOT EXISTS (SELECT FROM watertight.key_certificates WHERE certificate IS NULL); PERFORM pg_sleep(0.05); END LOOP; END $$;
SELECT tenant, reason, jsonb_array_length(keys) AS keys, certificate IS NOT NULL AS signed
  FROM watertight.key_certificates WHERE tenant = 'other';

-- The rules of the tables hold whoever writes.
\set VERBOSITY terse
INSERT INTO watertight.data_keys (id, purpose, tenant_id, compartment_id, tenant_key_version, wrapped, check_value)
SELECT 1, 'data', tenant_id, compartment_id, 1, 'x', '' FROM watertight.data_keys WHERE purpose = 'signing' OR state = 'active' LIMIT 1;
UPDATE watertight.data_keys SET state = 'active' WHERE state = 'destroyed';
UPDATE watertight.tenant_keys SET wrapped = NULL WHERE state = 'active';

DROP VIEW test.keys;
DROP ROLE keys_admin, keys_app;
