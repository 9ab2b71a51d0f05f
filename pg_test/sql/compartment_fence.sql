-- The fence around compartments' schemas, and entering them. Two persistent compartments, a and b, with schemas of their own; sessions
-- share one role, which owns both schemas, as an ORM's do.
\set SHOW_CONTEXT never
\set VERBOSITY default
\pset null '(null)'
\set a wt_00000000000000000000000001
\set b wt_00000000000000000000000002
CREATE ROLE fence_app;
GRANT CREATE ON SCHEMA public TO fence_app;
SET watertight.compartments = on;
INSERT INTO watertight.all_compartments (id, tenant_id, name, template, owner, owner_issuer)
    SELECT id, '0a000000-0000-7000-8000-000000000001', name, 'public', 'alice', 'https://id.test'
      FROM (VALUES ('00000000-0000-0000-0000-000000000001'::uuid, 'a'), ('00000000-0000-0000-0000-000000000002', 'b')) AS c (id, name);
-- Only with the fence open can anybody make a schema of such a name.
CREATE SCHEMA :a;
SET watertight.bypass = on;
CREATE SCHEMA :a AUTHORIZATION fence_app;
CREATE SCHEMA :b AUTHORIZATION fence_app;
RESET watertight.bypass;
CREATE TABLE public.shared (id int PRIMARY KEY, t text);
GRANT ALL ON public.shared TO fence_app;
INSERT INTO public.shared VALUES (1, 'shared');
SELECT test.token('hospital_a', '{"compartment": "a"}') AS in_a, test.token('hospital_a', '{"compartment": "b"}') AS in_b,
       test.token('hospital_a') AS in_global \gset
SET SESSION AUTHORIZATION fence_app;

-- Entering: the schema comes first, for as long as the token lasts.
BEGIN;
SELECT FROM watertight.begin(:'in_a');
SHOW search_path;
CREATE TABLE notes (id int PRIMARY KEY, body text);
INSERT INTO notes VALUES (1, 'note of a');
CREATE FUNCTION secret() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'secret of a' $$;
CREATE FUNCTION open_secret() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'secret of a'; END $$;
CREATE VIEW said AS SELECT 'said in a' AS body;
CREATE SEQUENCE counted;
CREATE TYPE mood AS ENUM ('mood of a');
COMMENT ON TABLE notes IS 'comment of a';
SELECT relname, relnamespace::regnamespace FROM pg_class WHERE relname IN ('notes', 'said', 'counted') ORDER BY 1;
COMMIT;
SHOW search_path;
BEGIN;
SET LOCAL watertight.token = :'in_b';
SHOW search_path;
CREATE TABLE notes (id int PRIMARY KEY, body text);
INSERT INTO notes VALUES (1, 'note of b');
SELECT * FROM notes;
SAVEPOINT s;
SELECT set_config('watertight.token', :'in_a', true) IS NOT NULL AS set;
SHOW search_path;
SELECT * FROM notes;
ROLLBACK TO s;
SHOW search_path;
SELECT * FROM notes;
SELECT FROM watertight.begin(:'in_global');
SHOW search_path;
SELECT * FROM notes;
ROLLBACK;
SET watertight.token = :'in_a';
SHOW search_path;
SET watertight.token = :'in_b';
SHOW search_path;
RESET watertight.token;
-- The path still names it; it is not there.
SELECT current_schemas(false);
RESET search_path;
DO $$ BEGIN
    PERFORM watertight.begin(test.token('hospital_a', '{"compartment": "a"}'));
    RAISE NOTICE '% %', current_setting('search_path'), (SELECT body FROM notes);
END $$;
SHOW search_path;
-- A token that is refused at its first use enters nothing.
BEGIN;
SET LOCAL watertight.token = :'in_a';
SELECT FROM watertight.begin(test.token('hospital_a', '{"compartment": "nowhere"}'));
ROLLBACK;

-- What a names is not there for b, for Global and for nobody.
CREATE FUNCTION public.attack(label text, statement text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RAISE NOTICE '%: DONE', label;
EXCEPTION WHEN OTHERS THEN -- PostgreSQL 15 names the role that would have been needed
    RAISE NOTICE '%: % %', label, SQLSTATE, regexp_replace(SQLERRM, '^must be superuser or .* role to', 'permission denied to');
END $$;
CREATE TABLE public.attacks (n serial, statement text);
INSERT INTO public.attacks (statement) VALUES
    ('SELECT * FROM @.notes'), ('TABLE @.missing'), ('SELECT @.secret()'), ('SELECT nextval(''@.counted'')'),
    ('SELECT ''@.notes''::regclass'), ('SELECT NULL::@.mood'), ('INSERT INTO @.notes VALUES (9, ''x'')'),
    ('UPDATE @.notes SET body = ''x'''), ('DELETE FROM @.notes'), ('TRUNCATE @.notes'), ('LOCK TABLE @.notes'),
    ('COPY @.notes TO ''/dev/null'''), ('ANALYZE @.notes'), ('CLUSTER @.notes USING notes_pkey'), ('REINDEX TABLE @.notes'),
    ('DROP TABLE @.notes'), ('ALTER TABLE @.notes ADD c int'), ('CREATE TABLE @.planted (id int)'),
    ('CREATE TABLE @.planted AS SELECT 1 AS id'), ('CREATE VIEW @.planted AS SELECT 1 AS id'),
    ('CREATE FUNCTION @.planted() RETURNS int LANGUAGE sql AS ''SELECT 1'''), ('CREATE TYPE @.planted AS (id int)'),
    ('CREATE DOMAIN @.planted AS int'), ('CREATE SEQUENCE @.planted'), ('CREATE INDEX ON @.notes (body)'),
    ('CREATE AGGREGATE @.planted (int) (sfunc = int4pl, stype = int)'),
    ('CREATE STATISTICS @.planted ON id, body FROM @.notes'), ('CREATE COLLATION @.planted FROM "C"'),
    ('CREATE TEXT SEARCH CONFIGURATION @.planted (COPY = simple)'),
    ('CREATE OPERATOR @.=== (leftarg = int, rightarg = int, function = int4eq)'),
    ('CREATE TABLE public.child () INHERITS (@.notes)'), ('CREATE TABLE public.likeit (LIKE @.notes)'),
    ('DROP SCHEMA @ CASCADE'), ('ALTER SCHEMA @ RENAME TO mine'), ('ALTER SCHEMA @ OWNER TO fence_app'),
    ('CREATE SCHEMA @'), ('CREATE SCHEMA wt_00000000000000000000000009'), ('ALTER SCHEMA public RENAME TO wt_00000000000000000000000009'),
    ('GRANT USAGE ON SCHEMA @ TO PUBLIC'), ('GRANT SELECT ON ALL TABLES IN SCHEMA @ TO PUBLIC'), ('GRANT SELECT ON @.notes TO PUBLIC'),
    ('COMMENT ON SCHEMA @ IS ''x'''), ('COMMENT ON TABLE @.notes IS ''x'''), ('REINDEX SCHEMA @'),
    ('ALTER TABLE public.attacks SET SCHEMA @'), ('ALTER DEFAULT PRIVILEGES IN SCHEMA @ GRANT SELECT ON TABLES TO PUBLIC'),
    ('SELECT schema_to_xml(''@'', true, true, '''')'), ('SELECT table_to_xml(''@.notes'', true, true, '''')');
\set VERBOSITY terse
SELECT count(public.attack(statement, replace(statement, '@', :'a'))) FROM (SELECT * FROM public.attacks WHERE statement NOT LIKE 'REINDEX SCHEMA%' ORDER BY n) AS a;
BEGIN;
SELECT FROM watertight.begin(:'in_b');
SELECT count(public.attack(statement, replace(statement, '@', :'a'))) FROM (SELECT * FROM public.attacks WHERE statement NOT LIKE 'REINDEX SCHEMA%' ORDER BY n) AS a;
COMMIT;

-- Nor for a superuser without bypass.
SET SESSION AUTHORIZATION postgres;
SELECT count(public.attack(statement, replace(statement, '@', :'a'))) FROM (SELECT * FROM public.attacks WHERE n <= 20 ORDER BY n) AS a;
SET watertight.bypass = on;
SELECT count(public.attack(statement, replace(statement, '@', :'a'))) FROM (SELECT * FROM public.attacks WHERE n IN (1, 5) ORDER BY n) AS a;
RESET watertight.bypass;

-- Inside, the way out is closed: nothing outside is made, changed or dropped, and nothing outside depends on what is inside.
SET SESSION AUTHORIZATION fence_app;
CREATE TABLE public.mine (id int PRIMARY KEY);
CREATE TABLE public.twin (id int, body text);
CREATE TABLE public.lists (id int, body text) PARTITION BY LIST (id);
CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE public.parts (id int) PARTITION BY LIST (id);
TRUNCATE public.attacks;
INSERT INTO public.attacks (statement) VALUES
    ('CREATE TABLE public.outside (id int)'), ('CREATE VIEW public.outside AS SELECT * FROM @.notes'),
    ('CREATE MATERIALIZED VIEW public.outside AS SELECT * FROM @.notes'),
    ('ALTER TABLE public.mine ADD FOREIGN KEY (id) REFERENCES @.notes'),
    ('CREATE TABLE linked (id int REFERENCES public.mine)'),
    ('ALTER TABLE public.mine ALTER id SET DEFAULT nextval(''@.counted'')'), ('ALTER TABLE @.notes SET SCHEMA public'),
    ('CREATE TABLE heir () INHERITS (public.mine)'), ('ALTER TABLE public.twin INHERIT @.notes'), ('ALTER TABLE @.notes INHERIT public.twin'),
    ('CREATE TABLE part PARTITION OF public.parts FOR VALUES IN (1)'),
    ('ALTER TABLE public.lists ATTACH PARTITION @.notes FOR VALUES IN (1)'),
    ('COMMENT ON TABLE public.mine IS ''x'''), ('GRANT SELECT ON public.mine TO PUBLIC'), ('GRANT SELECT ON @.notes TO PUBLIC'),
    ('GRANT EXECUTE ON FUNCTION public.f() TO PUBLIC'), ('DROP TABLE public.mine'), ('DROP FUNCTION public.f()'),
    ('CREATE TRIGGER t BEFORE INSERT ON public.mine FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()'),
    ('CREATE TRIGGER t BEFORE UPDATE ON @.notes FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()'),
    ('DROP TRIGGER t ON @.notes'),
    ('CREATE INDEX ON public.mine (id)'), ('CREATE RULE r AS ON INSERT TO public.mine DO ALSO SELECT 1'),
    ('CREATE SCHEMA outside'), ('DROP SCHEMA @ CASCADE'), ('ALTER SCHEMA @ RENAME TO outside'), ('CREATE PUBLICATION p FOR TABLE @.notes'),
    ('ALTER TABLE @.notes OWNER TO fence_app'), ('CREATE TEMP TABLE passing (id int)'), ('DROP TABLE passing'),
    ('CREATE INDEX ON @.notes (body)'), ('ALTER TABLE @.notes ADD c int DEFAULT 1'), ('ALTER TABLE @.notes DROP c'),
    ('EXPLAIN ANALYZE CREATE TABLE public.outside AS SELECT 1'), ('SELECT 1 AS id INTO public.outside'),
    ('ALTER TABLE @.notes ENABLE ROW LEVEL SECURITY'), ('CREATE POLICY p ON @.notes USING (true)'), ('DROP POLICY p ON @.notes'),
    ('ALTER TABLE @.notes DISABLE ROW LEVEL SECURITY'), ('CREATE TYPE public.outside AS ENUM ()'), ('ALTER FUNCTION public.f() STABLE'),
    ('CREATE TABLE wide (id serial PRIMARY KEY, body text, kin int REFERENCES wide)'), ('DROP TABLE wide'), ('ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC'),
    ('CREATE TYPE pair AS (x int)'), ('ALTER TYPE pair ADD ATTRIBUTE y int'), ('DROP TYPE pair'), ('ALTER INDEX @.notes_pkey RENAME TO notes_key'),
    ('ALTER INDEX @.notes_key RENAME TO notes_pkey'), ('CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int)'), ('DROP AGGREGATE total (int)');
BEGIN;
SELECT FROM watertight.begin(:'in_a');
SELECT count(public.attack(statement, replace(statement, '@', :'a'))) FROM (SELECT * FROM public.attacks ORDER BY n) AS a;
-- What is shared is still read and written.
SELECT * FROM public.shared;
UPDATE public.shared SET t = 'changed' WHERE id = 1;
COMMIT;

-- Plans kept from a.
BEGIN;
SELECT FROM watertight.begin(:'in_a');
PREPARE by_path AS SELECT body FROM notes;
PREPARE by_name AS SELECT body FROM :a.notes;
PREPARE written AS UPDATE :a.notes SET body = 'x';
PREPARE called AS SELECT :a.secret();
PREPARE viewed AS SELECT body FROM :a.said;
PREPARE counting AS SELECT nextval('wt_00000000000000000000000001.counted');
EXECUTE by_path; EXECUTE by_name; EXECUTE called; EXECUTE viewed;
COMMIT;
EXECUTE by_path;
EXECUTE by_name;
EXECUTE written;
EXECUTE called;
EXECUTE viewed;
EXECUTE counting;
\set ON_ERROR_STOP 0
BEGIN;
SELECT FROM watertight.begin(:'in_b');
EXECUTE by_path;
ROLLBACK;
BEGIN;
SELECT FROM watertight.begin(:'in_b');
SAVEPOINT s;
EXECUTE by_name;
ROLLBACK TO s;
EXECUTE called;
ROLLBACK TO s;
EXECUTE viewed;
ROLLBACK;
DEALLOCATE ALL;
-- The same where PostgreSQL has no reason to plan anew: the path is the same here and there.
SET search_path = public;
BEGIN;
SET LOCAL watertight.token = :'in_a';
SET LOCAL search_path = public;
PREPARE by_name AS SELECT body FROM wt_00000000000000000000000001.notes;
PREPARE written AS UPDATE wt_00000000000000000000000001.notes SET body = 'x';
PREPARE called AS SELECT wt_00000000000000000000000001.secret();
PREPARE volatile_call AS SELECT wt_00000000000000000000000001.open_secret();
PREPARE viewed AS SELECT body FROM wt_00000000000000000000000001.said;
PREPARE counting AS SELECT nextval('wt_00000000000000000000000001.counted');
EXECUTE by_name; EXECUTE called; EXECUTE viewed; EXECUTE volatile_call;
COMMIT;
EXECUTE by_name;
EXECUTE written;
EXECUTE volatile_call;
EXECUTE viewed;
EXECUTE counting;
EXPLAIN EXECUTE by_name;
-- Entering another one forgets the plans: what functions returned may stand in them.
BEGIN;
SET LOCAL watertight.token = :'in_b';
CREATE TABLE planned (id int);
SET LOCAL search_path = public;
EXECUTE called;
ROLLBACK;
BEGIN;
SET LOCAL watertight.token = :'in_b';
SET LOCAL search_path = public;
EXECUTE by_name;
ROLLBACK;
RESET search_path;
DEALLOCATE ALL;

-- A plan kept by PL/pgSQL.
CREATE FUNCTION public.kept() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT body FROM notes); END $$;
CREATE FUNCTION public.kept_name() RETURNS text LANGUAGE plpgsql AS
    $$ BEGIN RETURN (SELECT body FROM wt_00000000000000000000000001.notes); END $$;
BEGIN; SELECT FROM watertight.begin(:'in_a'); SELECT public.kept(), public.kept_name(); COMMIT;
SELECT public.kept();
SELECT public.kept_name();
BEGIN; SELECT FROM watertight.begin(:'in_b'); SELECT public.kept(); SELECT public.kept_name(); ROLLBACK;

-- A cursor of a under b.
BEGIN;
SELECT FROM watertight.begin(:'in_a');
DECLARE c CURSOR FOR SELECT body FROM notes;
SELECT FROM watertight.begin(:'in_b');
FETCH ALL c;
ROLLBACK;

-- Catalogs.
CREATE VIEW public.seen AS
    SELECT 'relation' AS what, c.relname::text AS name FROM pg_class c WHERE c.relname IN ('notes', 'said', 'counted', 'notes_pkey')
    UNION ALL SELECT 'schema', nspname::text FROM pg_namespace WHERE nspname LIKE 'wt!_%' ESCAPE '!'
    UNION ALL SELECT 'function', proname::text FROM pg_proc WHERE proname = 'secret'
    UNION ALL SELECT 'column', attname::text FROM pg_attribute WHERE attname = 'body'
    UNION ALL SELECT 'type', typname::text FROM pg_type WHERE typname = 'mood'
    UNION ALL SELECT 'label', enumlabel::text FROM pg_enum
    UNION ALL SELECT 'comment', description FROM pg_description WHERE description LIKE 'comment of%'
    UNION ALL SELECT 'source', prosrc FROM pg_proc WHERE prosrc LIKE '%of a%'
    UNION ALL SELECT 'constraint', conname::text FROM pg_constraint WHERE conname LIKE 'notes%'
    UNION ALL SELECT 'information_schema', table_schema || '.' || table_name FROM information_schema.tables WHERE table_name = 'notes'
    UNION ALL SELECT 'pg_tables', schemaname || '.' || tablename FROM pg_tables WHERE tablename = 'notes'
    UNION ALL SELECT 'to_regclass', to_regclass('notes')::text WHERE to_regclass('notes') IS NOT NULL;
GRANT SELECT ON public.seen TO PUBLIC;
CREATE FUNCTION public.inlined() RETURNS SETOF pg_class LANGUAGE sql STABLE AS 'SELECT * FROM pg_catalog.pg_class';
SELECT * FROM public.seen ORDER BY 1, 2;
BEGIN; SELECT FROM watertight.begin(:'in_a'); SELECT * FROM public.seen ORDER BY 1, 2; COMMIT;
BEGIN; SELECT FROM watertight.begin(:'in_b'); SELECT * FROM public.seen ORDER BY 1, 2; COMMIT;
SELECT relname FROM public.inlined() WHERE relname = 'notes';
PREPARE look AS SELECT relnamespace::regnamespace FROM pg_class WHERE relname = 'notes';
EXECUTE look;
BEGIN; SELECT FROM watertight.begin(:'in_a'); EXECUTE look; COMMIT;
EXECUTE look;
SELECT tablename FROM pg_stats WHERE tablename = 'notes';
-- Every catalog that has a condition can be read.
DO $$ DECLARE catalog text; BEGIN
    FOR catalog IN SELECT c.oid::regclass FROM pg_catalog.pg_class c WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r'
                   AND has_table_privilege(c.oid, 'SELECT') LOOP
        EXECUTE 'SELECT count(*) FROM ' || catalog;
    END LOOP;
END $$;
-- A function that would show what it is asked about is not asked about what is hidden.
CREATE FUNCTION public.leak(name) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
    $$ BEGIN IF $1 = 'notes' THEN RAISE NOTICE 'leaked %', $1; END IF; RETURN true; END $$;
SELECT count(*) > 0 FROM pg_class WHERE public.leak(relname);
-- In parallel.
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT count(*) FROM pg_class WHERE relname = 'notes';
BEGIN; SELECT FROM watertight.begin(:'in_b'); SELECT count(*) FROM pg_class WHERE relname = 'notes'; COMMIT;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
-- Administrators see what there is, not what is in it.
SET SESSION AUTHORIZATION postgres;
SELECT count(*) FROM pg_class WHERE relname = 'notes';
SET SESSION AUTHORIZATION fence_app;

-- Switching compartments off does not open the fence.
SET SESSION AUTHORIZATION postgres;
SET watertight.compartments = off;
SET SESSION AUTHORIZATION fence_app;
SELECT * FROM wt_00000000000000000000000001.notes;
SELECT count(*) FROM pg_class WHERE relname = 'notes';
BEGIN;
SELECT FROM watertight.begin(:'in_a');
ROLLBACK;
SET SESSION AUTHORIZATION postgres;
SET watertight.compartments = on;
DROP OWNED BY fence_app CASCADE;
SET watertight.bypass = on;
DROP SCHEMA wt_00000000000000000000000001, wt_00000000000000000000000002 CASCADE;
DROP OWNED BY fence_app CASCADE;
DROP ROLE fence_app;
