-- Searches that name compartments themselves: a comparison of the compartment's column may stand in an index beside ours, in any
-- combination, and must not stand in for it. What every search finds is compared with what is visible at all.
\set VERBOSITY terse
CREATE EXTENSION btree_gin;
CREATE ROLE compartment_search_app;
INSERT INTO watertight.all_compartments (id, tenant_id, name, parent_id, reads_ancestors, owner, owner_issuer)
SELECT id::uuid, '0a000000-0000-7000-8000-000000000001', name, parent::uuid, parent IS NOT NULL, 'alice', 'https://id.test'
  FROM (VALUES ('0c000000-0000-7000-8000-000000000001', 'one', NULL), ('0c000000-0000-7000-8000-000000000002', 'two', NULL),
               ('0c000000-0000-7000-8000-000000000003', 'inner', '0c000000-0000-7000-8000-000000000001')) AS v (id, name, parent);
CREATE TABLE file (id integer, words tsvector, amount numeric, tenant_id uuid, room uuid) WITH (fillfactor = 10);
-- Rows of all compartments on every page: a bitmap that has become lossy leads to those of others.
INSERT INTO file
SELECT n, to_tsvector('simple', 'all w' || n % 7 || ' v' || n % 30), n % 50,
       CASE n % 3 WHEN 0 THEN '0b000000-0000-7000-8000-000000000002' ELSE '0a000000-0000-7000-8000-000000000001' END::uuid,
       CASE n % 4 WHEN 0 THEN '00000000-0000-0000-0000-000000000000' ELSE '0c000000-0000-7000-8000-00000000000' || n % 4 END::uuid
  FROM generate_series(1, 12000) AS n;
SELECT count(*) > 0 AS protected FROM watertight.protect('file', compartment_column => 'room');
GRANT SELECT ON file TO compartment_search_app;
CREATE INDEX ON file USING gin (room, words);
CREATE INDEX ON file USING gin (words);
CREATE INDEX ON file USING gin (tenant_id, room, words);
CREATE INDEX ON file USING gin (words, amount);
CREATE INDEX ON file (amount);
CREATE INDEX ON file (room, amount);
VACUUM ANALYZE file;
SET watertight.compartments = on;

-- The conditions: each comparison alone, two of them, either of them, and none of them.
CREATE TEMPORARY TABLE conditions (n serial, condition text);
GRANT SELECT ON conditions TO compartment_search_app;
WITH room (term) AS (
    SELECT format('room = %L', id) FROM (VALUES ('0c000000-0000-7000-8000-000000000001'), ('0c000000-0000-7000-8000-000000000002'),
        ('0c000000-0000-7000-8000-000000000003'), ('00000000-0000-0000-0000-000000000000')) AS v (id)
    UNION ALL VALUES ('room = ANY (ARRAY[''0c000000-0000-7000-8000-000000000001'', ''0c000000-0000-7000-8000-000000000002'']::uuid[])'),
        ('room > ''0c000000-0000-7000-8000-000000000001'''), ('room IS NOT NULL'),
        ('room = watertight.compartment_id()'), ('room = ANY (watertight.readable_compartments())'),
        ('tenant_id = ''0b000000-0000-7000-8000-000000000002'''), ('tenant_id = watertight.tenant_id()')),
word (term) AS (VALUES ('words @@ ''w3 & v4'''), ('words @@ ''all'''), ('amount = 7'), ('amount BETWEEN 3 AND 5'))
INSERT INTO conditions (condition)
SELECT format('%s AND %s', r.term, w.term) FROM room AS r, word AS w
UNION ALL SELECT format('(%s AND %s) OR (%s AND %s)', r.term, w.term, s.term, v.term)
  FROM room AS r, room AS s, word AS w, word AS v WHERE (r.term, w.term) < (s.term, v.term) AND w.term <> 'words @@ ''all'''
UNION ALL SELECT format('(%s OR %s) AND %s', r.term, s.term, w.term) FROM room AS r, room AS s, word AS w WHERE r.term < s.term
UNION ALL SELECT format('NOT (%s) AND %s', r.term, w.term) FROM room AS r, word AS w;
-- Every tenth will do: all of them take minutes.
DELETE FROM conditions WHERE n % 10 <> 3;

-- What a search finds, beside the same condition on rows that were chosen before.
CREATE FUNCTION differing(OUT tried bigint, OUT hits bigint, OUT condition text) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE c record; by_index bigint; by_hand bigint;
BEGIN
    CREATE TEMPORARY TABLE visible ON COMMIT DROP AS SELECT * FROM public.file;
    tried := 0; hits := 0;
    FOR c IN SELECT * FROM conditions ORDER BY n LOOP
        EXECUTE 'SELECT sum(id) FROM public.file WHERE ' || c.condition INTO by_index;
        EXECUTE 'SELECT sum(id) FROM visible WHERE ' || c.condition INTO by_hand;
        tried := tried + 1; hits := hits + (by_hand IS NOT NULL)::int;
        IF by_index IS DISTINCT FROM by_hand THEN condition := c.condition; RETURN NEXT; END IF;
    END LOOP;
    condition := NULL; RETURN NEXT;
END $$;
CREATE FUNCTION uses(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
        IF line ~ '(Scan|Cond)' THEN RETURN NEXT trim(line); END IF;
    END LOOP;
END $$;

SELECT test.token('hospital_a', '{"compartment": "one"}') AS one, test.token('hospital_a', '{"compartment": "inner"}') AS inner,
       test.token('hospital_a') AS global \gset
SET work_mem = '64kB';
SET enable_seqscan = off;
SET enable_indexscan = off;
SET max_parallel_workers_per_gather = 0;
SET ROLE compartment_search_app;
-- One compartment.
SET watertight.token = :'one';
SELECT * FROM uses($$SELECT FROM public.file WHERE room = '0c000000-0000-7000-8000-000000000002' AND words @@ 'w3 & v4'$$);
SELECT * FROM differing();
-- Two of them.
SET watertight.token = :'inner';
SELECT * FROM uses($$SELECT FROM public.file WHERE room = '0c000000-0000-7000-8000-000000000002' AND words @@ 'w3 & v4'$$);
SELECT * FROM differing();
-- Two of them and Global.
RESET ROLE;
SET watertight.global_readable = on;
SET ROLE compartment_search_app;
SELECT * FROM differing();
SET watertight.token = :'global';
SELECT * FROM differing();
-- By other scans.
RESET enable_indexscan;
SET enable_bitmapscan = off;
SET watertight.token = :'inner';
SELECT * FROM differing();
