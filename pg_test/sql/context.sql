-- The token setting: SET, SET LOCAL, savepoints, RESET, and what is derived from it.
\set SHOW_CONTEXT never
\pset null '(null)'
CREATE ROLE context_app;
SELECT test.token('hospital_a') AS a, test.token('hospital_b') AS b \gset
SET ROLE context_app;

-- Nobody.
SELECT watertight.tenant_id();
SELECT watertight.user_id(), watertight.email(), watertight.role(), watertight.session_id(), watertight.claims();
SELECT * FROM watertight.whoami();
SHOW watertight.tenant;

-- SET LOCAL lasts for the transaction, and a savepoint gives back what was before.
BEGIN;
SET LOCAL watertight.token = :'a';
SELECT tenant_id, tenant, user_id, email, role, issuer FROM watertight.whoami();
SAVEPOINT before;
SELECT watertight.begin(:'b');
SELECT watertight.tenant(), watertight.tenant_key();
ROLLBACK TO before;
SELECT watertight.tenant(), watertight.tenant_key();
SHOW watertight.tenant;
SHOW watertight.tenant_id;
SHOW watertight.token;
SELECT count(*) FROM pg_settings WHERE name = 'watertight.token';
COMMIT;
SELECT watertight.tenant();

-- An error inside a block takes the token with it.
BEGIN;
DO $$ BEGIN
    PERFORM watertight.begin(test.token('hospital_a'));
    RAISE EXCEPTION 'away';
EXCEPTION WHEN raise_exception THEN NULL;
END $$;
SELECT tenant FROM watertight.whoami();
ROLLBACK;

-- SET lasts for the session, RESET, RESET ALL and DISCARD ALL end it.
SET watertight.token = :'a';
SELECT watertight.tenant();
RESET watertight.token;
SELECT tenant FROM watertight.whoami();
SET watertight.token = :'b';
RESET ALL;
SELECT tenant FROM watertight.whoami();

-- COMMIT inside a block: a local token ends with its transaction.
DO $$ BEGIN
    PERFORM watertight.begin(test.token('hospital_a'));
    RAISE NOTICE 'first: %', watertight.tenant();
    COMMIT;
    RAISE NOTICE 'second: %', (SELECT tenant FROM watertight.whoami());
END $$;

-- What is derived cannot be set, by anybody, nor can a look-alike be made.
SET watertight.tenant_id = '0a000000-0000-7000-8000-000000000001';
SELECT set_config('watertight.tenant', 'hospital_a', true);
SET watertight.tenants = 'hospital_a';
ALTER ROLE CURRENT_USER SET watertight.tenant = 'hospital_a';
CREATE FUNCTION pg_temp.f() RETURNS text LANGUAGE sql SET watertight.tenant = 'hospital_a' AS 'SELECT watertight.tenant()';
RESET ROLE;
SET watertight.tenant_id = '0a000000-0000-7000-8000-000000000001';
-- A token cannot be stored.
ALTER ROLE context_app SET watertight.token = :'a';
ALTER DATABASE "sql-context" SET watertight.token = :'a';
ALTER SYSTEM SET watertight.token = 'x';
CREATE FUNCTION test.f() RETURNS text LANGUAGE sql SET watertight.token = 'x' AS 'SELECT watertight.tenant()';
SET ROLE context_app;
-- Only a superuser decides how tokens count.
SET watertight.token_scope = 'session';
SET watertight.mode = 'single';
SET watertight.on_missing_context = 'empty';
SET watertight.clock_leeway = 3600;
RESET ROLE;

-- on_missing_context = empty: nothing, instead of an error. A bad token is still an error.
SET watertight.on_missing_context = 'empty';
SELECT watertight.tenant_id(), watertight.tenant(), watertight.tenant_key();
SELECT watertight.begin('x');
RESET watertight.on_missing_context;

-- Single mode: no token, the same functions.
SET watertight.mode = 'single';
SELECT watertight.tenant();
SELECT FROM watertight.create_tenant('default');
SELECT watertight.tenant();
SET watertight.default_tenant = 'hospital_b';
SELECT watertight.tenant(), watertight.user_id();
BEGIN; SELECT watertight.begin(:'a'); SELECT watertight.tenant(), watertight.user_id(); COMMIT;
SELECT watertight.suspend_tenant('hospital_b');
SELECT watertight.tenant();
SELECT watertight.resume_tenant('hospital_b');
RESET watertight.mode;

-- Transaction scope: a token that SET left behind does not count, and is gone.
SET watertight.token_scope = 'transaction';
SET watertight.token = :'a';
SHOW watertight.token;
SELECT tenant FROM watertight.whoami();
BEGIN;
SET watertight.token = :'a';
SELECT watertight.tenant();
COMMIT;
SHOW watertight.token;
SELECT tenant FROM watertight.whoami();
RESET watertight.token_scope;

-- begin() without a transaction block is in vain, unless the statement itself uses the token.
SELECT watertight.begin(:'a');
SELECT tenant FROM watertight.whoami();
SELECT watertight.begin(:'a'), watertight.begin(:'b');
SELECT watertight.begin(:'a'), watertight.tenant();
SELECT watertight.begin(:'a')\; SELECT watertight.tenant();
BEGIN; SELECT watertight.begin(:'a'); COMMIT;
BEGIN; SELECT watertight.begin(:'a'); ROLLBACK;
CREATE FUNCTION test.tenant_of(token text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
    PERFORM watertight.begin(token);
    RETURN watertight.tenant();
END $$;
SELECT test.tenant_of(:'a');
DO $$ BEGIN
    PERFORM watertight.begin(test.token('hospital_a'));
    IF watertight.tenant() <> 'hospital_a' THEN RAISE 'another'; END IF;
    COMMIT;
    PERFORM watertight.begin(test.token('hospital_b'));
    IF watertight.tenant() <> 'hospital_b' THEN RAISE 'another'; END IF;
END $$;
-- Here nobody uses the second one.
DO $$ BEGIN
    PERFORM watertight.begin(test.token('hospital_a'));
    PERFORM watertight.tenant();
    COMMIT;
    PERFORM watertight.begin(test.token('hospital_b'));
    COMMIT;
END $$;
-- A statement that fails says why it fails, and no more; nor does the next.
DO $$ BEGIN PERFORM watertight.begin(test.token('hospital_a')); RAISE EXCEPTION 'away'; END $$;
DO $$ BEGIN PERFORM watertight.begin(test.token('hospital_a')); ROLLBACK; END $$;

-- begin() is a function of tokens, not of nothing.
SELECT watertight.begin(NULL);
SELECT watertight.begin('');

-- Tokens that do not count, each with its reason.
SELECT watertight.begin(test.token('hospital_c'));
SELECT watertight.begin(test.token('hospital_a', '{"iss": "https://elsewhere.test"}'));
SELECT watertight.begin(test.token('hospital_a', '{"aud": "another service"}'));
SELECT watertight.begin(test.token('hospital_a', '{"exp": null}'));
SELECT watertight.begin(test.token('hospital_a', '{"tenant": ["hospital_a"]}'));
SELECT watertight.begin(test.token('hospital_a', '{"tenant": null}'));
SELECT watertight.begin(test.token('hospital_a') || 'x');
-- By name, by id, by key.
BEGIN;
SELECT watertight.begin(test.token('0a000000-0000-7000-8000-000000000001'));
SELECT watertight.tenant();
SELECT watertight.begin(test.token('x', '{"tenant": 2}'));
SELECT watertight.tenant();
COMMIT;
DROP ROLE context_app;
