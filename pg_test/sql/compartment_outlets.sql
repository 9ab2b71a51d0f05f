-- Objects of the whole server: what a session with a token writes there would reach all tenants and outlive its compartment.
\set SHOW_CONTEXT never
CREATE ROLE outlets_app CREATEROLE CREATEDB;
CREATE ROLE outlets_other;
GRANT CREATE ON DATABASE :"DBNAME" TO outlets_app;
CREATE SCHEMA outlets_template;
CREATE TABLE outlets_template.notes (id int PRIMARY KEY, body text);
GRANT USAGE, CREATE ON SCHEMA outlets_template TO outlets_app;
GRANT ALL ON outlets_template.notes TO outlets_app;
SET watertight.compartments = on;
SELECT test.token('hospital_a') AS alice \gset
SELECT watertight.login(:'alice', ephemeral => true, template => 'outlets_template') AS session \gset
SET watertight.token = :'session';
SET ROLE outlets_app;

\set VERBOSITY default
ALTER ROLE CURRENT_USER SET search_path = secret;
\set VERBOSITY terse
ALTER ROLE outlets_app IN DATABASE :"DBNAME" SET application_name = 'secret';
ALTER ROLE ALL SET application_name = 'secret';
ALTER ROLE outlets_app RESET ALL;
ALTER ROLE outlets_app PASSWORD 'secret';
ALTER ROLE outlets_other RENAME TO secret;
ALTER DATABASE :"DBNAME" SET application_name = 'secret';
ALTER DATABASE :"DBNAME" CONNECTION LIMIT 7;
ALTER DATABASE :"DBNAME" RENAME TO secret;
CREATE ROLE secret;
CREATE USER secret;
DROP ROLE outlets_other;
GRANT outlets_other TO outlets_app;
REVOKE outlets_other FROM outlets_app;
ALTER GROUP outlets_other ADD USER outlets_app;
CREATE DATABASE secret;
DROP DATABASE secret;
COMMENT ON ROLE outlets_other IS 'secret';
COMMENT ON DATABASE :"DBNAME" IS 'secret';
COMMENT ON TABLESPACE pg_default IS 'secret';
GRANT CREATE ON DATABASE :"DBNAME" TO outlets_other;
GRANT CREATE ON TABLESPACE pg_default TO outlets_other;
GRANT SET ON PARAMETER log_statement TO outlets_other;
SECURITY LABEL ON ROLE outlets_other IS 'secret';
ALTER TABLESPACE pg_default OWNER TO outlets_other;
ALTER TABLESPACE pg_default SET (random_page_cost = 7);
ALTER SYSTEM SET application_name = 'secret';
-- From a function, and from a block.
DO $$ BEGIN ALTER ROLE outlets_app SET application_name = 'secret'; END $$;
DO $$ BEGIN EXECUTE 'ALTER ROLE outlets_app SET application_name = ''secret'''; END $$;
-- What has been read can be written after the token has been taken away.
RESET watertight.token;
ALTER ROLE outlets_app SET application_name = 'secret';
DISCARD ALL;
SET watertight.compartments = on;
SET ROLE outlets_app;
ALTER ROLE outlets_app SET application_name = 'secret';
BEGIN;
COMMENT ON ROLE outlets_app IS 'secret';
ROLLBACK;

-- The write-ahead log outlives an ephemeral compartment, and no other.
BEGIN;
SET LOCAL watertight.token = :'session';
SAVEPOINT s;
SELECT pg_logical_emit_message(false, 'outlet', 'secret');
ROLLBACK TO s;
SELECT pg_logical_emit_message(true, 'outlet', '\x00'::bytea) FROM notes RIGHT JOIN (VALUES (1)) AS v (n) ON true;
ROLLBACK;
BEGIN;
SET LOCAL watertight.token = :'alice';
SELECT pg_logical_emit_message(false, 'outlet', 'no secret') IS NOT NULL AS written;
COMMIT;
RESET ROLE;

-- A superuser who is not under a token, or says so.
ALTER ROLE outlets_app SET work_mem = '1MB';
SET watertight.token = :'alice';
ALTER ROLE outlets_app RESET work_mem;
SET watertight.bypass = on;
ALTER ROLE outlets_app RESET work_mem;
RESET watertight.token;
RESET watertight.bypass;
SELECT setconfig FROM pg_db_role_setting WHERE setrole = 'outlets_app'::regrole;

-- Objects of the database go on as before.
SET ROLE outlets_app;
BEGIN;
SET LOCAL watertight.token = :'alice';
CREATE SCHEMA outlets;
COMMENT ON SCHEMA outlets IS 'a schema';
ROLLBACK;
RESET ROLE;
REVOKE ALL ON DATABASE :"DBNAME" FROM outlets_app;
DROP SCHEMA outlets_template CASCADE;
DROP OWNED BY outlets_app;
DROP ROLE outlets_app, outlets_other;
