-- Conditions that have been examined are answered by indexes; all others stay behind the tenant's predicate.
\set VERBOSITY terse
CREATE TABLE note (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id uuid, author bigint, name text, body text, doc tsvector,
    data jsonb, amount numeric, tags text[], during int4range, address inet, place point);
INSERT INTO note (tenant_id, author, name, body, doc, data, amount, tags, during, address, place)
SELECT t.id, i % 50, md5(i::text || t.name), 'word' || i || ' of ' || t.name, to_tsvector('simple', 'word' || i), jsonb_build_object('k', i),
       i, ARRAY['t' || i, 'u' || i % 10], int4range(i, i + 5), '10.0.0.0'::inet + i, point(i, i)
  FROM watertight.tenants AS t, generate_series(1, 3000) AS i;
CREATE INDEX ON note USING gin (doc);
CREATE INDEX ON note USING gin (to_tsvector('simple', body));
CREATE INDEX ON note USING gin (data);
CREATE INDEX ON note USING gin (tags);
CREATE INDEX ON note USING gist (during);
CREATE INDEX ON note USING gist (address inet_ops);
CREATE INDEX ON note USING spgist (place kd_point_ops);
CREATE INDEX ON note (amount);
CREATE INDEX ON note (lower(name));
CREATE INDEX ON note (name text_pattern_ops);
SELECT count(*) > 0 AS protected FROM watertight.protect('note');
ANALYZE note;
CREATE ROLE searcher;
GRANT SELECT ON note TO searcher;
SET enable_seqscan = off;

SELECT set_config('watertight.token', test.token('hospital_a'), false) <> '' AS token_set;
-- A function that tells what it sees, in an operator.
CREATE FUNCTION public.tell(text) RETURNS text LANGUAGE plpgsql IMMUTABLE COST 0.0001 AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN $1; END $$;
CREATE FUNCTION public.same(text, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.0001
    AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN $1 = $2; END $$;
CREATE OPERATOR public.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = public.same, RESTRICT = eqsel);
SET ROLE searcher;

-- Answered by an index.
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE doc @@ 'word7'::tsquery;
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE doc @@ to_tsquery('word7');
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE to_tsvector('simple', body) @@ 'word7'::tsquery;
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE data @> '{"k": 7}';
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE tags @> '{t7}';
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE during && '[7,8)';
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE address << '10.0.0.8/29';
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE place <@ box '((6,6),(8,8))';
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE amount BETWEEN 7 AND 8;
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE lower(name) = 'x';
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE name LIKE 'abc%';
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE doc @@ 'word7'::tsquery OR tags @> '{t7}';
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE amount = 7 AND tenant_id = '0a000000-0000-7000-8000-000000000001';
EXPLAIN (COSTS OFF) SELECT a.id FROM note AS a JOIN note AS b ON a.tags @> b.tags WHERE b.amount = 7;
SELECT count(*) FROM note WHERE doc @@ 'word7'::tsquery;
SELECT count(*) FROM note WHERE tags @> '{u7}' AND during && '[7,1000)';
-- An inexact bitmap asks the tenant's predicate first.
SET work_mem = '64kB';
SELECT count(*) FROM note WHERE to_tsvector('simple', body) @@ 'of'::tsquery;
RESET work_mem;

-- Not answered by an index: nothing is told about the rows of the other.
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE name LIKE 'abc\';
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE amount = 7 AND tell(name) = 'x';
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE lower(tell(name)) = 'x';
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE name === 'x';
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE doc @@ 'word7'::tsquery OR name === 'x';
SELECT id FROM note WHERE amount = 7 AND tell(body) = 'x';
SELECT id FROM note WHERE doc @@ 'word7'::tsquery AND body === 'x';
SELECT id FROM note WHERE (tags @> '{t7}' OR doc @@ 'word7'::tsquery) AND body === 'x';
SELECT a.id FROM note AS a JOIN note AS b ON a.tags @> b.tags AND b.body === 'x' WHERE b.amount = 7;
-- A query that is too large for a search whose depth depends on the row.
SELECT count(*) FROM note WHERE doc @@ to_tsquery(repeat('x&', 499) || 'x');
SELECT count(*) FROM note WHERE doc @@ to_tsquery(repeat('x&', 500) || 'x');

-- Switched off.
SET watertight.search_indexes = off;
RESET ROLE;
SET watertight.search_indexes = off;
SET ROLE searcher;
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE amount = 7;
RESET ROLE;
RESET watertight.search_indexes;

-- A kept plan follows the setting.
PREPARE find AS SELECT id FROM note WHERE amount = $1;
SET plan_cache_mode = force_generic_plan;
SET ROLE searcher;
EXPLAIN (COSTS OFF) EXECUTE find(7);
RESET ROLE;
SET watertight.search_indexes = off;
SET ROLE searcher;
EXPLAIN (COSTS OFF) EXECUTE find(7);
RESET ROLE;
RESET watertight.search_indexes;
DEALLOCATE find;
RESET plan_cache_mode;

-- Another policy, or a security barrier, keeps PostgreSQL's own rule.
CREATE VIEW mine WITH (security_barrier, security_invoker) AS SELECT * FROM note WHERE author = 1;
GRANT SELECT ON mine TO searcher;
SET ROLE searcher;
EXPLAIN (COSTS OFF) SELECT id FROM mine WHERE amount = 7;
RESET ROLE;
CREATE POLICY own ON note AS RESTRICTIVE USING (author = 1);
SET ROLE searcher;
EXPLAIN (COSTS OFF) SELECT id FROM note WHERE amount = 7;
RESET ROLE;
DROP POLICY own ON note;

-- Tables that are not protected are left to PostgreSQL.
CREATE TABLE plain (amount numeric, owner name DEFAULT CURRENT_USER);
CREATE INDEX ON plain (amount);
ALTER TABLE plain ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON plain USING (owner = CURRENT_USER);
GRANT SELECT ON plain TO searcher;
RESET enable_seqscan;
SET ROLE searcher;
EXPLAIN (COSTS OFF) SELECT amount FROM plain WHERE amount = 7;
RESET ROLE;
SET enable_seqscan = off;

-- An order that is computed on every tenant's rows is not taken from the index where it can fail for some.
SET ROLE searcher;
EXPLAIN (COSTS OFF) SELECT id FROM note ORDER BY place <-> point(1, 1) LIMIT 1;
RESET ROLE;

-- Partitions, and a plan that runs in parallel.
CREATE TABLE visit (id bigint, tenant_id uuid, doc tsvector) PARTITION BY RANGE (id);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM (0) TO (2000);
CREATE TABLE visit_2 PARTITION OF visit FOR VALUES FROM (2000) TO (4000);
INSERT INTO visit SELECT i, t.id, to_tsvector('simple', 'word' || i % 100) FROM watertight.tenants AS t, generate_series(1, 3000) AS i;
CREATE INDEX ON visit USING gin (doc);
SELECT count(*) > 0 AS protected FROM watertight.protect('visit');
ANALYZE visit;
GRANT SELECT ON visit, visit_1 TO searcher;
SET ROLE searcher;
EXPLAIN (COSTS OFF) SELECT id FROM visit WHERE doc @@ 'word7'::tsquery;
EXPLAIN (COSTS OFF) SELECT id FROM visit_1 WHERE doc @@ 'word7'::tsquery;
SELECT count(*) FROM visit WHERE doc @@ 'word7'::tsquery;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET min_parallel_index_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT count(*) FROM note WHERE tags @> '{u7}';
SELECT count(*) FROM note WHERE tags @> '{u7}';
RESET ROLE;

DROP VIEW mine;
DROP TABLE note, plain, visit;
DROP OPERATOR public.=== (text, text);
DROP FUNCTION public.same, public.tell;
RESET watertight.token;
DROP ROLE searcher;
