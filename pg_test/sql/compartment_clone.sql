-- Copying a template schema: nothing is missing, nothing is added.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT test.token('hospital_a', '{"email": "al@a.test"}') AS a, current_setting('server_version_num')::int >= 180000 AS is_18 \gset
CREATE ROLE clone_owner;
CREATE ROLE clone_other;
CREATE ROLE clone_reader;
CREATE ROLE clone_writer;
CREATE ROLE clone_nobody;
CREATE SCHEMA shared;
GRANT ALL ON SCHEMA shared TO PUBLIC;
CREATE TABLE shared.country (code text PRIMARY KEY);
GRANT REFERENCES ON shared.country TO clone_owner;

-- One of everything.
CREATE SCHEMA "The template" AUTHORIZATION clone_owner;
SET ROLE clone_owner;
COMMENT ON SCHEMA "The template" IS 'a template''s comment';
GRANT USAGE ON SCHEMA "The template" TO clone_reader WITH GRANT OPTION;
GRANT USAGE, CREATE ON SCHEMA "The template" TO clone_other;
GRANT USAGE ON SCHEMA "The template" TO clone_writer;
ALTER DEFAULT PRIVILEGES IN SCHEMA "The template" GRANT SELECT ON TABLES TO clone_reader WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES IN SCHEMA "The template" GRANT EXECUTE ON FUNCTIONS TO clone_writer;
SET search_path = "The template", pg_catalog;
CREATE TYPE mood AS ENUM ('sad', 'o''k', 'happy');
CREATE TYPE pair AS (a integer, b text COLLATE "C", m mood[]);
COMMENT ON TYPE pair IS 'two';
COMMENT ON COLUMN pair.b IS 'second';
CREATE FUNCTION twice(x integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT x * 2';
CREATE FUNCTION "Is fine"(text, m mood DEFAULT 'happy') RETURNS boolean IMMUTABLE LANGUAGE sql AS $$ SELECT $1 <> '' $$;
CREATE DOMAIN "Positive" AS integer DEFAULT 1 CONSTRAINT "is positive" CHECK (twice(VALUE) > 0);
ALTER DOMAIN "Positive" ADD CONSTRAINT small CHECK (VALUE < 1000) NOT VALID;
COMMENT ON CONSTRAINT "is positive" ON DOMAIN "Positive" IS 'above zero';
CREATE DOMAIN word AS varchar(20) COLLATE "C" NOT NULL;
CREATE FUNCTION span_difference(float8, float8) RETURNS float8 IMMUTABLE LANGUAGE sql AS 'SELECT $1 - $2';
CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = span_difference, multirange_type_name = spans);
CREATE FUNCTION count_up(state bigint, x "Positive") RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT state + x';
CREATE AGGREGATE total("Positive") (sfunc = count_up, stype = bigint, initcond = '5', parallel = safe);
CREATE AGGREGATE "All"(*) (sfunc = int8inc, stype = bigint, initcond = '0', combinefunc = int8pl);
-- What only a superuser may define.
RESET ROLE;
CREATE AGGREGATE middle(float8 ORDER BY anyelement) (sfunc = ordered_set_transition, stype = internal,
    finalfunc = percentile_disc_final, finalfunc_extra);
ALTER AGGREGATE middle(float8 ORDER BY anyelement) OWNER TO clone_owner;
CREATE FUNCTION leakproof(integer) RETURNS integer LEAKPROOF IMMUTABLE STRICT LANGUAGE internal AS 'int4abs';
ALTER FUNCTION leakproof OWNER TO clone_owner;
SET ROLE clone_owner;
CREATE SEQUENCE counter AS integer START 7 INCREMENT 3 MINVALUE 2 MAXVALUE 1000 CACHE 5 CYCLE;
COMMENT ON SEQUENCE counter IS 'counts';
GRANT USAGE ON SEQUENCE counter TO clone_writer;
SELECT nextval('counter');
CREATE TABLE patient (
    gone integer,
    id bigint GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME "patient seq" START 100 INCREMENT 10),
    number serial,
    position integer,
    name text COLLATE "C" NOT NULL DEFAULT 'nobody''s',
    feels mood DEFAULT 'sad',
    "Some pair" pair,
    age "Positive" DEFAULT twice(4),
    label word DEFAULT 'x',
    stay span DEFAULT '[0,1)',
    stays spans,
    doubled integer GENERATED ALWAYS AS (twice(number)) STORED,
    country text REFERENCES shared.country ON UPDATE CASCADE,
    seen timestamptz DEFAULT '2020-02-03 04:05:06.789+00',
    ratio float8 DEFAULT 0.1234567890123456,
    wait interval DEFAULT '1 day 02:03:04',
    picture bytea,
    parts pair[],
    CONSTRAINT patient_pk PRIMARY KEY (id) INCLUDE (name) WITH (fillfactor = 80),
    CONSTRAINT "unique number" UNIQUE (number) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT nulls_too UNIQUE NULLS NOT DISTINCT (name, age),
    CHECK (name <> '') NO INHERIT,
    CONSTRAINT fine CHECK ("Is fine"(name)),
    EXCLUDE USING gist (stay WITH &&) WHERE (twice(number) > 0)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.3, toast.autovacuum_enabled = false);
ALTER TABLE patient DROP COLUMN gone;
ALTER TABLE patient ADD CONSTRAINT "later" CHECK (number < 100000) NOT VALID;
ALTER TABLE patient ALTER picture SET STORAGE EXTERNAL, ALTER name SET STATISTICS 50, ALTER name SET (n_distinct = -0.5),
    ALTER name SET COMPRESSION pglz, REPLICA IDENTITY USING INDEX patient_pk, CLUSTER ON patient_pk;
COMMENT ON TABLE patient IS 'those who wait';
COMMENT ON COLUMN patient.name IS E'a back\\slash and a ''quote''';
COMMENT ON CONSTRAINT fine ON patient IS 'checked';
CREATE INDEX "Patients by name" ON patient USING btree (lower(name) text_pattern_ops DESC NULLS LAST, twice(number)) INCLUDE (age)
    WITH (fillfactor = 50) WHERE twice(number) > 0;
ALTER INDEX "Patients by name" ALTER COLUMN 2 SET STATISTICS 77;
COMMENT ON INDEX "Patients by name" IS 'an index';
CREATE INDEX ON patient USING hash (name);
CREATE UNIQUE INDEX by_age ON patient (age, feels);
CREATE STATISTICS "how alike" (ndistinct, mcv) ON name, age, (twice(number)) FROM patient;
ALTER STATISTICS "how alike" SET STATISTICS 33;
COMMENT ON STATISTICS "how alike" IS 'statistics';
-- Tables that reference each other, a unique index, themselves, and that are not checked.
CREATE TABLE doctor (id integer PRIMARY KEY DEFAULT nextval('counter'), boss integer REFERENCES doctor DEFERRABLE, favourite bigint);
CREATE TABLE visit (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), patient bigint REFERENCES patient ON DELETE CASCADE,
    doctor integer, age "Positive", feels mood, who patient, CONSTRAINT on_index FOREIGN KEY (age, feels) REFERENCES patient (age, feels));
ALTER TABLE visit ADD CONSTRAINT visit_doctor FOREIGN KEY (doctor) REFERENCES doctor ON DELETE SET NULL NOT VALID;
ALTER TABLE doctor ADD CONSTRAINT circle FOREIGN KEY (favourite) REFERENCES patient;
ALTER TABLE patient ADD seen_by integer CONSTRAINT back REFERENCES doctor MATCH FULL;
COMMENT ON CONSTRAINT back ON patient IS 'a late key';
-- A function that needs the table that needs it.
CREATE FUNCTION full_name(p patient) RETURNS text STABLE LANGUAGE sql RETURN p.name || ' ' || p.age;
CREATE FUNCTION number_of(x integer) RETURNS integer STABLE LANGUAGE sql BEGIN ATOMIC SELECT count(*)::integer FROM patient; END;
ALTER TABLE patient ALTER position SET DEFAULT number_of(1), ADD CHECK (number_of(1) >= 0);
CREATE PROCEDURE clean(INOUT n integer) LANGUAGE plpgsql AS $$ BEGIN DELETE FROM visit; n := 1; END $$;
CREATE FUNCTION pairs(VARIADIC p pair[]) RETURNS TABLE (q pair, r visit) ROWS 7 COST 3 PARALLEL SAFE SECURITY DEFINER
    SET search_path = "The template", pg_temp SET work_mem = '1MB' LANGUAGE plpgsql
    AS $$ BEGIN RETURN QUERY SELECT x, NULL::visit FROM unnest(p) x; END $$;
COMMENT ON FUNCTION pairs IS 'a function';
COMMENT ON AGGREGATE "All"(*) IS 'an aggregate';
COMMENT ON PROCEDURE clean IS 'a procedure';
REVOKE ALL ON FUNCTION pairs FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pairs TO clone_reader;
REVOKE USAGE ON TYPE mood FROM PUBLIC;
GRANT USAGE ON TYPE mood TO clone_writer;
-- Views.
CREATE VIEW "Older" (who, "How old") WITH (security_barrier, check_option = local) AS SELECT name, age FROM patient WHERE twice(age) > 10;
ALTER VIEW "Older" ALTER "How old" SET DEFAULT twice(20);
COMMENT ON VIEW "Older" IS 'a view';
COMMENT ON COLUMN "Older"."How old" IS 'a column';
CREATE VIEW above AS SELECT p.*, o.who, (SELECT count(*) FROM visit v WHERE v.patient = p.id) FROM patient p LEFT JOIN "Older" o ON o.who = p.name GROUP BY p.id, o.who;
CREATE VIEW outside WITH (security_invoker) AS SELECT c.code FROM shared.country c;
-- Triggers and rules.
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.label := coalesce(NEW.label, TG_TABLE_SCHEMA); RETURN NEW; END $$;
CREATE TRIGGER "a trigger ON" BEFORE INSERT OR UPDATE OF name, "Some pair" ON patient FOR EACH ROW WHEN (NEW.name <> 'x ON "public".patient') EXECUTE FUNCTION stamp('an argument');
CREATE TRIGGER always AFTER DELETE ON visit REFERENCING OLD TABLE AS old FOR EACH STATEMENT EXECUTE FUNCTION stamp();
CREATE CONSTRAINT TRIGGER lazy AFTER INSERT ON visit FROM doctor DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TRIGGER off BEFORE INSERT ON doctor FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TRIGGER instead INSTEAD OF INSERT ON above FOR EACH ROW EXECUTE FUNCTION stamp();
ALTER TABLE visit ENABLE ALWAYS TRIGGER always;
ALTER TABLE doctor DISABLE TRIGGER off;
COMMENT ON TRIGGER "a trigger ON" ON patient IS 'a trigger';
CREATE RULE "a rule TO" AS ON DELETE TO doctor WHERE OLD.id > 3 DO INSTEAD UPDATE doctor SET boss = NULL WHERE id = OLD.id;
CREATE RULE to_table AS ON INSERT TO "Older" DO INSTEAD INSERT INTO patient (name) VALUES (NEW.who);
ALTER TABLE doctor ENABLE REPLICA RULE "a rule TO";
COMMENT ON RULE to_table ON "Older" IS 'a rule';
-- Row security.
CREATE POLICY mine ON patient AS RESTRICTIVE FOR SELECT TO clone_reader, clone_writer USING (EXISTS (SELECT FROM visit v WHERE v.patient = patient.id) OR twice(number) > 3);
CREATE POLICY all_of_it ON doctor USING (true) WITH CHECK (id > 0);
CREATE POLICY writing ON doctor FOR INSERT TO PUBLIC WITH CHECK (boss IS NULL);
ALTER TABLE patient ENABLE ROW LEVEL SECURITY;
ALTER TABLE doctor FORCE ROW LEVEL SECURITY;
COMMENT ON POLICY mine ON patient IS 'a policy';
-- Partitions, with indexes, keys and triggers of their own names; inheritance; a typed table.
CREATE TABLE log (day date NOT NULL, id integer GENERATED BY DEFAULT AS IDENTITY, doctor integer REFERENCES doctor, what text DEFAULT 'log', PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
CREATE INDEX log_what ON log (what);
CREATE TABLE log_old (id integer NOT NULL, what text, more text, day date NOT NULL, doctor integer, CONSTRAINT "old pk" PRIMARY KEY (id, day));
ALTER TABLE log_old DROP more;
CREATE UNIQUE INDEX "old what" ON log_old (day, what);
CREATE INDEX old_index ON log_old (what);
ALTER TABLE log_old DROP CONSTRAINT "old pk", ADD CONSTRAINT "old pk" PRIMARY KEY (day, id);
ALTER TABLE log ATTACH PARTITION log_old FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE log_new PARTITION OF log (what DEFAULT 'new') DEFAULT PARTITION BY LIST (id);
CREATE TABLE log_new_1 PARTITION OF log_new FOR VALUES IN (2, 3) WITH (fillfactor = 33);
CREATE TABLE by_mood (m mood, n integer) PARTITION BY RANGE (m, (twice(n)));
CREATE FUNCTION stamp_log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.what := NEW.what || '!'; RETURN NEW; END $$;
CREATE TRIGGER on_log BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION stamp_log();
ALTER TABLE log_old DISABLE TRIGGER on_log;
CREATE TABLE entry (day date, id integer, FOREIGN KEY (day, id) REFERENCES log);
CREATE TABLE base (id integer, CHECK (id > 0));
CREATE TABLE base_2 (extra text);
CREATE TABLE child (own text, CHECK (own <> '')) INHERITS (base, base_2);
ALTER TABLE base ADD late integer NOT NULL DEFAULT 3;
CREATE TABLE typed OF pair (PRIMARY KEY (a));
CREATE UNLOGGED TABLE scratch (id integer GENERATED ALWAYS AS IDENTITY);
-- Grants.
GRANT SELECT, INSERT ON patient TO clone_writer WITH GRANT OPTION;
GRANT UPDATE (name, "Some pair"), REFERENCES (id) ON patient TO clone_writer;
REVOKE SELECT ON visit FROM clone_reader;
REVOKE DELETE ON visit FROM clone_owner;
GRANT SELECT ON "Older" TO PUBLIC;
REVOKE ALL ON doctor FROM clone_reader;
SET ROLE clone_writer;
GRANT SELECT (name, age) ON "The template".patient TO clone_nobody;
SET ROLE clone_other;
-- Things of another owner, and what needs a grant of it.
CREATE TABLE theirs (id integer PRIMARY KEY DEFAULT twice(1));
CREATE FUNCTION their_function() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
CREATE VIEW their_view AS SELECT * FROM theirs;
CREATE TYPE their_type AS ENUM ('t');
GRANT REFERENCES ON theirs TO clone_owner;
SET ROLE clone_owner;
CREATE TABLE ours (id integer CONSTRAINT to_theirs REFERENCES theirs, t their_type);
ALTER STATISTICS "how alike" OWNER TO clone_owner;
RESET ROLE;
RESET search_path;
-- Default privileges of the owner for all schemas would give more than the template has.
ALTER DEFAULT PRIVILEGES FOR ROLE clone_owner GRANT ALL ON TABLES TO clone_nobody;
ALTER DEFAULT PRIVILEGES FOR ROLE clone_owner GRANT ALL ON SEQUENCES TO clone_nobody;
ALTER DEFAULT PRIVILEGES FOR ROLE clone_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE clone_owner GRANT ALL ON SCHEMAS TO clone_nobody;

-- Everything that the catalogs say of a schema, without its name.
CREATE FUNCTION test.shown(of name, what text) RETURNS text LANGUAGE sql AS $$
    -- Constraint triggers have oids in their names; keys that come with partitions are called differently by versions.
    SELECT regexp_replace(replace(replace(replace(replace(what, 'schema ' || of, 'SCHEMA'), quote_ident(of) || '.', ''), quote_literal(of), 'SCHEMA'),
        quote_ident(of), 'SCHEMA'), '(ConstraintTrigger|entry_day_id_fkey)_[\d_]+', '\1', 'g') $$;
CREATE FUNCTION test.properties(of name) RETURNS TABLE (kind text, property text)
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    -- Oids mean nothing, positions neither where columns were dropped; what they refer to is printed.
    s oid := quote_ident(of)::regnamespace;
BEGIN
    RETURN QUERY SELECT 'schema', concat_ws('|', n.nspowner::regrole, n.nspacl, obj_description(n.oid)) FROM pg_namespace n WHERE n.oid = s;
    RETURN QUERY SELECT 'default', concat_ws('|', d.defaclrole::regrole, d.defaclobjtype, d.defaclacl) FROM pg_default_acl d WHERE d.defaclnamespace = s;
    RETURN QUERY SELECT 'relation', concat_ws('|', r.relname, r.relkind, r.relpersistence, r.relowner::regrole, a.amname, r.reltablespace,
            r.reloptions, t.reloptions, r.relreplident, r.relrowsecurity, r.relforcerowsecurity, r.relispartition,
            pg_get_expr(r.relpartbound, r.oid), pg_get_partkeydef(r.oid), nullif(r.reloftype, 0)::regtype, r.relacl,
            obj_description(r.oid, 'pg_class'), r.relispopulated, r.reltoastrelid <> 0)
        FROM pg_class r LEFT JOIN pg_am a ON a.oid = r.relam LEFT JOIN pg_class t ON t.oid = r.reltoastrelid WHERE r.relnamespace = s;
    RETURN QUERY SELECT 'column', concat_ws('|', r.relname, row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum), a.attname,
            format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage, a.attcompression, a.attidentity, a.attgenerated,
            a.attislocal, a.attinhcount, coalesce(a.attstattarget, -1), array(SELECT o FROM unnest(a.attoptions) o WHERE o !~ '^pg_attver='), a.attcollation::regcollation, a.attacl,
            pg_get_expr(d.adbin, d.adrelid), col_description(r.oid, a.attnum))
        FROM pg_class r JOIN pg_attribute a ON a.attrelid = r.oid LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
        WHERE r.relnamespace = s AND a.attnum > 0 AND NOT a.attisdropped;
    RETURN QUERY SELECT 'constraint', concat_ws('|', k.conrelid::regclass, k.contypid::regtype, k.conname, pg_get_constraintdef(k.oid), k.condeferrable,
            k.condeferred, k.convalidated, k.conislocal, k.coninhcount, k.connoinherit, k.conparentid <> 0,
            obj_description(k.oid, 'pg_constraint'))
        FROM pg_constraint k WHERE k.connamespace = s;
    RETURN QUERY SELECT 'index', concat_ws('|', pg_get_indexdef(i.indexrelid), i.indisunique, i.indisprimary, i.indisexclusion,
            i.indimmediate, i.indisclustered, i.indisvalid, i.indisreplident, p.inhparent::regclass)
        FROM pg_index i JOIN pg_class r ON r.oid = i.indexrelid LEFT JOIN pg_inherits p ON p.inhrelid = i.indexrelid
        WHERE r.relnamespace = s;
    RETURN QUERY SELECT 'inherits', concat_ws('|', i.inhrelid::regclass, i.inhparent::regclass, i.inhseqno)
        FROM pg_inherits i JOIN pg_class r ON r.oid = i.inhrelid WHERE r.relnamespace = s;
    RETURN QUERY SELECT 'sequence', concat_ws('|', r.relname, q.seqtypid::regtype, q.seqstart, q.seqincrement, q.seqmax, q.seqmin,
            q.seqcache, q.seqcycle)
        FROM pg_sequence q JOIN pg_class r ON r.oid = q.seqrelid WHERE r.relnamespace = s;
    RETURN QUERY SELECT 'view', concat_ws('|', r.relname, pg_get_viewdef(r.oid)) FROM pg_class r WHERE r.relnamespace = s AND r.relkind IN ('v', 'm');
    RETURN QUERY SELECT 'type', concat_ws('|', t.typname, t.typowner::regrole, t.typtype, t.typacl, format_type(nullif(t.typbasetype, 0), t.typtypmod),
            t.typnotnull, t.typcollation::regcollation, pg_get_expr(t.typdefaultbin, 0), obj_description(t.oid, 'pg_type'),
            (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
            (SELECT concat_ws(',', g.rngsubtype::regtype, g.rngsubopc, g.rngcollation, g.rngsubdiff::text, g.rngmultitypid::regtype)
             FROM pg_range g WHERE g.rngtypid = t.oid))
        FROM pg_type t WHERE t.typnamespace = s;
    RETURN QUERY SELECT 'function', concat_ws('|', p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), p.prokind, p.proowner::regrole, p.proacl,
            CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END, obj_description(p.oid, 'pg_proc'),
            (SELECT concat_ws(',', g.aggkind, g.aggnumdirectargs, g.aggtransfn, g.aggfinalfn, g.aggcombinefn, g.aggfinalextra,
                g.aggfinalmodify, g.aggsortop, g.aggtranstype::regtype, g.agginitval) FROM pg_aggregate g WHERE g.aggfnoid = p.oid))
        FROM pg_proc p WHERE p.pronamespace = s;
    RETURN QUERY SELECT 'trigger', concat_ws('|', pg_get_triggerdef(t.oid), t.tgenabled, t.tgparentid <> 0, obj_description(t.oid, 'pg_trigger'))
        FROM pg_trigger t JOIN pg_class r ON r.oid = t.tgrelid WHERE r.relnamespace = s AND t.tgname !~ '^RI_';
    RETURN QUERY SELECT 'rule', concat_ws('|', pg_get_ruledef(w.oid), w.ev_enabled, obj_description(w.oid, 'pg_rewrite'))
        FROM pg_rewrite w JOIN pg_class r ON r.oid = w.ev_class WHERE r.relnamespace = s;
    RETURN QUERY SELECT 'policy', concat_ws('|', r.relname, p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[],
            pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid), obj_description(p.oid, 'pg_policy'))
        FROM pg_policy p JOIN pg_class r ON r.oid = p.polrelid WHERE r.relnamespace = s;
    RETURN QUERY SELECT 'statistics', concat_ws('|', pg_get_statisticsobjdef(x.oid), x.stxowner::regrole, coalesce(x.stxstattarget, -1),
            obj_description(x.oid, 'pg_statistic_ext'))
        FROM pg_statistic_ext x WHERE x.stxnamespace = s;
    RETURN QUERY SELECT 'role', concat_ws('|', pg_describe_object(d.classid, d.objid, d.objsubid), d.refobjid::regrole, d.deptype)
        FROM pg_shdepend d
        WHERE d.dbid = (SELECT b.oid FROM pg_database b WHERE b.datname = current_database())
            AND strpos(pg_describe_object(d.classid, d.objid, d.objsubid), of::text) > 0;
    RETURN QUERY SELECT 'dependency', concat_ws('|', x.one, x.other, x.deptype)
        FROM (SELECT pg_describe_object(d.classid, d.objid, d.objsubid) AS one, pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) AS other, d.deptype
              FROM pg_depend d) x
        WHERE (strpos(x.one, of::text) > 0 OR strpos(x.other, of::text) > 0) AND strpos(x.one, 'RI_') = 0 AND x.one !~ 'toast' AND x.other !~ 'toast';
END $$;
CREATE FUNCTION test.differences(one name, other name) RETURNS TABLE (side text, kind text, property text) LANGUAGE sql AS $$
    WITH a AS (SELECT p.kind, test.shown(one, p.property) AS property FROM test.properties(one) p),
         b AS (SELECT p.kind, test.shown(other, p.property) AS property FROM test.properties(other) p)
    SELECT '-', * FROM (TABLE a EXCEPT ALL TABLE b) x UNION ALL SELECT '+', * FROM (TABLE b EXCEPT ALL TABLE a) y
    ORDER BY 2, 3, 1 $$;

SELECT watertight.clone_schema('"The template"', 'Copy 1');
SELECT * FROM test.differences('The template', 'Copy 1');
SELECT count(*) > 500 AS enough FROM test.properties('Copy 1');
-- Nothing of the copy means the template.
SELECT pg_describe_object(classid, objid, objsubid), pg_describe_object(refclassid, refobjid, refobjsubid) FROM pg_depend
WHERE pg_describe_object(classid, objid, objsubid) LIKE '%Copy 1%' AND pg_describe_object(refclassid, refobjid, refobjsubid) LIKE '%The template%';
-- Nobody has got more, and nobody whom the copy's grants name can be dropped.
SET ROLE clone_nobody;
SELECT * FROM "Copy 1".visit;
SET ROLE clone_writer;
SELECT count(*) FROM "Copy 1".patient;
SELECT count(*) FROM "Copy 1".visit;
SELECT "Copy 1".twice(2);
SELECT "Copy 1".pairs(NULL::"Copy 1".pair);
SET ROLE clone_owner;
DELETE FROM "Copy 1".visit;
-- It works like the template, and by itself.
SET search_path = "Copy 1";
INSERT INTO patient (name, stays) VALUES ('ann', '{[1,2)}') RETURNING id, number, feels, age, label, doubled, seen, ratio, wait, position;
INSERT INTO patient (name) VALUES ('');
INSERT INTO log (day) VALUES ('2019-01-01') RETURNING tableoid::regclass, what;
INSERT INTO log (day, id) VALUES ('2021-01-01', 2) RETURNING tableoid::regclass, what;
SELECT full_name(p), number_of(0) FROM patient p;
SELECT total(age), "All"(*) FROM patient;
SELECT * FROM pairs((1, 'b', NULL)::pair);
SELECT proconfig FROM pg_proc WHERE oid = '"Copy 1".pairs'::regproc;
RESET search_path;
CREATE TABLE "Copy 1".new ();
RESET ROLE;
SELECT has_table_privilege('clone_reader', '"Copy 1".new', 'SELECT WITH GRANT OPTION') AS reader, has_table_privilege('clone_nobody', '"Copy 1".new', 'INSERT') AS nobody;
SELECT count(*) FROM "The template".patient;
SELECT relation FROM watertight.protected_tables;
SELECT watertight.drop_cloned_schema('Copy 1');
SELECT count(*) FROM pg_namespace WHERE nspname = 'Copy 1';
-- A copy of a copy.
SELECT watertight.clone_schema('"The template"', 'Copy 1');
SELECT watertight.clone_schema('"Copy 1"', 'copy_2');
SELECT * FROM test.differences('The template', 'copy_2');
SELECT watertight.drop_cloned_schema('Copy 1');
SELECT watertight.drop_cloned_schema('copy_2');

-- Unlogged: no value of a row is written to the log, by ANALYZE neither.
ALTER TABLE "The template".log DROP CONSTRAINT log_doctor_fkey; -- See the refusals.
SELECT watertight.clone_schema('"The template"', 'copy_3', unlogged => true);
SELECT * FROM test.differences('The template', 'copy_3') WHERE kind NOT IN ('relation', 'column', 'statistics');
SELECT relname FROM pg_class WHERE relnamespace = 'copy_3'::regnamespace AND relkind IN ('r', 'i') AND relpersistence <> 'u';
SELECT relname AS unlogged_sequence FROM pg_class WHERE relnamespace = 'copy_3'::regnamespace AND relkind = 'S' AND relpersistence = 'u';
SELECT relname FROM pg_class WHERE relnamespace = 'copy_3'::regnamespace AND relkind = 'r'
    AND NOT coalesce('autovacuum_enabled=false' = ANY (reloptions), false);
SELECT relname, reloptions FROM pg_class WHERE relname = 'patient' AND relnamespace = 'copy_3'::regnamespace;
SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE c.relnamespace = 'copy_3'::regnamespace AND c.relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped AND attstattarget IS DISTINCT FROM 0;
INSERT INTO copy_3.patient (name, stay, age) SELECT 'ann ' || i, NULL, i FROM generate_series(1, 200) i;
INSERT INTO copy_3.log (day, id) SELECT date '2021-01-01' + i, 2 FROM generate_series(1, 50) i;
SET client_min_messages = error;
ANALYZE copy_3.patient, copy_3.log, copy_3.log_new_1;
SET client_min_messages = warning;
SELECT count(*) FROM pg_statistic s JOIN pg_class c ON c.oid = s.starelid WHERE c.relnamespace = 'copy_3'::regnamespace;
SELECT count(*) FROM pg_statistic_ext_data d JOIN pg_statistic_ext s ON s.oid = d.stxoid WHERE s.stxnamespace = 'copy_3'::regnamespace;

-- What depends on a schema from outside keeps it from being dropped.
GRANT CREATE, USAGE ON SCHEMA copy_3 TO PUBLIC;
CREATE VIEW shared.a_view AS SELECT name FROM copy_3.patient;
CREATE UNLOGGED TABLE shared.a_table (key bigint REFERENCES copy_3.patient, number integer DEFAULT nextval('copy_3.counter'), made integer DEFAULT copy_3.twice(3),
    feels copy_3.mood, rows copy_3.doctor[], CHECK (copy_3.twice(made) > 0));
CREATE TRIGGER a_trigger BEFORE INSERT ON shared.a_table FOR EACH ROW EXECUTE FUNCTION copy_3.stamp();
CREATE POLICY a_policy ON shared.a_table USING (EXISTS (SELECT FROM copy_3.doctor));
CREATE INDEX an_index ON shared.a_table (copy_3.twice(made));
CREATE FUNCTION shared.a_function(copy_3.patient) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TABLE shared.a_child () INHERITS (copy_3.base);
CREATE DOMAIN shared.a_domain AS copy_3.pair[];
SELECT watertight.drop_cloned_schema('copy_3');
\echo :LAST_ERROR_SQLSTATE
DROP TABLE shared.a_table, shared.a_child;
DROP FUNCTION shared.a_function;
DROP DOMAIN shared.a_domain;
SELECT watertight.drop_cloned_schema('copy_3');
DROP VIEW shared.a_view;
-- What workloads make themselves goes, too.
CREATE TABLE copy_3.names (n integer);
SELECT count(*) > 0 AS done FROM watertight.protect('copy_3.names');
SELECT relation FROM watertight.protected_tables;
CREATE OPERATOR copy_3.=== (leftarg = integer, rightarg = integer, function = int4eq);
CREATE COLLATION copy_3.own FROM "C";
CREATE TEXT SEARCH CONFIGURATION copy_3.own (COPY = simple);
CREATE CAST (copy_3.pair AS text) WITH INOUT;
SET client_min_messages = error;
CREATE PUBLICATION of_copy FOR TABLE copy_3.names;
SET client_min_messages = warning;
SELECT watertight.drop_cloned_schema('copy_3');
DROP PUBLICATION of_copy;
SELECT relation FROM watertight.protected_tables;
SELECT watertight.drop_cloned_schema('copy_3');
\echo :LAST_ERROR_SQLSTATE

-- Refused, naming the object.
CREATE SCHEMA refused;
CREATE SCHEMA elsewhere;
CREATE FUNCTION test.refuse(make text, unlogged boolean DEFAULT false) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    BEGIN
        EXECUTE make;
        PERFORM watertight.clone_schema('refused', 'copy_4', unlogged);
        RAISE EXCEPTION 'was cloned';
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
        RETURN concat_ws(' ', SQLSTATE, SQLERRM, detail);
    END;
END $$;
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
SELECT test.refuse('CREATE FOREIGN TABLE refused.remote (id integer) SERVER nowhere');
SELECT test.refuse('CREATE TABLE elsewhere.parent (); CREATE TABLE refused.child () INHERITS (elsewhere.parent)');
SELECT test.refuse('CREATE TABLE elsewhere.parent (id integer) PARTITION BY LIST (id);
    CREATE TABLE refused.part PARTITION OF elsewhere.parent DEFAULT');
SELECT test.refuse('CREATE TABLE refused.parent (id integer) PARTITION BY LIST (id);
    CREATE TABLE elsewhere.part PARTITION OF refused.parent DEFAULT');
SELECT test.refuse('CREATE OPERATOR refused.=== (leftarg = integer, rightarg = integer, function = int4eq)');
SELECT test.refuse('CREATE COLLATION refused.own FROM "C"');
SELECT test.refuse('CREATE TEXT SEARCH DICTIONARY refused.own (template = simple)');
SELECT test.refuse('CREATE TYPE refused.shell');
SELECT test.refuse('CREATE TYPE refused.canonical; CREATE FUNCTION refused.canonical(refused.canonical) RETURNS refused.canonical IMMUTABLE
    LANGUAGE internal AS ''int4range_canonical''; CREATE TYPE refused.canonical AS RANGE (subtype = integer, canonical = refused.canonical)');
SELECT test.refuse('CREATE EXTENSION citext SCHEMA refused');
SELECT test.refuse('CREATE MATERIALIZED VIEW refused.kept AS SELECT 1 AS one', unlogged => true);
SELECT test.refuse('CREATE SCHEMA copy_4');
SELECT test.refuse('CREATE TABLE refused.target (id integer PRIMARY KEY); CREATE TABLE refused.parted (id integer REFERENCES refused.target) PARTITION BY LIST (id)', true)
    LIKE CASE WHEN :'is_18' THEN '0A000%parted%' ELSE 'P0001 was cloned%' END AS unlogged_partitioned_key;
SELECT watertight.clone_schema('pg_catalog', 'copy_4');
\echo :LAST_ERROR_SQLSTATE
SELECT watertight.clone_schema('watertight', 'copy_4');
SELECT watertight.clone_schema(NULL, 'copy_4');
\echo :LAST_ERROR_SQLSTATE
SELECT watertight.clone_schema('refused', NULL);
SELECT watertight.clone_schema('refused', 'pg_copy');
SELECT watertight.clone_schema(4294967295::oid::regnamespace, 'copy_4');
\echo :LAST_ERROR_SQLSTATE
GRANT EXECUTE ON FUNCTION watertight.clone_schema, watertight.drop_cloned_schema TO clone_owner;
SET ROLE clone_owner;
SELECT watertight.clone_schema('"The template"', 'copy_4');
\echo :LAST_ERROR_SQLSTATE
SELECT watertight.drop_cloned_schema('refused');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
-- All or nothing.
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'copy%';

-- Materialized views are filled like the template's.
CREATE TABLE refused.data (n integer);
CREATE MATERIALIZED VIEW refused.kept WITH (fillfactor = 60) AS SELECT count(*) FROM refused.data;
CREATE MATERIALIZED VIEW refused.empty AS SELECT n FROM refused.data WITH NO DATA;
CREATE UNIQUE INDEX on_kept ON refused.kept (count);
COMMENT ON MATERIALIZED VIEW refused.kept IS 'kept';
SELECT watertight.clone_schema('refused', 'copy_4');
SELECT * FROM test.differences('refused', 'copy_4');
SELECT * FROM copy_4.kept;
SELECT watertight.drop_cloned_schema('copy_4');

-- A role that owns an object of the template runs what its definition runs: a function in an index expression is called when
-- the index is made.
CREATE SEQUENCE elsewhere.calls;
CREATE FUNCTION elsewhere.who() RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    IF CURRENT_USER <> 'clone_other' THEN RAISE WARNING 'called by %', CURRENT_USER; END IF;
    PERFORM nextval('elsewhere.calls');
    RETURN CURRENT_USER;
END $$;
GRANT ALL ON SCHEMA elsewhere, refused TO PUBLIC;
GRANT USAGE ON elsewhere.calls TO clone_other;
SET ROLE clone_other;
CREATE TABLE refused.called (t text);
CREATE INDEX ON refused.called ((t || elsewhere.who()));
RESET ROLE;
SELECT setval('elsewhere.calls', 1, false);
SELECT watertight.clone_schema('refused', 'copy_4');
SELECT is_called FROM elsewhere.calls;
SELECT watertight.drop_cloned_schema('copy_4');
-- Operators of the template stand in front of nobody's way.
SET ROLE clone_other;
CREATE FUNCTION refused.wrong(oid, oid) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'called by %', CURRENT_USER; RETURN false; END $$;
CREATE FUNCTION refused.wrong_too(name, name) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'called by %', CURRENT_USER; RETURN false; END $$;
CREATE FUNCTION refused.format(text, VARIADIC text[]) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'called by %', CURRENT_USER; RETURN ''; END $$;
CREATE FUNCTION refused.lower(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'called by %', CURRENT_USER; RETURN ''; END $$;
CREATE VIEW refused.shadowed AS SELECT lower('A'::text) AS one, refused.lower('A'::text) AS other;
CREATE TABLE refused.pg_class (relname text);
CREATE VIEW refused.over_it AS SELECT c.relname FROM refused.pg_class c;
CREATE RULE ruled AS ON INSERT TO refused.over_it DO INSTEAD INSERT INTO refused.called VALUES (NEW.relname);
RESET ROLE;
SELECT watertight.clone_schema('refused', 'copy_4');
SELECT * FROM test.differences('refused', 'copy_4');
SELECT watertight.drop_cloned_schema('copy_4');
CREATE OPERATOR refused.= (leftarg = oid, rightarg = oid, function = refused.wrong);
CREATE OPERATOR refused.<> (leftarg = oid, rightarg = oid, function = refused.wrong);
SELECT watertight.clone_schema('refused', 'copy_4');
DROP OPERATOR refused.= (oid, oid), refused.<> (oid, oid);
CREATE OPERATOR refused.= (leftarg = name, rightarg = name, function = refused.wrong_too);
SELECT watertight.clone_schema('refused', 'copy_4');
DROP OPERATOR refused.= (name, name);
CREATE RULE ruled_too AS ON INSERT TO refused.called DO INSTEAD INSERT INTO refused.pg_class VALUES (NEW.t);
SELECT watertight.clone_schema('refused', 'copy_4');
DROP RULE ruled_too ON refused.called;

-- Event triggers do not hear of copies, and a command that fails in one leaves nothing.
CREATE FUNCTION test.heard() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'heard of %', TG_TAG; END $$;
CREATE EVENT TRIGGER heard ON ddl_command_end EXECUTE FUNCTION test.heard();
CREATE EVENT TRIGGER heard_drop ON sql_drop EXECUTE FUNCTION test.heard();
SELECT watertight.clone_schema('refused', 'copy_4');
SELECT watertight.drop_cloned_schema('copy_4');
DROP EVENT TRIGGER heard;
DROP EVENT TRIGGER heard_drop;

-- Protected tables, and a protected schema, are copied as they are, and what is copied is not registered.
CREATE SCHEMA clinic AUTHORIZATION clone_owner;
SET ROLE clone_owner;
CREATE TABLE clinic.person (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, created_by text);
CREATE TABLE clinic.stay (id integer PRIMARY KEY, person bigint REFERENCES clinic.person) PARTITION BY HASH (id);
CREATE TABLE clinic.stay_0 PARTITION OF clinic.stay FOR VALUES WITH (MODULUS 1, REMAINDER 0);
SELECT count(*) > 0 AS done FROM watertight.protect_schema('clinic', scope_keys => true);
RESET ROLE;
SELECT watertight.clone_schema('clinic', 'ward');
SELECT * FROM test.differences('clinic', 'ward');
SELECT relation FROM watertight.protected_tables ORDER BY relation::text;
SELECT schema FROM watertight.protected_schemas;
SET ROLE clone_owner;
SELECT count(*) FROM ward.person;
\echo :LAST_ERROR_SQLSTATE
SET watertight.token = :'a';
INSERT INTO ward.person (name, created_by) VALUES ('bo', 'somebody else') RETURNING tenant_id, created_by;
INSERT INTO ward.stay (id, person) SELECT 1, id FROM ward.person;
SELECT count(*) FROM ward.stay;
SELECT count(*) FROM clinic.person;
INSERT INTO ward.person (tenant_id) VALUES ('0b000000-0000-7000-8000-000000000002');
RESET watertight.token;
CREATE TABLE ward.more (id integer);
SELECT count(*) FROM ward.more;
RESET ROLE;
SELECT watertight.drop_cloned_schema('ward');
SELECT relation FROM watertight.protected_tables ORDER BY relation::text;

-- The grants of a copy keep a role.
SELECT watertight.clone_schema('"The template"', 'copy_5');
REVOKE ALL ON ALL TABLES IN SCHEMA "The template" FROM clone_reader;
DROP SCHEMA "The template" CASCADE;
\set VERBOSITY terse
DROP ROLE clone_reader;
\set VERBOSITY default
\echo :LAST_ERROR_SQLSTATE
DROP OWNED BY clone_reader;
DROP ROLE clone_reader;
SELECT count(*) FROM pg_class WHERE relacl::text ~ '[{,][0-9]+=';
SELECT watertight.drop_cloned_schema('copy_5');
