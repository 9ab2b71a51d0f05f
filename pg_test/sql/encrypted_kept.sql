-- What PostgreSQL computes of a column and keeps for everybody must not be what a sealed value says.
\set SHOW_CONTEXT never
CREATE ROLE kept_app LOGIN;
GRANT pg_read_all_stats TO kept_app;
CREATE SCHEMA clinic AUTHORIZATION kept_app;
SELECT test.token('hospital_a') AS a \gset
SET ROLE kept_app;
SET search_path = clinic;
CREATE TABLE letters (
    id       int PRIMARY KEY,
    tenant_id uuid,
    plain    text,
    note     watertight.encrypted_text,
    photo    watertight.encrypted_bytea,
    history  watertight.encrypted_jsonb,
    ssn      watertight.searchable_text,
    tags     watertight.encrypted_text[],
    bound    bytea);
SELECT FROM watertight.protect('letters');
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' | ' || SQLERRM;
END $$;
-- Functions that are not what they say they are.
CREATE FUNCTION says(watertight.encrypted_text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1; END $$;
CREATE FUNCTION says_in_sql(watertight.encrypted_text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1::text $$;
CREATE FUNCTION says_any(anyelement) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1::text; END $$;
CREATE FUNCTION says_row(letters) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1.note; END $$;
CREATE FUNCTION says_record(record) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1.f1; END $$;
CREATE FUNCTION says_bound(bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN watertight.decrypt($1, 'x'); END $$;
CREATE FUNCTION is_canary(watertight.encrypted_text, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1::text = $2; END $$;
CREATE OPERATOR === (LEFTARG = watertight.encrypted_text, RIGHTARG = text, FUNCTION = is_canary);
BEGIN;
SELECT FROM watertight.begin(:'a');
INSERT INTO letters SELECT n, watertight.tenant_id(), 'plain', says, says::bytea, to_jsonb(says), says, ARRAY[says::watertight.encrypted_text], watertight.encrypt(says, 'x')
  FROM generate_series(1, 100) AS n, LATERAL (SELECT 'canary ' || n % 3) AS x (says);
COMMIT;

-- Statistics of what is opened, whoever opens it.
SELECT try('CREATE STATISTICS s ON ' || on_what || ' FROM letters') AS result, on_what
  FROM unnest(ARRAY['(note::text), plain', '(note || ''x''::text), plain', '(upper(ssn)), plain', '(history->>0), plain', '(photo::bytea), plain',
        '(says(note)), plain', '(says_in_sql(note)), plain', '(says_any(ssn)), plain', '(says_any(ROW(note))), plain',
        '(says_record(ROW(note, plain))), plain', '(format(''%s'', note)), plain', '(note === ''canary''), plain',
        '(array_to_string(tags, '','')), plain', '(tags::text[]), plain', '(watertight.decrypt(bound, ''x'')), plain',
        '(CASE WHEN plain = ''plain'' THEN says(note) END), plain', '(ssn = ''canary 1''::text), plain', '(note IS NULL AND says(note) = ''x''), plain']) AS on_what;
CREATE STATISTICS s ON (says(note)), plain FROM letters;
-- What opens nothing.
CREATE STATISTICS harmless ON (note IS NULL), (ssn = ssn), (upper(plain)), (watertight.key_id(note)), (cardinality(tags)), (coalesce(ssn, ssn)), ssn FROM letters;
BEGIN;
SELECT FROM watertight.begin(:'a');
ANALYZE letters;
COMMIT;

-- Indexes.
SELECT try('CREATE INDEX ON letters ' || on_what) AS result, on_what
  FROM unnest(ARRAY['((note::text))', '(says(note))', '(says_in_sql(note))', '(says_any(note))', '(says_row(letters))', '(says_record(ROW(note, plain)))',
        '((xmlserialize(CONTENT xmlelement(name a, note) AS text)))',
        '(plain) WHERE says(note) = ''canary 1''', '(plain) WHERE note === ''canary 1''', 'USING hash (says(note))']) AS on_what;
SELECT try('ALTER TABLE letters ADD EXCLUDE (says(note) WITH =)');
CREATE INDEX CONCURRENTLY says_late ON letters (says(note));
CREATE INDEX harmless_index ON letters (plain) WHERE note IS NOT NULL AND ssn = ssn;

-- Generated columns, and partition keys.
SELECT try('ALTER TABLE letters ADD COLUMN says text GENERATED ALWAYS AS (' || what || ') STORED') AS result, what
  FROM unnest(ARRAY['note::text', 'says(note)', 'says_in_sql(note)', 'says_any(note)', 'xmlserialize(CONTENT xmlelement(name a, note) AS text)']) AS what;
SELECT try('CREATE TABLE t (note watertight.encrypted_text, says text GENERATED ALWAYS AS (says(note)) STORED)');
SELECT try('CREATE TABLE t (note watertight.encrypted_text) PARTITION BY LIST (says(note))');
SELECT try('CREATE TABLE t (note watertight.encrypted_text) PARTITION BY RANGE (says_any(note))');
CREATE TABLE copies (note watertight.encrypted_text, again watertight.encrypted_text GENERATED ALWAYS AS (note) STORED, given boolean GENERATED ALWAYS AS (note IS NOT NULL) STORED);

-- A column becomes an encrypted one, or gets another function.
CREATE TABLE plainly (id int PRIMARY KEY, tenant_id uuid, note text, other text);
SELECT FROM watertight.protect('plainly');
CREATE STATISTICS of_text ON (lower(note)), other FROM plainly;
CREATE FUNCTION says_plainly(plainly) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN lower($1.note); END $$;
CREATE INDEX of_row ON plainly (says_plainly(plainly));
RESET ROLE;
SELECT try($$SELECT watertight.encrypt_column('plainly', 'note')$$);
SET ROLE kept_app;
SELECT try($$ALTER TABLE plainly ALTER COLUMN note TYPE watertight.encrypted_text$$);
DROP STATISTICS of_text;
RESET ROLE;
SELECT try($$SELECT watertight.encrypt_column('plainly', 'note')$$);
SET ROLE kept_app;
SELECT try($$ALTER TABLE plainly ALTER COLUMN note TYPE watertight.encrypted_text$$);
SELECT try($$ALTER TABLE plainly ADD COLUMN more watertight.encrypted_text$$);
DROP INDEX of_row;
RESET ROLE;
SELECT try($$SELECT watertight.encrypt_column('plainly', 'note')$$);
SET ROLE kept_app;
SELECT try($$CREATE TABLE liked (LIKE letters INCLUDING ALL)$$);
CREATE TABLE of_both (note watertight.encrypted_text, says text);
SELECT try($$ALTER TABLE of_both ALTER COLUMN says TYPE watertight.encrypted_text, ADD COLUMN t text GENERATED ALWAYS AS (says(says)) STORED$$);

-- Rows of another table, or of a type, that get such a column after what computes something of them.
CREATE TABLE row_of (id int, plain text);
CREATE TABLE row_of_child () INHERITS (row_of);
CREATE TYPE whole AS (id int, plain text);
CREATE TYPE nested AS (w whole, n int);
CREATE TABLE typed OF whole;
CREATE DOMAIN several AS row_of[];
CREATE TYPE row_span AS RANGE (SUBTYPE = row_of);
CREATE VIEW seen AS SELECT 1 AS id;
CREATE FUNCTION says_json(anyelement) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN to_jsonb($1)->>'secret'; END $$;
CREATE FUNCTION says_row_of(row_of) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN to_jsonb($1)->>'secret'; END $$;
CREATE FUNCTION makes_row_of(int) RETURNS row_of LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN (SELECT r FROM clinic.row_of AS r LIMIT 1); END $$;
CREATE TABLE has_row (c row_of, d whole, e nested, f several, g seen, h row_span, i int, j nested[]);
CREATE FUNCTION after(made text, altered text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    EXECUTE made;
    result := try(altered);
    RAISE EXCEPTION 'undone';
EXCEPTION WHEN raise_exception THEN
    RETURN result;
END $$;
SELECT after(made, altered), made, altered
  FROM (VALUES
        ('CREATE INDEX ON has_row (says_row_of(c))', 'ALTER TABLE row_of ADD secret watertight.encrypted_text'),
        ('CREATE INDEX ON has_row (i) WHERE says_json(c) IS NULL', 'ALTER TABLE row_of ADD secret watertight.encrypted_text'),
        ('ALTER TABLE has_row ADD x text GENERATED ALWAYS AS (says_row_of(c)) STORED', 'ALTER TABLE row_of ADD secret watertight.encrypted_text'),
        ('CREATE TABLE computed (i int, x text GENERATED ALWAYS AS (says_json(makes_row_of(i))) STORED)', 'ALTER TABLE row_of ADD secret watertight.encrypted_text'),
        ('CREATE STATISTICS of_row ON (says_json(c)), i FROM has_row', 'ALTER TABLE row_of ADD secret watertight.encrypted_text'),
        ('CREATE TABLE parted (c row_of) PARTITION BY LIST (says_json(c))', 'ALTER TABLE row_of ADD secret watertight.encrypted_text'),
        ('CREATE INDEX ON row_of_child (says_json(row_of_child))', 'ALTER TABLE row_of ADD secret watertight.encrypted_text'),
        ('CREATE INDEX ON has_row (says_json(f))', 'ALTER TABLE row_of ADD secret watertight.encrypted_text'),
        ('CREATE INDEX ON has_row (says_json(h))', 'ALTER TABLE row_of ADD secret watertight.encrypted_text'),
        ('CREATE INDEX ON has_row (says_json(makes_row_of(i)))', 'ALTER TABLE row_of ADD secret watertight.encrypted_text'),
        ('CREATE INDEX ON has_row (says_json(d))', 'ALTER TYPE whole ADD ATTRIBUTE secret watertight.encrypted_text CASCADE'),
        ('CREATE INDEX ON has_row (says_json(e))', 'ALTER TYPE whole ADD ATTRIBUTE secret watertight.encrypted_text CASCADE'),
        ('CREATE INDEX ON has_row (says_json(j))', 'ALTER TYPE whole ADD ATTRIBUTE secret watertight.encrypted_text CASCADE'),
        ('CREATE INDEX ON typed (says_json(typed))', 'ALTER TYPE whole ADD ATTRIBUTE secret watertight.encrypted_text CASCADE'),
        ('CREATE INDEX ON has_row (says_json(g))', 'CREATE OR REPLACE VIEW seen AS SELECT 1 AS id, NULL::watertight.encrypted_text AS secret'),
        ('CREATE INDEX ON has_row (i) WHERE c IS NULL', 'ALTER TABLE row_of ADD secret watertight.encrypted_text'),
        ('CREATE INDEX ON has_row (says_row_of(c))', 'ALTER TABLE row_of ADD secret text')) AS x (made, altered);
CREATE DOMAIN notes AS watertight.encrypted_text[];
CREATE TABLE deep (notes notes[]);
SELECT try('CREATE INDEX ON deep (says_any(notes))');

-- Opened behind PostgreSQL's back: nothing opens where it works for everybody.
CREATE TABLE loose (id int, note watertight.encrypted_text, ssn watertight.searchable_text);
CREATE FUNCTION looks_up(int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN RETURN (SELECT note FROM clinic.loose WHERE id = $1); END $$;
CREATE FUNCTION shows_up(int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN RETURN (SELECT format('%s', note) FROM clinic.loose WHERE id = $1); END $$;
CREATE TABLE ids AS SELECT n AS id, n AS other FROM generate_series(1, 100) AS n;
CREATE STATISTICS looked_up ON (looks_up(id)), other FROM ids;
CREATE STATISTICS bound ON (says_bound(bound)), plain FROM letters;
BEGIN;
SELECT FROM watertight.begin(:'a');
INSERT INTO loose SELECT n, 'canary', 'canary' FROM generate_series(1, 100) AS n;
SELECT looks_up(1), shows_up(1);
SELECT try('ANALYZE ids');
SELECT try('ANALYZE letters');
DROP STATISTICS bound;
SELECT try('CREATE INDEX ON ids (looks_up(id))');
SELECT try('CREATE MATERIALIZED VIEW m AS SELECT id, looks_up(id) FROM ids');
SELECT try('CREATE MATERIALIZED VIEW m AS SELECT id, note::text FROM loose');
SELECT try('CREATE MATERIALIZED VIEW m AS SELECT watertight.decrypt(watertight.encrypt(''canary'', ''x''), ''x'')');
CREATE MATERIALIZED VIEW sealed AS SELECT id, note FROM loose;
REFRESH MATERIALIZED VIEW sealed;
CREATE MATERIALIZED VIEW filled_later AS SELECT id, note::text FROM loose WITH NO DATA;
SELECT try('REFRESH MATERIALIZED VIEW filled_later');
-- PostgreSQL puts values out for its messages: they are not opened, and the message is the one that it should be.
DO $$ DECLARE detail text; BEGIN
    CREATE UNIQUE INDEX one ON loose (ssn);
EXCEPTION WHEN unique_violation THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RAISE NOTICE '% % %', SQLSTATE, SQLERRM, left(detail, 25);
END $$;
ROLLBACK;
BEGIN;
SELECT FROM watertight.begin(:'a');
INSERT INTO loose SELECT n, 'canary', 'canary' FROM generate_series(1, 100) AS n;
COMMIT;
-- Without a context it is the sealed form that is kept; and what is put out in one, too.
ANALYZE ids;
DROP STATISTICS looked_up;
CREATE STATISTICS shown_up ON (shows_up(id)), other FROM ids;
BEGIN;
SELECT FROM watertight.begin(:'a');
ANALYZE ids;
COMMIT;
SELECT count(*), count(*) FILTER (WHERE exprs LIKE '%watertight:v1:%') AS sealed
  FROM (SELECT (most_common_vals::text || coalesce(histogram_bounds::text, '')) AS exprs FROM pg_stats_ext_exprs WHERE statistics_name = 'shown_up') AS s;

-- A range whose statistics would be computed of what its bounds say.
CREATE FUNCTION distance(watertight.searchable_text, watertight.searchable_text) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN RETURN length($1) - length($2); END $$;
CREATE TYPE span AS RANGE (SUBTYPE = watertight.searchable_text, SUBTYPE_DIFF = distance);
CREATE TABLE spans (span span);
BEGIN;
SELECT FROM watertight.begin(:'a');
INSERT INTO spans SELECT span(s, s, '[]') FROM generate_series(1, 10) AS n, LATERAL (SELECT ('canary' || n)::text::watertight.searchable_text) AS x (s);
SELECT try('ANALYZE spans');
COMMIT;

-- What the extension itself does as a table's owner opens nothing either, but for decrypt_column.
CREATE TABLE checked (id int PRIMARY KEY, tenant_id uuid, note text);
ALTER TABLE checked ADD CONSTRAINT short CHECK (length(note) < 20) NOT VALID;
SELECT FROM watertight.protect('checked');
BEGIN;
SELECT FROM watertight.begin(:'a');
INSERT INTO checked (id, note) VALUES (1, 'canary');
COMMIT;
RESET ROLE;
SELECT try($$SELECT watertight.encrypt_column('checked', 'note')$$);
SELECT FROM watertight.decrypt_column('clinic.checked', 'note');
SET watertight.bypass = on;
SELECT note FROM clinic.checked;
RESET watertight.bypass;

-- In none of them, in no catalog.
SELECT count(*) AS statistics, count(*) FILTER (WHERE stxdexpr::text LIKE '%canary%') AS telling FROM pg_statistic_ext_data;
SELECT count(*) > 0 AS statistics, count(*) FILTER (WHERE s::text LIKE '%canary%') AS telling FROM pg_statistic AS s;
