-- Columns that are sealed: as an ordinary role sees them, and what becomes of them elsewhere.
\set SHOW_CONTEXT never
\pset null '(null)'
CREATE ROLE encrypted_app LOGIN;
CREATE SCHEMA clinic AUTHORIZATION encrypted_app;
ALTER DATABASE "sql-encrypted_types" SET search_path = clinic, public;
SELECT test.token('hospital_a') AS a, test.token('hospital_b') AS b \gset
SET ROLE encrypted_app;
SET search_path = clinic, public;
CREATE TABLE patients (
    id       int PRIMARY KEY,
    tenant_id uuid,
    note     watertight.encrypted_text,
    photo    watertight.encrypted_bytea,
    history  watertight.encrypted_jsonb,
    ssn      watertight.searchable_text);
SELECT FROM watertight.protect('patients');

-- Round trips: usual, empty, NULL, Unicode, what looks sealed, long enough to lie out of line.
BEGIN;
SELECT FROM watertight.begin(:'a');
INSERT INTO patients (id, note, photo, history, ssn) VALUES
    (1, 'a cold', '\xdeadbeef', '{"b": 2, "a": [1, "x"]}', '123-45-6789'),
    (2, '', '', '[]', ''),
    (3, NULL, NULL, NULL, NULL),
    (4, 'größe ✓ 漢字', '\x00ff00', '"é"', 'größe'),
    (5, 'watertight:v1:AAAA', 'abc\\def', 'null', 'watertight:v1:AAAA');
INSERT INTO patients (id, note, photo, history, ssn)
    SELECT 6, x, x::bytea, to_jsonb(x), x FROM repeat('0123456789abcdef', 65536) AS x;
SELECT id, note, photo, history, ssn FROM patients WHERE id < 6 ORDER BY id;
SELECT length(note), length(photo::bytea), length(history #>> '{}'), length(ssn),
       note = repeat('0123456789abcdef', 65536) AS same, pg_column_size(note) - 1048576 AS overhead
  FROM patients WHERE id = 6;
DELETE FROM patients WHERE id = 6;
COMMIT;

-- The plain types' functions and operators.
BEGIN;
SELECT FROM watertight.begin(:'a');
SELECT id, upper(note), note || '!' AS a, '!' || note AS b, note || ssn AS c, left(ssn, 3), history -> 'a' AS json FROM patients WHERE id = 1;
SELECT id FROM patients WHERE note LIKE '%cold' OR note ~* '^GRÖ';
SELECT id FROM patients WHERE note = 'a cold';
SELECT id FROM patients WHERE history @> '{"a": [1]}';
SELECT id FROM patients WHERE photo = '\xdeadbeef'::bytea;
SELECT id FROM patients WHERE ssn < '2' AND id < 6 ORDER BY ssn::text;
SELECT min(ssn), max(ssn) FROM patients WHERE id IN (1, 4);
ROLLBACK;

-- JSON stays JSON in what the server makes of rows, in a context and without one.
BEGIN;
SELECT FROM watertight.begin(:'a');
SELECT row_to_json(p) AS row, to_jsonb(history) AS object, history::json ->> 'b' AS b
  FROM (SELECT id, history FROM patients WHERE id IN (1, 3, 4)) AS p ORDER BY id;
SELECT json_agg(history ORDER BY id) FROM patients WHERE id IN (1, 2, 5);
SELECT history || '{"b": 3}' AS literal, '{"b": 3}' || history AS before, history || jsonb_build_object('c', id) AS jsonb,
       history || history::jsonb AS itself, history || 'x'::text AS text
  FROM patients WHERE id = 1;
CREATE VIEW more AS SELECT history || '{"more": true}' AS history FROM patients WHERE id = 1;
SELECT * FROM more;
ROLLBACK;
SET ROLE postgres;
SELECT jsonb_typeof(to_jsonb(history)), left(to_jsonb(history) #>> '{}', 14), to_jsonb(history) #>> '{}' = history::text AS same,
       row_to_json(p) ->> 'history' = history::text AS row
  FROM clinic.patients AS p WHERE id = 1;
SET ROLE encrypted_app;
-- It has no order and no equality of its own: nobody could tell what an index on it would mean.
SELECT DISTINCT note FROM patients;
SELECT note FROM patients ORDER BY note;
CREATE INDEX ON patients (note);
CREATE INDEX ON patients ((note::text));

-- Casts: text and varchar are sealed when they are assigned, and not before.
BEGIN;
SELECT FROM watertight.begin(:'a');
UPDATE patients SET note = 'x'::text, ssn = 'y'::varchar, photo = 'z'::bytea, history = '{"j": 1}'::json WHERE id = 3;
UPDATE patients SET history = '{"j": 2}'::jsonb WHERE id = 3 RETURNING note, photo, history, ssn;
SELECT pg_typeof(note::text), pg_typeof(ssn::text), pg_typeof(history::jsonb), pg_typeof(photo::bytea) FROM patients WHERE id = 3;
SELECT 'x'::text = note AS seals_nothing FROM patients WHERE id = 3;
ROLLBACK;

-- Values that are none. What is wrong with them is a part of them.
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; detail text; hint text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', SQLSTATE, message, nullif(detail, ''), nullif(hint, ''));
END $$;
BEGIN;
SELECT FROM watertight.begin(:'a');
SELECT try($$SELECT '{"secret": canary'::watertight.encrypted_jsonb$$);
SELECT try($$SELECT '\xcanary'::watertight.encrypted_bytea$$);
SELECT try($$SELECT '"\u0000"'::watertight.encrypted_jsonb$$);
SELECT try($$INSERT INTO patients (id, note) VALUES (1, 'canary')$$);
ALTER TABLE patients ADD CONSTRAINT short CHECK (length(note) < 1000) NOT VALID;
SELECT try($$INSERT INTO patients (id, note) SELECT 100, repeat('canary', 1000)$$);
COMMIT;

-- Equality, by index.
BEGIN;
SELECT FROM watertight.begin(:'a');
ALTER TABLE patients DROP CONSTRAINT short;
INSERT INTO patients (id, note, ssn) SELECT n, 'note ' || n, 'ssn-' || n FROM generate_series(1000, 3000) AS n;
COMMIT;
CREATE UNIQUE INDEX patients_ssn ON patients (tenant_id, ssn);
CREATE INDEX patients_hash ON patients USING hash (ssn);
ANALYZE patients;
BEGIN;
SELECT FROM watertight.begin(:'a');
SELECT id FROM patients WHERE ssn = 'ssn-2000';
SELECT id FROM patients WHERE ssn = 'ssn-2000'::text;
SELECT id FROM patients WHERE 'ssn-2000'::varchar = ssn;
SELECT count(*) FROM patients WHERE ssn <> 'ssn-2000'::text;
SELECT count(*) FROM patients WHERE ssn <> 'ssn-2000';
SELECT id FROM patients WHERE ssn IN ('ssn-2000', 'nobody', 'ssn-2001') ORDER BY id;
SELECT id FROM patients WHERE ssn = ANY ('{ssn-2000,nobody,ssn-2001,ssn-2000}'::text[]) ORDER BY id;
SELECT id FROM patients WHERE ssn = ANY ('{ssn-2000,nobody}'::varchar[]);
EXPLAIN (COSTS OFF) SELECT id FROM patients WHERE ssn = 'ssn-2000';
EXPLAIN (COSTS OFF) SELECT id FROM patients WHERE ssn = 'ssn-2000'::text;
EXPLAIN (COSTS OFF) SELECT id FROM patients WHERE 'ssn-2000'::varchar = ssn;
SET LOCAL enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM patients WHERE ssn = ANY ('{ssn-2000,ssn-2001}'::text[]);
EXPLAIN (COSTS OFF) SELECT id FROM patients WHERE ssn IN ('ssn-2000', 'ssn-2001');
RESET enable_seqscan;
PREPARE find (text) AS SELECT id FROM patients WHERE ssn = $1;
SET LOCAL plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE find ('ssn-2500');
EXECUTE find ('ssn-2500');
-- Only the hash index.
RESET plan_cache_mode;
SET LOCAL enable_indexscan = off;
SET LOCAL enable_seqscan = off;
SELECT id FROM patients WHERE ssn = 'ssn-2000'::text;
SELECT id FROM patients WHERE ssn = ANY ('{ssn-2000,ssn-2001}'::text[]) ORDER BY id;
ROLLBACK;

-- The families are whole, and one order with texts as without: an index sorts an array of text by it.
SELECT opcname, amname, amvalidate(c.oid) FROM pg_opclass AS c JOIN pg_am AS a ON a.oid = c.opcmethod
 WHERE opcintype = 'watertight.searchable_text'::regtype ORDER BY amname;
SELECT opfname, p.proname FROM pg_amproc JOIN pg_opfamily AS f ON f.oid = amprocfamily JOIN pg_proc AS p ON p.oid = amproc
 WHERE opfname = 'searchable_text_ops' AND NOT proleakproof;
BEGIN;
SELECT FROM watertight.begin(:'a');
WITH value AS (SELECT n::text AS plain, n::text::watertight.searchable_text AS sealed FROM generate_series(1, 50) AS n)
SELECT count(*), bool_and(
           (a.sealed OPERATOR(watertight.~<~) b.sealed) = ALL (ARRAY[a.sealed OPERATOR(watertight.~<~) b.plain, a.plain OPERATOR(watertight.~<~) b.sealed, a.plain OPERATOR(watertight.*<) b.plain])
       AND (a.sealed OPERATOR(watertight.~<=~) b.sealed) = ALL (ARRAY[a.sealed OPERATOR(watertight.~<=~) b.plain, a.plain OPERATOR(watertight.~<=~) b.sealed, a.plain OPERATOR(watertight.*<=) b.plain])
       AND (a.sealed = b.sealed) = ALL (ARRAY[a.sealed = b.plain, a.plain = b.sealed, a.plain OPERATOR(watertight.*=) b.plain])
       AND (a.sealed OPERATOR(watertight.~>=~) b.sealed) = ALL (ARRAY[a.sealed OPERATOR(watertight.~>=~) b.plain, a.plain OPERATOR(watertight.~>=~) b.sealed, a.plain OPERATOR(watertight.*>=) b.plain])
       AND (a.sealed OPERATOR(watertight.~>~) b.sealed) = ALL (ARRAY[a.sealed OPERATOR(watertight.~>~) b.plain, a.plain OPERATOR(watertight.~>~) b.sealed, a.plain OPERATOR(watertight.*>) b.plain])) AS one_order
  FROM value AS a, value AS b;
SELECT count(*) FROM (SELECT n::text AS t FROM generate_series(1, 50) AS n) AS a JOIN (SELECT n::text AS t FROM generate_series(26, 75) AS n) AS b ON a.t OPERATOR(watertight.*=) b.t;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_nestloop = off;
SELECT count(*) FROM (SELECT n::text AS t FROM generate_series(1, 50) AS n) AS a JOIN (SELECT n::text AS t FROM generate_series(26, 75) AS n) AS b ON a.t OPERATOR(watertight.*=) b.t;
ROLLBACK;

-- DISTINCT, GROUP BY, joins: hashed, sorted and merged.
BEGIN;
SELECT FROM watertight.begin(:'a');
CREATE TABLE visits (visit int, ssn watertight.searchable_text, plain text);
INSERT INTO visits SELECT n, 'ssn-' || n % 50 + 2000, 'ssn-' || n % 50 + 2000 FROM generate_series(1, 500) AS n;
ANALYZE visits;
SELECT count(DISTINCT ssn), count(*) FROM visits;
SELECT count(*) FROM (SELECT ssn FROM visits GROUP BY ssn) AS s;
SELECT count(*) FROM (SELECT ssn FROM visits UNION SELECT ssn FROM patients WHERE id >= 2000) AS s;
SET LOCAL enable_nestloop = off;
SET LOCAL enable_mergejoin = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM visits v JOIN patients p ON p.ssn = v.ssn;
SELECT count(*) FROM visits v JOIN patients p ON p.ssn = v.ssn;
EXPLAIN (COSTS OFF) SELECT count(*) FROM visits v JOIN patients p ON p.ssn = v.plain;
SELECT count(*) FROM visits v JOIN patients p ON p.ssn = v.plain;
SET LOCAL enable_mergejoin = on;
SET LOCAL enable_hashjoin = off;
SELECT count(*) FROM visits v JOIN patients p ON p.ssn = v.ssn;
SET LOCAL enable_mergejoin = off;
SET LOCAL enable_nestloop = on;
EXPLAIN (COSTS OFF) SELECT count(*) FROM visits v JOIN patients p ON p.ssn = v.plain;
SELECT count(*) FROM visits v JOIN patients p ON p.ssn = v.plain;
COMMIT;

-- Unique, and UPSERT.
BEGIN;
SELECT FROM watertight.begin(:'a');
SELECT try($$INSERT INTO patients (id, ssn) VALUES (5000, '123-45-6789')$$);
INSERT INTO patients (id, ssn, note) VALUES (5000, '123-45-6789', 'new')
    ON CONFLICT (tenant_id, ssn) DO UPDATE SET note = excluded.note || ', was ' || patients.note RETURNING id, note;
INSERT INTO patients (id, ssn, note) VALUES (1, 'other', 'newer')
    ON CONFLICT (id) DO UPDATE SET note = excluded.note, ssn = excluded.ssn RETURNING id, note, ssn;
INSERT INTO patients (id, ssn) VALUES (5001, 'other') ON CONFLICT DO NOTHING;
ROLLBACK;
-- A column that is not touched stays as it is, byte by byte, and its key is the same.
RESET ROLE;
SET watertight.bypass = on;
CREATE TABLE test.before AS SELECT id, note::text AS note, ssn::text AS ssn FROM clinic.patients;
RESET watertight.bypass;
SET ROLE encrypted_app;
BEGIN;
SELECT FROM watertight.begin(:'a');
UPDATE patients SET photo = 'changed' WHERE id < 5;
UPDATE patients SET id = -id WHERE id < 5;
UPDATE patients SET id = -id WHERE id < 0;
COMMIT;
RESET ROLE;
SET watertight.bypass = on;
SELECT count(*) AS rows, count(*) FILTER (WHERE p.note::text IS NOT DISTINCT FROM b.note AND p.ssn::text IS NOT DISTINCT FROM b.ssn) AS same
  FROM clinic.patients AS p JOIN test.before AS b USING (id);
RESET watertight.bypass;
SET ROLE encrypted_app;

-- The other tenant: sees nothing, may have the same numbers.
BEGIN;
SELECT FROM watertight.begin(:'b');
SELECT count(*) FROM patients;
INSERT INTO patients (id, ssn, note) VALUES (9001, '123-45-6789', 'of b');
SELECT id, note FROM patients WHERE ssn = '123-45-6789';
COMMIT;

-- Without a context: the sealed form, all of it valid, none of it readable.
RESET ROLE;
SET watertight.bypass = on;
SELECT count(*), count(*) FILTER (WHERE note::text ~ '^watertight:v1:[A-Za-z0-9_-]+$' AND ssn::text ~ '^watertight:v1:') AS sealed FROM clinic.patients WHERE note IS NOT NULL AND ssn IS NOT NULL;
-- Equality across tenants does not show, equality inside does.
SELECT (SELECT ssn FROM clinic.patients WHERE id = 1) = (SELECT ssn FROM clinic.patients WHERE id = 9001) AS across,
       (SELECT ssn FROM clinic.patients WHERE id = 2000) = (SELECT ssn FROM clinic.visits WHERE visit = 50) AS inside;
SELECT photo::bytea FROM clinic.patients WHERE id = 1;
SELECT history::jsonb FROM clinic.patients WHERE id = 1;
SELECT id FROM clinic.patients WHERE ssn = 'ssn-2000'::text;
SELECT id FROM clinic.patients WHERE ssn = 'ssn-2000';
INSERT INTO clinic.patients (id, tenant_id, note) VALUES (5002, '0a000000-0000-7000-8000-000000000001', 'plaintext');
INSERT INTO clinic.patients (id, tenant_id, note) VALUES (5002, '0a000000-0000-7000-8000-000000000001', 'watertight:v1:AAAA');
SELECT try($$SELECT '$$ || ssn::text || $$'::watertight.encrypted_text$$) FROM clinic.patients WHERE id = 1;

-- Dump and restore: the same bytes.
CREATE TABLE test.restored (LIKE clinic.patients);
COPY clinic.patients TO '/tmp/watertight-encrypted-types.copy';
COPY test.restored FROM '/tmp/watertight-encrypted-types.copy';
\! grep -c 'ssn-2000\|a cold\|123-45' /tmp/watertight-encrypted-types.copy
COPY clinic.patients TO '/tmp/watertight-encrypted-types.copy' (FORMAT binary);
TRUNCATE test.restored;
COPY test.restored FROM '/tmp/watertight-encrypted-types.copy' (FORMAT binary);
\! grep -c -a 'ssn-2000\|a cold\|123-45' /tmp/watertight-encrypted-types.copy
\! rm /tmp/watertight-encrypted-types.copy
SELECT count(*) AS restored, count(*) FILTER (WHERE p::text = r::text) AS same
  FROM test.restored AS r JOIN clinic.patients AS p USING (id);
GRANT SELECT ON test.restored TO encrypted_app;

-- What the files say: another row's value, another tenant's, a changed one.
SET watertight.token = :'a';
SELECT note, ssn FROM test.restored WHERE id = 4;
SELECT note FROM test.restored WHERE id = 9001;
SELECT note::text FROM test.restored WHERE id = 9001;
SELECT ssn FROM test.restored WHERE id = 9001;
RESET watertight.token;
CREATE FUNCTION test.flip(sealed text, at int) RETURNS text LANGUAGE sql AS $$
    SELECT 'watertight:v1:' || rtrim(translate(encode(set_byte(b, at, get_byte(b, at) # 1), 'base64'), E'+/=\n', '-_'), '=')
      FROM decode(rpad(translate(substr(sealed, 15), '-_', '+/'), (length(sealed) - 11) / 4 * 4, '='), 'base64') AS b $$;
CREATE TABLE test.flipped AS
    SELECT at, test.flip(note::text, at)::watertight.encrypted_text AS note, test.flip(ssn::text, at)::watertight.searchable_text AS ssn
      FROM clinic.patients, (VALUES (9), (20), (35), (50)) AS place (at) WHERE id = 4;
SET watertight.token = :'a';
SELECT at, try(format('SELECT note::text FROM test.flipped WHERE at = %s', at)) AS note, try(format('SELECT ssn::text FROM test.flipped WHERE at = %s', at)) AS ssn
  FROM generate_series(1, 50) AS at WHERE at IN (9, 20, 35, 50);
RESET watertight.token;
RESET watertight.bypass;
SET ROLE encrypted_app;

-- COPY in a context is of plaintext, both ways.
BEGIN;
SELECT FROM watertight.begin(:'a');
COPY (SELECT id, note, photo, history, ssn FROM patients WHERE id < 6 ORDER BY id) TO STDOUT;
CREATE TABLE copied AS SELECT id, note, photo, history, ssn FROM patients LIMIT 0;
COPY copied FROM STDIN;
6001	copied	\\x0102	{"k": 1}	copied-ssn
\.
SELECT note, photo, history FROM copied WHERE ssn = 'copied-ssn';
COMMIT;
SELECT left(note::text, 14), left(ssn::text, 14), left(photo::text, 14), left(history::text, 14) FROM copied;

-- encrypt() and decrypt() bind to what the caller names.
BEGIN;
SELECT FROM watertight.begin(:'a');
SELECT watertight.encrypt('secret', 'patients.1') AS sealed \gset
SELECT watertight.decrypt(:'sealed', 'patients.1');
SELECT try(format('SELECT watertight.decrypt(%L, ''patients.2'')', :'sealed'));
SELECT try(format('SELECT watertight.decrypt(%L, '''')', :'sealed'));
SELECT try($$SELECT watertight.decrypt('\x0102', 'patients.1')$$);
SELECT watertight.key_id(:'sealed'::bytea) > 0 AS has_key, watertight.key_id('\x0102'::bytea) AS of_other_bytes, watertight.key_id(decode(repeat('05', 40), 'hex')) > 0 AS of_its_form;
SELECT watertight.encrypt('secret', 'c') = watertight.encrypt('secret', 'c') AS deterministic, watertight.encrypt(NULL, 'c'), watertight.decrypt(NULL, 'c');
SELECT watertight.decrypt(watertight.encrypt('', ''), '') = '' AS empty;
COMMIT;
BEGIN;
SELECT FROM watertight.begin(:'b');
SELECT try(format('SELECT watertight.decrypt(%L, ''patients.1'')', :'sealed'));
COMMIT;
SELECT try(format('SELECT watertight.decrypt(%L, ''patients.1'')', :'sealed'));
SELECT try($$SELECT watertight.encrypt('x', 'y')$$);
