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
