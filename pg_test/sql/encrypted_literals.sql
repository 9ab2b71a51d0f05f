-- A literal is sealed when it is parsed: what is kept of it, and for whom.
\set SHOW_CONTEXT never
CREATE ROLE literals_app LOGIN;
CREATE SCHEMA shop AUTHORIZATION literals_app;
SELECT test.token('hospital_a') AS a, test.token('hospital_b') AS b \gset
SET ROLE literals_app;
SET search_path = shop, public;
CREATE TABLE people (id serial PRIMARY KEY, tenant_id uuid, ssn watertight.searchable_text, note watertight.encrypted_text);
SELECT FROM watertight.protect('people');
BEGIN; SELECT FROM watertight.begin(:'a'); INSERT INTO people (ssn, note) VALUES ('123', 'of a'), ('456', 'also'); COMMIT;
BEGIN; SELECT FROM watertight.begin(:'b'); INSERT INTO people (ssn, note) VALUES ('123', 'of b'); COMMIT;

-- A prepared statement with a literal, across a switch, both ways; in a statement, in a function, in a generic plan.
CREATE FUNCTION find() RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT note::text FROM people WHERE ssn = '123'; END $$;
CREATE FUNCTION find_sql() RETURNS SETOF text LANGUAGE sql AS $$ SELECT note::text FROM people WHERE ssn = '123' $$;
CREATE FUNCTION is_123(x watertight.searchable_text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN x = '123'; END $$;
CREATE FUNCTION is_123_sql(x watertight.searchable_text) RETURNS boolean LANGUAGE sql AS $$ SELECT x = '123' $$;
-- To prepare a statement with a literal takes a context; to create a function does not.
PREPARE find AS SELECT note FROM people WHERE ssn = '123';
SET watertight.token = :'a';
PREPARE inlined AS SELECT note FROM people WHERE is_123_sql(ssn);
PREPARE find AS SELECT note FROM people WHERE ssn = '123';
PREPARE add AS INSERT INTO people (ssn, note) VALUES ('789', 'added') RETURNING note;
RESET watertight.token;
BEGIN;
SELECT FROM watertight.begin(:'a');
EXECUTE find; SELECT find(); SELECT find_sql(); SELECT count(*) FROM people WHERE is_123(ssn); EXECUTE inlined; EXECUTE add;
COMMIT;
BEGIN;
SELECT FROM watertight.begin(:'b');
EXECUTE find; SELECT find(); SELECT find_sql(); SELECT count(*) FROM people WHERE is_123(ssn); EXECUTE inlined; EXECUTE add;
SELECT note FROM people ORDER BY id;
COMMIT;
BEGIN;
SELECT FROM watertight.begin(:'a');
EXECUTE find; SELECT find(); SELECT find_sql(); SELECT count(*) FROM people WHERE is_123(ssn); EXECUTE inlined;
SELECT note FROM people ORDER BY id;
-- Two tenants in one transaction, and back by a savepoint.
SAVEPOINT s;
SELECT FROM watertight.begin(:'b');
EXECUTE find;
ROLLBACK TO s;
EXECUTE find;
COMMIT;
-- For a session.
SET watertight.token = :'a';
EXECUTE find;
SET watertight.token = :'b';
EXECUTE find;
RESET watertight.token;
\set VERBOSITY terse
EXECUTE add;
\set VERBOSITY default
-- Constants are found in arrays, and under other names of the type.
CREATE DOMAIN ssn AS watertight.searchable_text;
SET watertight.token = :'a';
PREPARE many AS SELECT note FROM people WHERE ssn IN ('123', 'nobody');
PREPARE named AS SELECT note FROM people WHERE ssn = '123'::ssn;
RESET watertight.token;
BEGIN; SELECT FROM watertight.begin(:'a'); EXECUTE many; EXECUTE named; COMMIT;
BEGIN; SELECT FROM watertight.begin(:'b'); EXECUTE many; EXECUTE named; COMMIT;

-- What is kept for all must hold none.
SET watertight.token = :'a';
CREATE TABLE bad (note watertight.encrypted_text DEFAULT 'x');
CREATE TABLE bad (ssn watertight.searchable_text CHECK (ssn <> 'x'));
ALTER TABLE people ALTER note SET DEFAULT 'x';
ALTER TABLE people ADD CONSTRAINT no_x CHECK (ssn <> 'x');
CREATE VIEW bad AS SELECT * FROM people WHERE ssn = '123';
CREATE MATERIALIZED VIEW bad AS SELECT '123'::watertight.searchable_text AS ssn;
CREATE MATERIALIZED VIEW bad AS SELECT '{123}'::watertight.searchable_text[] AS ssn;
CREATE RULE bad AS ON INSERT TO people WHERE new.ssn = '123' DO ALSO NOTHING;
CREATE POLICY bad ON people USING (ssn = '123');
CREATE INDEX bad ON people (id) WHERE ssn = '123';
CREATE FUNCTION bad() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM people WHERE ssn = '123'; END;
CREATE FUNCTION bad(x watertight.encrypted_text DEFAULT 'x') RETURNS text LANGUAGE sql AS $$ SELECT x::text $$;
CREATE DOMAIN bad AS watertight.searchable_text CHECK (VALUE <> '123');
-- A cast is sealed when it runs, for whom it runs.
ALTER TABLE people ALTER note SET DEFAULT 'default'::text;
CREATE VIEW people_123 AS SELECT note FROM people WHERE ssn = '123'::text;
ALTER VIEW people_123 SET (security_invoker = true);
CREATE TABLE good AS SELECT note FROM people WHERE ssn = '123';
RESET watertight.token;
BEGIN; SELECT FROM watertight.begin(:'a'); SELECT * FROM people_123; INSERT INTO people (ssn) VALUES ('a') RETURNING note; COMMIT;
BEGIN; SELECT FROM watertight.begin(:'b'); SELECT * FROM people_123; INSERT INTO people (ssn) VALUES ('b') RETURNING note; COMMIT;

-- Rotation: what was sealed before opens, is found, and joins with what is sealed after.
RESET ROLE;
SELECT watertight.rotate_data_key('hospital_a') > 0 AS rotated;
SELECT watertight.rotate_tenant_key('hospital_a') > 0 AS rotated;
SET ROLE literals_app;
BEGIN;
SELECT FROM watertight.begin(:'a');
EXECUTE find;
CREATE TABLE later (ssn watertight.searchable_text);
INSERT INTO later VALUES ('123'), ('456'), ('nobody');
SET LOCAL enable_nestloop = off;
SET LOCAL enable_mergejoin = off;
SELECT p.note, l.ssn FROM people p JOIN later l ON l.ssn = p.ssn ORDER BY p.note::text;
SELECT count(DISTINCT ssn) FROM (SELECT ssn FROM people UNION ALL SELECT ssn FROM later) AS s;
COMMIT;
