-- What an ordinary role tries, to see rows of another tenant through searches. Nothing may say "saw", nor depend on rows of hospital_a.
\set VERBOSITY terse
CREATE TABLE note (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id uuid, name text, amount numeric, doc jsonb, ward bigint);
INSERT INTO note (tenant_id, name, amount, doc, ward)
SELECT t.id, right(t.name, 1) || 'secret', (i % 10) + (t.name = 'hospital_a')::int * 1000,
       jsonb_build_object('k', i % 10, 't', '2023-08-15 12:00:00' || CASE t.name WHEN 'hospital_a' THEN '+01' ELSE '' END), i % 7
  FROM watertight.tenants AS t, generate_series(1, 20000) AS i;
CREATE INDEX ON note (amount);
CREATE EXTENSION btree_gin;
CREATE INDEX ON note USING gin (doc jsonb_path_ops, tenant_id);
SELECT count(*) > 0 AS protected FROM watertight.protect('note');
CREATE TABLE closed AS SELECT 'closed secret' AS name FROM generate_series(1, 100);
CREATE TABLE place (id bigint, tenant_id uuid, p point);
INSERT INTO place SELECT i, t.id, point(i, i) FROM watertight.tenants AS t, generate_series(1, 500) AS i;
CREATE EXTENSION btree_gist;
CREATE INDEX ON place USING gist (tenant_id, p);
SELECT count(*) > 0 AS protected FROM watertight.protect('place');
VACUUM ANALYZE note, closed, place;
CREATE ROLE eve;
GRANT SELECT ON note, place TO eve;
CREATE SCHEMA eve AUTHORIZATION eve;
SELECT set_config('watertight.token', test.token('hospital_b'), false) <> '' AS token_set;
SET ROLE eve;
SET search_path = eve, public;
CREATE FUNCTION leak(numeric, numeric) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.0001
    AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN false; END $$;
CREATE FUNCTION leak(text, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.0001
    AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN false; END $$;

-- An estimator that calls the operator's negator, or its commutator.
CREATE OPERATOR !!! (PROCEDURE = leak, LEFTARG = numeric, RIGHTARG = numeric);
CREATE OPERATOR ### (PROCEDURE = numeric_eq, LEFTARG = numeric, RIGHTARG = numeric, RESTRICT = neqsel, NEGATOR = !!!);
EXPLAIN (COSTS OFF) SELECT FROM note WHERE amount ### 3;
CREATE OPERATOR <<!>> (PROCEDURE = leak, LEFTARG = numeric, RIGHTARG = numeric, RESTRICT = scalarltsel);
CREATE OPERATOR <<#>> (PROCEDURE = numeric_lt, LEFTARG = numeric, RIGHTARG = numeric, RESTRICT = scalargtsel, COMMUTATOR = <<!>>);
EXPLAIN (COSTS OFF) SELECT FROM note WHERE 3 <<#>> amount;

-- The same in a join, over a leakproof function.
CREATE FUNCTION leak(bigint, bigint) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.0001
    AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN false; END $$;
CREATE OPERATOR !!! (PROCEDURE = leak, LEFTARG = bigint, RIGHTARG = bigint);
CREATE OPERATOR ### (PROCEDURE = int8eq, LEFTARG = bigint, RIGHTARG = bigint, JOIN = neqjoinsel, RESTRICT = neqsel, NEGATOR = !!!);
CREATE TEMP TABLE probe AS SELECT i::bigint AS id, i::numeric AS amount FROM generate_series(1, 3) AS i;
EXPLAIN (COSTS OFF) SELECT FROM probe JOIN note ON note.amount = probe.amount AND note.ward ### probe.id;

-- A query that is planned while a condition is estimated.
CREATE OPERATOR === (PROCEDURE = leak, LEFTARG = text, RIGHTARG = text, RESTRICT = eqsel);
CREATE FUNCTION spy(relation text) RETURNS numeric LANGUAGE plpgsql STABLE AS $$ BEGIN
    BEGIN EXECUTE 'SELECT 1 FROM public.' || relation || ' WHERE name === ''zz'' AND name < ''a'''; EXCEPTION WHEN insufficient_privilege THEN NULL; END;
    RETURN 3;
END $$;
EXPLAIN (COSTS OFF) SELECT FROM note WHERE amount < spy('note');
EXPLAIN (COSTS OFF) SELECT FROM note WHERE amount < spy('closed');

-- Patterns that fail for values that match so far, in statistics.
EXPLAIN (COSTS OFF) SELECT FROM note WHERE name ILIKE 'asecret\';
EXPLAIN (COSTS OFF) SELECT FROM note WHERE name ILIKE 'csecret\';
SELECT FROM closed WHERE name ILIKE 'closed\';

-- A query that fails to be planned inside another one, which is fenced all the same.
SET enable_seqscan = off;
SET work_mem = '64kB';
CREATE FUNCTION fails() RETURNS bigint LANGUAGE plpgsql STABLE AS $$ BEGIN
    BEGIN EXECUTE 'SELECT FROM public.note WHERE amount < (1 / 0) + id'; EXCEPTION WHEN division_by_zero THEN NULL; END;
    RETURN 1000000;
END $$;
\set path '''$ ? (@.k == 7 && @.t.datetime() > "2020-01-01 00:00:00".datetime())'''
SELECT count(*) FROM note WHERE doc @? :path HAVING min(id) < fails();
-- The tenant is named, so each arm of the OR has it and the filter has not.
SELECT count(*) FROM note WHERE tenant_id = '0b000000-0000-7000-8000-000000000002' AND (doc @? :path OR doc @? '$ ? (@.k == 8)');
EXPLAIN (COSTS OFF) SELECT FROM note WHERE tenant_id = '0b000000-0000-7000-8000-000000000002' AND (doc @? :path OR doc @? '$ ? (@.k == 8)');
RESET work_mem;
RESET enable_seqscan;

-- What an index may answer keeps its place in the filter.
SET enable_indexscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT FROM note WHERE doc @? :path AND amount = 3;
RESET enable_indexscan;
RESET enable_bitmapscan;

-- A planner that fails after it has granted something, and a session without a tenant.
CREATE FUNCTION breaks() RETURNS bigint LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN 1 / 0; END $$;
CREATE FUNCTION tries() RETURNS numeric LANGUAGE plpgsql STABLE AS $$ BEGIN
    FOR i IN 1..3 LOOP
        BEGIN
            EXECUTE 'SELECT FROM public.note WHERE amount = 3 AND ward < eve.breaks()';
        EXCEPTION WHEN division_by_zero THEN NULL; END;
    END LOOP;
    RETURN 3;
END $$;
SELECT count(*) FROM note WHERE amount = tries() AND ward < 3;
EXPLAIN (COSTS OFF) SELECT FROM note WHERE amount = tries() AND amount < 4;
RESET watertight.token;
EXPLAIN (COSTS OFF) SELECT FROM note WHERE amount = 3;
RESET ROLE;
SELECT set_config('watertight.token', test.token('hospital_b'), false) <> '' AS token_set;
SET ROLE eve;
EXPLAIN (COSTS OFF) SELECT FROM note WHERE amount = 3;

-- An order that is not granted leaves a plan.
SELECT count(*) FROM (SELECT id FROM place ORDER BY p <-> point(0, 0)) AS q;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT id FROM place ORDER BY p <-> point(0, 0) LIMIT 2;
RESET enable_seqscan;
RESET enable_bitmapscan;

-- Queries in WITH that would use up the stack before the search.
SELECT 'WITH c0 AS MATERIALIZED (SELECT id FROM note WHERE amount = 3)'
       || string_agg(format(', c%s AS MATERIALIZED (SELECT id FROM c%s)', i, i - 1), '' ORDER BY i) || ' SELECT count(*) FROM c40' AS chain
  FROM generate_series(1, 40) AS i \gset
:chain;
SELECT count(*) FROM note WHERE amount = 3;
CREATE TEMP TABLE plan (line text);
DO $$ DECLARE line text; chain text; BEGIN
    FOR n IN 5..40 BY 35 LOOP
        SELECT 'EXPLAIN (COSTS OFF) WITH c0 AS MATERIALIZED (SELECT id FROM note WHERE amount = 3)'
               || string_agg(format(', c%s AS MATERIALIZED (SELECT id FROM c%s)', i, i - 1), '' ORDER BY i) || format(' SELECT count(*) FROM c%s', n)
          INTO chain FROM generate_series(1, n) AS i;
        FOR line IN EXECUTE chain LOOP
            IF line LIKE '%Cond: (amount%' THEN RAISE NOTICE '% queries in WITH: %', n, trim(line); END IF;
        END LOOP;
    END LOOP;
END $$;

-- A function that is replaced, and is another one under the same oid.
RESET ROLE;
SET search_path = public;
CREATE EXTENSION pg_trgm;
CREATE FUNCTION near(text, text) RETURNS real LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS '$libdir/pg_trgm', 'similarity';
CREATE INDEX ON note (near(name, 'bsecret'));
ANALYZE note;
CREATE FUNCTION places(query text) RETURNS SETOF text LANGUAGE plpgsql SET enable_seqscan = off AS $$ DECLARE line text; BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line LIKE '%: %near(%' THEN RETURN NEXT trim(split_part(line, ':', 1)); END IF;
    END LOOP;
END $$;
SET ROLE eve;
\set search 'SELECT places($$SELECT FROM note WHERE near(name, ''bsecret'') > 2$$)'
:search;
RESET ROLE;
BEGIN;
CREATE OR REPLACE FUNCTION near(text, text) RETURNS real LANGUAGE plpgsql IMMUTABLE STRICT AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN 0; END $$;
SET LOCAL ROLE eve;
:search;
ROLLBACK;
SET ROLE eve;
:search;
RESET ROLE;
CREATE OR REPLACE FUNCTION near(text, text) RETURNS real LANGUAGE plpgsql IMMUTABLE STRICT LEAKPROOF AS $$ BEGIN RETURN 0; END $$;
SET ROLE eve;
:search;
RESET ROLE;
ALTER FUNCTION near(text, text) NOT LEAKPROOF;
SET ROLE eve;
:search;
RESET ROLE;
DROP FUNCTION near, places CASCADE;
DROP TABLE note, closed, place;
DROP SCHEMA eve CASCADE;
DROP OWNED BY eve;
RESET watertight.token;
DROP ROLE eve;
