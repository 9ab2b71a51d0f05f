-- The creator column says who the token named, whatever the client says.
\set SHOW_CONTEXT never
SELECT test.token('hospital_a', '{"sub": "ann", "email": "ann@a.test"}') AS a,
       test.token('hospital_b', '{"sub": "bob", "email": null}') AS b \gset
CREATE EXTENSION citext;
CREATE ROLE protect_creator_app;
CREATE TABLE notes (id integer, created_by text, note text);
CREATE TABLE notes_short (id integer, author varchar(5));
CREATE TABLE notes_citext (id integer, created_by citext);
CREATE TABLE notes_uuid (id integer, created_by uuid);
CREATE TABLE notes_parted (id integer, created_by text, note text) PARTITION BY LIST (id);
CREATE TABLE notes_parted_1 PARTITION OF notes_parted FOR VALUES IN (1);
GRANT ALL ON notes, notes_short, notes_citext, notes_parted TO protect_creator_app;
SELECT * FROM watertight.protect('notes');
SELECT * FROM watertight.protect('notes_short', creator_column => 'author') AS s WHERE s LIKE '%TRIGGER%';
SELECT * FROM watertight.protect('notes_citext') AS s WHERE s LIKE '%TRIGGER%';
-- Not text: not ours.
SELECT * FROM watertight.protect('notes_uuid') AS s WHERE s LIKE '%TRIGGER%';
-- A partition has its own.
SELECT * FROM watertight.protect('notes_parted') AS s WHERE s LIKE '%TRIGGER%';
CREATE TABLE notes_parted_2 PARTITION OF notes_parted FOR VALUES IN (2);
SELECT tgrelid::regclass, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'watertight_creator' 
ORDER BY tgrelid::regclass::text;
SELECT relation, creator_column FROM watertight.protected_tables ORDER BY relation::text;

SET ROLE protect_creator_app;
SET watertight.token = :'a';
INSERT INTO notes VALUES (1, 'mallory', 'forged') RETURNING created_by;
INSERT INTO notes (id) VALUES (2) RETURNING created_by;
INSERT INTO notes_citext VALUES (1, 'mallory') RETURNING created_by;
INSERT INTO notes_parted VALUES (1, 'mallory'), (2, NULL) RETURNING created_by;
INSERT INTO notes_short VALUES (1, 'mal');
\echo :LAST_ERROR_SQLSTATE
UPDATE notes SET created_by = 'mallory', note = 'changed' RETURNING *;
UPDATE notes SET created_by = NULL WHERE id = 1 RETURNING created_by;
INSERT INTO notes SELECT 3, 'mallory' RETURNING created_by;
SELECT id, created_by FROM notes ORDER BY id;
-- Moved into another partition, a row keeps its creator, and only such a row does.
RESET ROLE;
GRANT ALL ON notes_parted_2 TO protect_creator_app;
SET ROLE protect_creator_app;
INSERT INTO notes_parted VALUES (1, NULL, 'of ann'), (1, NULL, 'of ann, too');
SELECT test.token('hospital_a', '{"sub": "cid", "email": "cid@a.test"}') AS c \gset
SET watertight.token = :'c';
UPDATE notes_parted SET id = 3 - id WHERE note LIKE 'of ann%' RETURNING tableoid::regclass, *;
UPDATE notes_parted SET id = 1, created_by = 'cid@a.test' WHERE note = 'of ann' RETURNING tableoid::regclass, created_by;
MERGE INTO notes_parted USING (VALUES (1)) AS v (id) ON notes_parted.id = v.id AND note = 'of ann'
    WHEN MATCHED THEN UPDATE SET id = 2, note = 'merged';
SELECT tableoid::regclass, created_by, note FROM notes_parted WHERE note = 'merged';
BEGIN;
-- An UPDATE that moves nothing does not help a forger: not in the same statement, not after an error, not afterwards.
WITH u AS (UPDATE notes_parted SET note = 'changed' WHERE note = 'merged' RETURNING created_by, note)
INSERT INTO notes_parted SELECT 1, created_by, note FROM u RETURNING tableoid::regclass, created_by;
DO $$ BEGIN
    UPDATE notes_parted_2 SET id = 1 WHERE note = 'changed';
EXCEPTION WHEN check_violation THEN
    INSERT INTO notes_parted VALUES (1, 'ann@a.test', 'after an error');
END $$;
UPDATE notes_parted SET note = 'again' WHERE note = 'of ann, too';
INSERT INTO notes_parted VALUES (1, 'ann@a.test', 'afterwards');
UPDATE notes_parted SET id = 1 WHERE note = 'again';
INSERT INTO notes_parted VALUES (2, 'ann@a.test', 'after a move');
DELETE FROM notes_parted WHERE note = 'again';
INSERT INTO notes_parted VALUES (2, 'ann@a.test', 'after a deletion');
SELECT created_by, note FROM notes_parted WHERE note LIKE 'after%' ORDER BY note;
ROLLBACK;
-- Nor does a table that was emptied in between.
RESET ROLE;
BEGIN;
UPDATE notes_parted SET note = 'changed' WHERE note = 'merged';
TRUNCATE notes_parted;
INSERT INTO notes_parted VALUES (1, 'ann@a.test', 'after truncate') RETURNING created_by;
ROLLBACK;
-- Other triggers on the way change nothing: they write elsewhere, and run statements.
CREATE TABLE notes_log (id integer, created_by text) PARTITION BY LIST (id);
CREATE TABLE notes_log_1 PARTITION OF notes_log DEFAULT;
SELECT count(*) FROM watertight.protect('notes_log');
CREATE FUNCTION log_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.notes_log VALUES (9, 'mallory');
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER a_log BEFORE INSERT OR DELETE ON notes_parted FOR EACH ROW EXECUTE FUNCTION log_note();
UPDATE notes_parted SET id = 1 WHERE note = 'merged' RETURNING tableoid::regclass, created_by;
SELECT created_by, count(*) FROM notes_log GROUP BY created_by;
DROP TABLE notes_log;
DROP FUNCTION log_note CASCADE;
SET ROLE protect_creator_app;
-- Without an e-mail address the user.
SET watertight.token = :'b';
INSERT INTO notes VALUES (1, 'mallory') RETURNING created_by;
INSERT INTO notes_short VALUES (1, 'mallo') RETURNING author;
RESET ROLE;
RESET watertight.token;
-- Without a token (a restore, an administrator's repair) the row says what it says.
INSERT INTO notes_citext (id, tenant_id, created_by) VALUES (9, '0a000000-0000-7000-8000-000000000001', 'restored') RETURNING created_by;
-- ENABLE ALWAYS
SET session_replication_role = replica;
SET watertight.token = :'a';
INSERT INTO notes VALUES (5, 'mallory') RETURNING created_by;
RESET session_replication_role;
RESET watertight.token;

-- Refused.
SELECT * FROM watertight.protect('notes_uuid', creator_column => 'created_by');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.protect('notes_uuid', creator_column => 'nobody');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM watertight.protect('notes_uuid', creator_column => 'tenant_id');
\echo :LAST_ERROR_SQLSTATE
CREATE TABLE misuse (id integer);
CREATE TRIGGER no_column BEFORE INSERT ON misuse FOR EACH ROW EXECUTE FUNCTION watertight.record_creator();
CREATE TRIGGER not_text BEFORE UPDATE ON misuse FOR EACH ROW EXECUTE FUNCTION watertight.record_creator('id');
INSERT INTO misuse VALUES (1);
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE misuse DISABLE TRIGGER no_column;
INSERT INTO misuse VALUES (1);
SET watertight.token = :'a';
UPDATE misuse SET id = 2;
\echo :LAST_ERROR_SQLSTATE
