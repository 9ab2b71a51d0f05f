-- Ways out of a compartment, and ways to keep one from ending, that somebody has found.
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE ROLE attacks_app;
CREATE ROLE attacks_other;
CREATE SCHEMA attacks AUTHORIZATION attacks_app;
CREATE SCHEMA attacks_template;
CREATE TABLE attacks_template.notes (id int PRIMARY KEY, body text);
GRANT USAGE, CREATE ON SCHEMA attacks_template TO attacks_app;
GRANT ALL ON attacks_template.notes TO attacks_app;
SET watertight.compartments = on;
SELECT test.token('hospital_a') AS alice, test.token('hospital_a', '{"compartment": "confined"}') AS confined,
       test.token('hospital_b', '{"sub": "bob"}') AS bob \gset
SET SESSION AUTHORIZATION attacks_app;
SELECT watertight.login(:'bob', 'victim', ephemeral => true, template => 'attacks_template') AS victim \gset
BEGIN;
SELECT FROM watertight.begin(:'victim');
INSERT INTO notes VALUES (1, 'secret of b');
COMMIT;

-- A template whose DDL calls the attacker's function while it is cloned: it reaches what its caller reaches, and makes nothing there.
CREATE FUNCTION attacks.spy() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE place record;
BEGIN
    FOR place IN SELECT nspname FROM pg_namespace WHERE nspname LIKE 'wt\_%' LOOP
        RAISE WARNING 'found a schema';
        BEGIN
            EXECUTE format('SELECT body FROM %I.notes', place.nspname) INTO place;
            RAISE WARNING '%', place;
        EXCEPTION WHEN OTHERS THEN
            RAISE WARNING '%', SQLSTATE;
        END;
    END LOOP;
    PERFORM attacks.plant();
    RETURN 1;
END $$;
CREATE FUNCTION attacks.plant() RETURNS void LANGUAGE plpgsql AS $$
DECLARE place text := split_part(current_setting('search_path'), ',', 1);
BEGIN
    IF place NOT LIKE '%wt\_%' THEN RETURN; END IF;
    EXECUTE format('CREATE FUNCTION %s.lower(text) RETURNS text LANGUAGE sql AS ''SELECT 1''', place);
    RAISE WARNING 'planted';
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING '%', SQLSTATE;
END $$;
CREATE TABLE attacks.bait (a int);
CREATE INDEX ON attacks.bait ((a + attacks.spy()));
BEGIN;
SELECT FROM watertight.begin(:'alice');
SELECT watertight.create_compartment('bait', template => 'attacks') IS NOT NULL AS created;
ROLLBACK;
SELECT watertight.login(:'alice', ephemeral => true, template => 'attacks') IS NOT NULL AS created;

-- A session of an identity token that names a compartment stays in it.
BEGIN;
SELECT FROM watertight.begin(:'alice');
SELECT watertight.create_compartment('confined') IS NOT NULL AS created;
COMMIT;
SELECT watertight.login(:'confined', 'confined') AS token \gset
BEGIN;
SELECT FROM watertight.begin(:'token');
SAVEPOINT s;
SELECT watertight.switch_compartment('global');
ROLLBACK TO s;
SELECT watertight.switch_compartment('confined', ephemeral => true);
ROLLBACK TO s;
SELECT watertight.switch_compartment('confined') IS NOT NULL AS switched;
COMMIT;

-- The number of a large object that has gone elsewhere is another one's.
SELECT watertight.login(:'alice', 'objects', ephemeral => true) AS token \gset
BEGIN;
SELECT FROM watertight.begin(:'token');
SELECT lo_create(777001), lo_create(777002);
COMMIT;
SELECT lo_unlink(777001);
SET SESSION AUTHORIZATION attacks_other;
SELECT lo_from_bytea(777001, 'mine');
SET SESSION AUTHORIZATION attacks_app;
BEGIN;
SELECT FROM watertight.begin(:'token');
SELECT FROM watertight.logout();
COMMIT;
SET SESSION AUTHORIZATION attacks_other;
SELECT convert_from(lo_get(777001), 'UTF8');
SELECT lo_unlink(777001);
SET SESSION AUTHORIZATION attacks_app;
SELECT lo_get(777002);

-- What is prepared would outlive the compartment, whatever the token is by then.
BEGIN;
SELECT FROM watertight.begin(:'victim');
RESET watertight.token;
PREPARE TRANSACTION 'outlives';

-- Nothing temporary keeps a compartment.
BEGIN;
SELECT FROM watertight.begin(:'alice');
SELECT watertight.create_compartment('kept', template => 'attacks_template') IS NOT NULL AS created;
COMMIT;
SELECT watertight.login(:'alice', 'kept') AS token \gset
BEGIN;
SELECT FROM watertight.begin(:'token');
SAVEPOINT s;
CREATE TEMP VIEW seen AS SELECT * FROM notes;
ROLLBACK TO s;
CREATE TEMP TABLE typed (n notes);
ROLLBACK TO s;
CREATE FUNCTION pg_temp.f(notes) RETURNS int LANGUAGE sql AS 'SELECT 1';
ROLLBACK TO s;
CREATE TEMP TABLE copied AS SELECT * FROM notes;
CREATE TEMP VIEW seen AS SELECT * FROM copied;
COMMIT;
BEGIN;
SELECT FROM watertight.begin(:'alice');
SELECT FROM watertight.drop_compartment('kept', confirm => 'kept', force => true);
COMMIT;

-- Nor does depth.
BEGIN;
SELECT FROM watertight.begin(:'alice');
SELECT watertight.create_compartment('deep0') IS NOT NULL AS created;
DO $$ BEGIN
    FOR n IN 1 .. 20 LOOP
        PERFORM watertight.create_compartment('deep' || n, parent => 'deep' || n - 1);
    END LOOP;
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING '% %', SQLSTATE, SQLERRM;
END $$;
DO $$ BEGIN
    FOR n IN 1 .. 16 LOOP
        PERFORM watertight.create_compartment('deep' || n, parent => 'deep' || n - 1);
    END LOOP;
END $$;
SELECT FROM watertight.drop_compartment('deep0', confirm => 'deep0', force => true);
SELECT count(*) FROM watertight.my_compartments() WHERE name LIKE 'deep%';
COMMIT;
