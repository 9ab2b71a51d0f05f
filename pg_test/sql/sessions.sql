-- Sessions: login, logout, switching, who may enter what, and the registry of compartments.
\set SHOW_CONTEXT never
\pset null '(null)'
CREATE ROLE sessions_app;
CREATE ROLE sessions_admin IN ROLE watertight_admin;
SELECT test.token('hospital_a') AS alice, test.token('hospital_a', '{"sub": "bob"}') AS bob,
       test.token('hospital_a', '{"sub": "carol", "role": "auditor"}') AS carol,
       test.token('hospital_b') AS foreign,
       test.token('hospital_a', '{"sub": null}') AS nobody \gset
SET ROLE sessions_app;

-- Switched off, there is Global.
SELECT watertight.login(:'alice') AS global \gset
BEGIN;
SELECT FROM watertight.begin(:'global');
SELECT tenant, user_id, email, issuer, compartment_id, compartment, session_id IS NOT NULL AS in_session FROM watertight.whoami();
SHOW watertight.compartment;
SHOW watertight.compartment_id;
SELECT watertight.claims() - 'sid' - 'iat' - 'exp' AS claims;
COMMIT;
SELECT watertight.login(:'alice', ephemeral => true);
SELECT watertight.login(:'alice', 'research');

-- What is no identity token.
SELECT watertight.login(NULL);
SELECT watertight.login('nonsense');
SELECT watertight.login(:'nobody');
SELECT watertight.login(:'global');
SELECT watertight.login(:'alice', NULL);

RESET ROLE;
ALTER DATABASE "sql-sessions" SET watertight.compartments = on;
\c
\set SHOW_CONTEXT never
\pset null '(null)'
SET ROLE sessions_app;

-- Creating. Names that could be misread.
BEGIN;
SELECT FROM watertight.begin(:'alice');
SELECT watertight.create_compartment('research') AS research \gset
SELECT name, ephemeral, parent, owned FROM watertight.my_compartments();
COMMIT;
SELECT watertight.create_compartment('away');
BEGIN; SELECT FROM watertight.begin(:'alice'); SELECT watertight.create_compartment('Global'); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'alice'); SELECT watertight.create_compartment(' x'); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'alice'); SELECT watertight.create_compartment(NULL); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'alice'); SELECT watertight.create_compartment('research'); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'alice'); SELECT watertight.create_compartment('x', parent => 'nowhere'); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'alice'); SELECT watertight.create_compartment('x', template => 'watertight'); ROLLBACK;
-- The other tenant may use the name.
BEGIN;
SELECT FROM watertight.begin(:'foreign');
SELECT watertight.create_compartment('research') IS NOT NULL AS created;
SELECT count(*) FROM watertight.my_compartments();
COMMIT;

-- Entering: the owner, nobody else; and whoever may not is told the same as of what does not exist.
SELECT watertight.login(:'alice', 'research') AS room \gset
SELECT watertight.login(:'bob', 'research');
SELECT watertight.login(:'bob', 'nowhere');
BEGIN;
SELECT FROM watertight.begin(:'room');
SELECT tenant, compartment, compartment_id = :'research' AS same FROM watertight.whoami();
SELECT watertight.readable_compartments() = ARRAY[:'research'::uuid] AS itself;
COMMIT;
-- A token of the issuer that names the compartment is in it without a session.
SELECT test.token('hospital_a', '{"compartment": "research"}') AS direct,
       test.token('hospital_a', '{"compartment": "research", "sub": "bob"}') AS intruder,
       test.token('hospital_a', '{"compartment": "global"}') AS stays \gset
BEGIN; SELECT FROM watertight.begin(:'direct'); SELECT watertight.compartment(); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'intruder'); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'stays'); SELECT watertight.compartment(); ROLLBACK;
SELECT watertight.login(:'stays', 'research');
SELECT watertight.login(:'direct', 'research') IS NOT NULL AS opened;

-- Members.
BEGIN; SELECT FROM watertight.begin(:'bob'); SELECT watertight.add_member('research', user_id => 'bob'); ROLLBACK;
BEGIN;
SELECT FROM watertight.begin(:'alice');
SELECT watertight.add_member('research', user_id => 'bob');
SELECT watertight.add_member('research', role => 'auditor');
COMMIT;
BEGIN; SELECT FROM watertight.begin(:'alice'); SELECT watertight.add_member('research'); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'alice'); SELECT watertight.add_member('research', user_id => 'x', role => 'y'); ROLLBACK;
SELECT watertight.login(:'bob', 'research') AS bobs \gset
SELECT watertight.login(:'carol', 'research') AS carols \gset
BEGIN; SELECT FROM watertight.begin(:'bob'); SELECT name, owned FROM watertight.my_compartments(); ROLLBACK;
-- A member is no owner.
BEGIN; SELECT FROM watertight.begin(:'bob'); SELECT watertight.rename_compartment('research', 'mine'); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'bob'); SELECT watertight.drop_compartment('research', 'research'); ROLLBACK;
-- Removed: the session is worth nothing at the next statement, on every connection.
BEGIN;
SELECT FROM watertight.begin(:'alice');
SELECT watertight.remove_member('research', user_id => 'bob'), watertight.remove_member('research', user_id => 'bob');
COMMIT;
BEGIN; SELECT FROM watertight.begin(:'bobs'); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'carols'); SELECT watertight.compartment(); ROLLBACK;

-- What administrators see.
RESET ROLE;
SET ROLE sessions_admin;
SELECT tenant, name, ephemeral, owner, parent, template, sessions, bytes FROM watertight.compartments ORDER BY 1, 2;
SELECT tenant, compartment, user_id, role, bound_to, ending, last_active_at >= started_at AS active
  FROM watertight.sessions ORDER BY started_at, id;
RESET ROLE;
SET ROLE sessions_app;
SELECT * FROM watertight.compartments;
SELECT * FROM watertight.sessions;
SELECT * FROM watertight.open_sessions;
SELECT * FROM watertight.session_keys;
SELECT watertight.end_session('00000000-0000-0000-0000-000000000000');
SELECT watertight.rotate_session_keys();

-- Revoking the user or the identity's issuer ends the session's rights.
RESET ROLE;
SELECT FROM watertight.revoke_user('carol', issuer => 'https://id.test');
SET ROLE sessions_app;
BEGIN; SELECT FROM watertight.begin(:'carols'); ROLLBACK;
RESET ROLE;
SELECT FROM watertight.restore_user('carol', 'https://id.test');
SET ROLE sessions_app;
BEGIN; SELECT FROM watertight.begin(:'carols'); SELECT watertight.compartment(); ROLLBACK;

-- Ours cannot be trusted as an issuer.
RESET ROLE;
SELECT watertight.trust_issuer('watertight', '{"keys": []}');

-- After a rotation both keys verify.
SELECT FROM watertight.rotate_session_keys();
SELECT count(*) FROM watertight.session_keys;
SET ROLE sessions_app;
BEGIN; SELECT FROM watertight.begin(:'room'); SELECT watertight.compartment(); ROLLBACK;
SELECT watertight.login(:'alice', 'research') AS rotated \gset
BEGIN; SELECT FROM watertight.begin(:'rotated'); SELECT watertight.compartment(); ROLLBACK;

-- Switching: a new token, the old one is dead.
BEGIN;
SELECT FROM watertight.begin(:'rotated');
SELECT watertight.switch_compartment('global') AS switched \gset
COMMIT;
BEGIN; SELECT FROM watertight.begin(:'rotated'); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'switched'); SELECT watertight.compartment(); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'switched'); SELECT watertight.switch_compartment('nowhere'); ROLLBACK;
-- A refused switch ends nothing.
BEGIN; SELECT FROM watertight.begin(:'switched'); SELECT watertight.compartment(); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'alice'); SELECT watertight.switch_compartment('research'); ROLLBACK;

-- Logging out is for ever, even if the transaction rolls back.
BEGIN; SELECT FROM watertight.begin(:'switched'); SELECT FROM watertight.logout(); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'switched'); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'alice'); SELECT watertight.logout(); ROLLBACK;
SELECT watertight.logout();
-- A login that rolls back has opened nothing.
BEGIN;
SELECT watertight.login(:'alice', 'research') AS unmade \gset
SELECT FROM watertight.begin(:'unmade');
SELECT watertight.compartment();
ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'unmade'); ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT watertight.login(:'alice', 'research') AS unmade \gset
ROLLBACK TO s;
SELECT FROM watertight.begin(:'unmade');
ROLLBACK;

-- An administrator ends a session.
RESET ROLE;
SELECT watertight.end_session(id) FROM watertight.sessions WHERE user_id = 'carol';
SELECT watertight.end_session('00000000-0000-0000-0000-000000000000');
SET ROLE sessions_app;
BEGIN; SELECT FROM watertight.begin(:'carols'); ROLLBACK;

-- Bound to the connection.
SELECT watertight.login(:'alice', 'research', bind => true) AS bound \gset
BEGIN; SELECT FROM watertight.begin(:'bound'); SELECT watertight.compartment(); COMMIT;
\c
\set SHOW_CONTEXT never
SET ROLE sessions_app;
-- It is another's, or gone already: the same to whoever asks.
\set VERBOSITY sqlstate
BEGIN; SELECT FROM watertight.begin(:'bound'); ROLLBACK;

-- Times: lifetime and idle timeout.
SELECT watertight.login(:'alice', idle_timeout => '1 second') AS idle, watertight.login(:'alice', lifetime => '1 second') AS short \gset
BEGIN; SELECT FROM watertight.begin(:'idle'); SELECT watertight.compartment(); COMMIT;
SELECT pg_sleep(1.1);
BEGIN; SELECT FROM watertight.begin(:'idle'); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'short'); ROLLBACK;
\set VERBOSITY default

-- Nested: a child reads its ancestors where it says so.
BEGIN;
SELECT FROM watertight.begin(:'alice');
SELECT watertight.create_compartment('trial', parent => 'research', reads_ancestors => true) AS trial \gset
SELECT watertight.create_compartment('sealed', parent => 'trial') AS sealed \gset
COMMIT;
SELECT watertight.login(:'alice', 'trial') AS in_trial, watertight.login(:'alice', 'sealed') AS in_sealed \gset
BEGIN; SELECT FROM watertight.begin(:'in_trial');
SELECT watertight.readable_compartments() = ARRAY[:'trial', :'research']::uuid[] AS with_ancestors; ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'in_sealed');
SELECT watertight.readable_compartments() = ARRAY[:'sealed']::uuid[] AS itself; ROLLBACK;

-- Dropping: confirmed, not from inside, not under others, not while sessions are open.
BEGIN; SELECT FROM watertight.begin(:'alice'); SELECT watertight.drop_compartment('sealed'); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'alice'); SELECT watertight.drop_compartment('trial', 'trial'); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'in_sealed'); SELECT watertight.drop_compartment('sealed', 'sealed', true); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'alice'); SELECT watertight.drop_compartment('sealed', 'sealed'); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'alice'); SELECT watertight.drop_compartment('sealed', 'sealed', force => true); COMMIT;
BEGIN; SELECT FROM watertight.begin(:'in_sealed'); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'alice'); SELECT watertight.rename_compartment('trial', 'study'); COMMIT;
BEGIN; SELECT FROM watertight.begin(:'in_trial'); SELECT watertight.compartment(); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'alice'); SELECT watertight.rename_compartment('study', 'research'); ROLLBACK;

-- Persistent ones switched off; too many ephemeral ones; switched off altogether.
RESET ROLE;
SET watertight.persistent_compartments = off;
SELECT watertight.login(:'alice', 'research');
BEGIN; SELECT FROM watertight.begin(:'room'); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'alice'); SELECT watertight.create_compartment('more'); ROLLBACK;
RESET watertight.persistent_compartments;
SET watertight.max_ephemeral_compartments = 1;
SELECT watertight.login(:'alice', 'demo', ephemeral => true) AS demo \gset
SELECT watertight.login(:'alice', ephemeral => true);
SELECT watertight.login(:'alice', 'demo', template => 'test');
BEGIN; SELECT FROM watertight.begin(:'demo'); SELECT watertight.compartment(); COMMIT;
SET watertight.compartments = off;
BEGIN; SELECT FROM watertight.begin(:'demo'); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'room'); ROLLBACK;
BEGIN; SELECT FROM watertight.begin(:'alice'); SELECT watertight.compartment(); ROLLBACK;
RESET watertight.compartments;
BEGIN; SELECT FROM watertight.begin(:'demo'); SELECT FROM watertight.logout(); COMMIT;
SELECT count(*) FROM watertight.all_compartments WHERE ephemeral;
SELECT count(*) FROM watertight.open_sessions WHERE user_id <> 'alice';
