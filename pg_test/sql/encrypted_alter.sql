-- ALTER TABLE by hand opens no value, and writes no sealed form into rows as something else: whatever the expression calls, and what that
-- calls.
\set SHOW_CONTEXT never
CREATE ROLE alter_app LOGIN;
CREATE SCHEMA ward AUTHORIZATION alter_app;
SELECT test.token('hospital_a') AS a \gset
SET ROLE alter_app;
SET search_path = ward;
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' | ' || SQLERRM;
END $$;
CREATE TYPE pair AS (note watertight.encrypted_text, n int);
CREATE DOMAIN secret AS watertight.encrypted_text;
CREATE TYPE span AS RANGE (SUBTYPE = watertight.searchable_text);
CREATE TABLE visits (
    id      int PRIMARY KEY,
    plain   text,
    note    watertight.encrypted_text,
    photo   watertight.encrypted_bytea,
    history watertight.encrypted_jsonb,
    ssn     watertight.searchable_text,
    secret  secret,
    tags    watertight.encrypted_text[],
    pair    pair,
    span    span,
    bound   bytea);
CREATE TABLE source (note watertight.encrypted_text, tags watertight.encrypted_text[]);
BEGIN;
SELECT FROM watertight.begin(:'a');
INSERT INTO visits SELECT n, 'plain', says, says::bytea, to_jsonb(says), says, says::watertight.encrypted_text, ARRAY[says::watertight.encrypted_text],
        ROW(says, 1)::pair, span(says::watertight.searchable_text, says::watertight.searchable_text, '[]'), watertight.encrypt(says, 'x')
  FROM generate_series(1, 3) AS n, LATERAL (SELECT 'canary ' || n) AS x (says);
INSERT INTO source SELECT note, tags FROM visits;
COMMIT;
-- What a function does in the middle of it is not done elsewhere: not by one that opens what it looks up, nor in a parallel worker.
CREATE FUNCTION looks_up() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT string_agg(format('%s', tags), ',') FROM ward.source); END $$;
CREATE FUNCTION catches(watertight.encrypted_text[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN RETURN $1::text; EXCEPTION WHEN feature_not_supported THEN RAISE EXCEPTION 'caught'; END $$;
CREATE FUNCTION in_parallel() RETURNS text LANGUAGE plpgsql STABLE SET max_parallel_workers_per_gather = 2 SET parallel_leader_participation = off
    SET parallel_setup_cost = 0 SET parallel_tuple_cost = 0 SET min_parallel_table_scan_size = 0 AS $$
BEGIN RETURN (SELECT max(array_to_string(tags, ',')) FROM ward.source); END $$;
CREATE FUNCTION alters() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    ALTER TABLE ward.source ALTER tags TYPE text USING tags::text;
    RETURN 'x';
END $$;
CREATE TABLE numbers AS SELECT 1 AS n;
CREATE FUNCTION alters_in_index(int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN ward.alters(); END $$;

CREATE TABLE ways (what text);
INSERT INTO ways SELECT unnest(ARRAY[
    'note::text', 'photo::text', 'history::text', 'history::json::text', 'ssn::text', 'secret::text', 'tags::text', 'tags::text[]::text', 'pair::text',
    'span::text', '(pair).note::text', 'lower(span)::text', 'array_to_string(tags, '','')', 'array_out(tags)::text', 'record_out(pair)::text',
    'range_out(span)::text', 'encode(array_send(tags), ''escape'')', 'encode(record_send(pair), ''escape'')',
    'encode(watertight.encrypted_text_send(note), ''escape'')', 'watertight.encrypted_text_out(note)::text', 'format(''%s'', note)',
    'format(''%s'', tags)', 'concat(note)', 'concat_ws('','', pair, tags)', 'note || ''x''::text', 'quote_literal(tags)', 'to_json(note)::text',
    'to_jsonb(note)::text', 'to_jsonb(history)::text', 'to_json(tags)::text', 'json_build_array(history)::text', 'jsonb_build_object(''x'', pair)::text',
    'row_to_json(pair)::text', 'row_to_json(visits)::text', 'visits::text', 'array_to_json(tags)::text',
    'xmlserialize(CONTENT xmlelement(name x, note) AS text)', 'xmlserialize(CONTENT xmlforest(tags AS x) AS text)',
    'watertight.decrypt(bound, ''x'')', 'looks_up()', 'catches(tags)', 'in_parallel()', 'alters()']);
-- In a context.
BEGIN;
SELECT FROM watertight.begin(:'a');
SELECT in_parallel();
SAVEPOINT control;
SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0;
EXPLAIN (COSTS off) SELECT max(array_to_string(tags, ',')) FROM source;
ROLLBACK TO control;
SELECT try(format('ALTER TABLE visits ALTER plain TYPE text USING %s', what)) AS result, what FROM ways;
SELECT try('ALTER TABLE visits ADD more text DEFAULT ' || what) AS result, what FROM ways WHERE what IN ('looks_up()', 'in_parallel()', 'alters()');
SELECT try('ALTER TABLE visits ALTER history TYPE json USING history::json');
SELECT try('ALTER TABLE visits ALTER tags TYPE text USING tags::text');
SELECT try('CREATE INDEX ON numbers (alters_in_index(n))');
-- Nor is anything sealed.
SELECT try('ALTER TABLE visits ALTER ' || what) AS result, what
  FROM unnest(ARRAY['plain TYPE watertight.encrypted_text USING plain', 'plain TYPE watertight.encrypted_text[] USING ARRAY[plain]::text::watertight.encrypted_text[]',
        'plain TYPE pair USING (''('' || plain || '',1)'')::pair', 'bound TYPE bytea USING watertight.encrypt(plain, ''x'')']) AS what;
COMMIT;
-- Without one, what would come out is the sealed form.
SELECT try(format('ALTER TABLE visits ALTER plain TYPE text USING %s', what)) AS result, count(*), array_agg(what) FILTER (WHERE what = 'note::text')
  FROM ways GROUP BY 1 ORDER BY 1;
SELECT try('ALTER TABLE visits ALTER history TYPE json USING history::json');
SELECT try('ALTER TABLE visits ALTER tags TYPE text USING tags::text');
SELECT try('CREATE INDEX ON numbers (alters_in_index(n))');
SELECT DISTINCT plain FROM visits;

-- What leaves values as they are goes on: rows are written again, constraints are checked, and messages are what they should be.
ALTER TABLE visits ADD stamp timestamptz DEFAULT clock_timestamp(), ALTER plain TYPE varchar(100) USING upper(plain);
ALTER TABLE visits ADD again watertight.encrypted_text, ADD none watertight.encrypted_text[] DEFAULT '{}';
ALTER TABLE visits ADD copy watertight.encrypted_text GENERATED ALWAYS AS (note) STORED;
ALTER TABLE visits ADD CHECK (note IS NOT NULL), ADD CHECK (cardinality(tags) = 1), ADD CHECK (ssn = ssn), ALTER note SET NOT NULL;
ALTER TABLE visits ALTER tags TYPE watertight.encrypted_text[] USING tags[1:1], ALTER secret TYPE watertight.encrypted_text, ALTER ssn TYPE watertight.searchable_text;
ALTER TABLE visits ADD UNIQUE (ssn);
SELECT try('ALTER TABLE visits ADD CHECK (length(note) < 100)');
SELECT try('ALTER TABLE visits ADD CHECK (array_to_string(tags, '','') <> ''x'')');
ALTER TABLE visits ADD CHECK (array_to_string(tags, ',') <> 'x') NOT VALID;
CREATE TABLE parts (LIKE source) PARTITION BY LIST ((note IS NULL));
ALTER TABLE parts ATTACH PARTITION source FOR VALUES IN (false);
BEGIN;
SELECT FROM watertight.begin(:'a');
SELECT plain, note = secret::text, note = copy::text, tags::text FROM visits ORDER BY id;
CREATE TABLE twice AS SELECT ssn FROM visits, generate_series(1, 2);
DO $$ DECLARE detail text; BEGIN
    ALTER TABLE ward.twice ADD UNIQUE (ssn);
EXCEPTION WHEN unique_violation THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RAISE NOTICE '% % %', SQLSTATE, SQLERRM, left(detail, 25);
END $$;
DO $$ DECLARE detail text; BEGIN
    ALTER TABLE ward.twice ADD EXCLUDE (ssn WITH OPERATOR(pg_catalog.=));
EXCEPTION WHEN exclusion_violation THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RAISE NOTICE '% % %', SQLSTATE, SQLERRM, left(detail, 25);
END $$;
COMMIT;
-- The message of a foreign key cannot be told from an expression: there the error is another one, and says so.
CREATE TABLE refers AS SELECT ssn FROM visits;
ALTER TABLE refers ADD CONSTRAINT known FOREIGN KEY (ssn) REFERENCES visits (ssn);
ALTER TABLE refers DROP CONSTRAINT known;
DELETE FROM visits WHERE id = 1;
ALTER TABLE refers ADD CONSTRAINT known FOREIGN KEY (ssn) REFERENCES visits (ssn);
ALTER TABLE refers ADD CONSTRAINT known FOREIGN KEY (ssn) REFERENCES visits (ssn) NOT VALID;

-- The extension's own way.
CREATE TABLE notes (id int PRIMARY KEY, tenant_id uuid, note text, tags watertight.encrypted_text[]);
SELECT FROM watertight.protect('notes');
BEGIN;
SELECT FROM watertight.begin(:'a');
INSERT INTO notes (id, note) VALUES (1, 'canary'), (2, 'canary');
COMMIT;
RESET ROLE;
SELECT FROM watertight.encrypt_column('notes', 'note', searchable => true);
SELECT FROM watertight.decrypt_column('ward.notes', 'note');
SET watertight.bypass = on;
SELECT note FROM ward.notes;
RESET watertight.bypass;
