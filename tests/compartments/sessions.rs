//! Sessions: how many there may be, on one connection after another, and that their end is one for ever.

use watertight_tests::database::{A, B};
use watertight_tests::{Cluster, Database, Session, eventually, literal};

use crate::house::{CONF, furnish, login_ephemeral, refused_with, traces};

const WHERE: &str = "SELECT watertight.compartment()";

fn login(db: &Database<'_>, session: &mut Session, more: &str) -> String {
    session.one(&format!("SELECT watertight.login({}{more})", literal(&db.token(A))))
}

/// The least that can be set.
const FEW: usize = 16;

#[test]
fn when_there_is_no_room_for_a_session_nothing_is_left_of_the_attempt() {
    let cluster = Cluster::start(&[CONF[0], "watertight.reap_interval = 1", "watertight.max_sessions = 16"]);
    let db = furnish(&cluster);
    let mut app = db.app();
    let tokens: Vec<String> = (0..FEW).map(|_| login(&db, &mut app, "")).collect();
    let before = traces(&db);
    let whole = "SELECT watertight.login({}, ephemeral => true, template => 'workspace')";
    for sql in [whole, "SELECT watertight.login({})"] {
        let sql = sql.replace("{}", &literal(&db.token(A)));
        app.refused(&sql, "53400").says("too many sessions").hints();
    }
    assert_eq!(traces(&db), before);
    let rows = "SELECT count(*) FROM watertight.open_sessions";
    assert_eq!(db.admin().number(rows), FEW as i64);
    // Identity tokens need none, and those that have one go on.
    assert_eq!(db.app().with_token(&db.token(A)).one(WHERE), "global");
    let mut held = db.app().with_token(&tokens[0]);
    assert_eq!(held.one(WHERE), "global");
    // A switch takes the new one's before it gives the old one's back.
    held.refused("SELECT watertight.switch_compartment('global')", "53400");
    assert_eq!(held.one(WHERE), "global");
    held.run("SELECT watertight.logout()");
    let next = login(&db, &mut app, "");
    assert_eq!(db.app().with_token(&next).one(WHERE), "global");
    db.admin().run("SELECT watertight.end_session(id) FROM watertight.sessions");
    eventually("all have ended", || db.admin().number(rows) == 0);
    // After a restart each row needs its slot again, when it is used.
    let tokens: Vec<String> = (0..FEW).map(|_| login(&db, &mut app, "")).collect();
    drop((app, held));
    cluster.append_conf(&["watertight.max_sessions = 32"]);
    cluster.restart();
    for token in &tokens {
        assert_eq!(db.app().with_token(token).one(WHERE), "global");
    }
}

/// What a pooler does: transactions of many sessions, one after the other, on one server connection.
#[test]
fn one_connection_serves_one_session_after_another() {
    let cluster = Cluster::start(&[CONF[0], CONF[1], "watertight.token_scope = transaction"]);
    let db = furnish(&cluster);
    let mut logins = db.app();
    let first = login_ephemeral(&db, &mut logins, "");
    let second = login_ephemeral(&db, &mut logins, "");
    let global = login(&db, &mut logins, "");
    let b = literal(&db.token(B));
    let mut pooled = db.app();
    let read = pooled.prepare("SELECT count(*) FROM documents");
    for round in 0..30i64 {
        for (token, own) in [(&first, "first"), (&second, "second"), (&global, "global")] {
            pooled.run("BEGIN");
            pooled.run(&format!("SELECT watertight.begin({})", literal(token)));
            pooled.run(&format!("INSERT INTO documents (body) VALUES ('{own}')"));
            assert_eq!(
                pooled.execute(&read, &[]).expect("a count"),
                [[Some((round + 1).to_string())]],
                "{own}"
            );
            if own == "global" {
                pooled.refused("SELECT count(*) FROM notes", "42P01");
                pooled.run("ROLLBACK");
                // What is set for the session ends with its transaction as well.
                pooled.run(&format!("SET watertight.token = {}", literal(token)));
                pooled.refused("SELECT count(*) FROM documents", "28000");
                pooled.run("BEGIN");
                pooled.run(&format!("SELECT watertight.begin({})", literal(token)));
                pooled.run("INSERT INTO documents (body) VALUES ('global')");
                pooled.run("COMMIT");
                continue;
            }
            // A table of its own, of the same name in each.
            if round == 0 {
                pooled.run("CREATE TABLE own (owner text)");
            }
            pooled.run(&format!("INSERT INTO own VALUES ('{own}')"));
            assert_eq!(pooled.column("SELECT DISTINCT owner FROM own"), [own]);
            pooled.run("COMMIT");
            pooled.refused("SELECT count(*) FROM own", "42P01");
            pooled.refused("SELECT count(*) FROM documents", "28000");
        }
        if round == 20 {
            pooled.run("BEGIN");
            pooled.run(&format!("SELECT watertight.begin({b})"));
            assert_eq!(pooled.number("SELECT count(*) FROM documents"), 0);
            pooled.run("COMMIT");
        }
    }
    pooled.run("BEGIN");
    pooled.run(&format!("SELECT watertight.begin({})", literal(&first)));
    pooled.run("SELECT watertight.logout()");
    pooled.refused("SELECT count(*) FROM documents", "28000");
    pooled.run("ROLLBACK");
    pooled.refused(&format!("SELECT watertight.begin({})", literal(&first)), "28000");
    pooled.run("BEGIN");
    pooled.run(&format!("SELECT watertight.begin({})", literal(&second)));
    assert_eq!(pooled.column("SELECT DISTINCT owner FROM own"), ["second"]);
    pooled.run("COMMIT");
}

/// An end holds, although its transaction is rolled back and the server crashes before the worker has come by.
#[test]
fn an_end_that_was_rolled_back_survives_a_crash() {
    // A worker that sleeps: only what is on disk can tell.
    let cluster = Cluster::start(&[CONF[0], "watertight.reap_interval = 3600"]);
    let db = furnish(&cluster);
    db.app().with_token(&db.token(A)).run("SELECT watertight.create_compartment('room')");
    let mut app = db.app();
    let [out, switched, ended, open, stays] =
        ["out", "switched", "ended", "open", "stays"].map(|_| login(&db, &mut app, ", 'room'"));
    let mut blocker = db.admin();
    // The worker cannot delete a row that somebody else has locked.
    blocker.script("BEGIN; SELECT FROM watertight.open_sessions FOR UPDATE");
    let mut sessions: Vec<Session> = Vec::new();
    for (token, end, then) in [
        (&out, "SELECT watertight.logout()", Some("ROLLBACK")),
        (&switched, "SELECT watertight.switch_compartment('global')", Some("ROLLBACK")),
        (&open, "SELECT watertight.logout()", None),
    ] {
        let mut session = db.app().with_token(token);
        session.run("BEGIN");
        session.run(end);
        if let Some(then) = then {
            session.run(then);
        }
        sessions.push(session);
    }
    let id = db.app().with_token(&ended).one("SELECT session_id FROM watertight.whoami()");
    let mut admin = db.admin();
    admin.script(&format!("BEGIN; SELECT watertight.end_session('{id}'); ROLLBACK"));
    // Access is closed, whether or not there is a worker.
    cluster.append_conf(&["max_worker_processes = 0"]);
    cluster.crash();
    drop((sessions, admin, blocker, app));
    for (what, token) in
        [("logout", &out), ("switch", &switched), ("end_session", &ended), ("in a transaction", &open)]
    {
        let refused = refused_with(&db, token, WHERE);
        assert_eq!(refused.sqlstate, "28000", "{what}");
    }
    assert_eq!(db.app().with_token(&stays).one(WHERE), "room");
    // The worker finishes what was begun, and forgets it.
    let rows = "SELECT count(*) FROM watertight.open_sessions";
    assert_eq!(db.admin().number(rows), 5, "nobody has removed them");
    cluster.append_conf(&["watertight.reap_interval = 1", "max_worker_processes = 8"]);
    cluster.restart();
    eventually("the rows are gone", || db.admin().number(rows) == 1);
    let marks = "SELECT count(*) FROM pg_ls_dir('pg_watertight')";
    eventually("the marks are gone", || db.admin().number(marks) == 0);
    assert_eq!(db.app().with_token(&stays).one(WHERE), "room");
    refused_with(&db, &out, WHERE).is("28000");
}

/// What a connection remembers of compartments is bounded; what it forgets, it finds again.
#[test]
fn a_connection_outlives_many_compartments() {
    let cluster = Cluster::start(CONF);
    let db = furnish(&cluster);
    db.app().with_token(&db.token(A)).run("SELECT watertight.create_compartment('room')");
    let mut pooled = db.app();
    let room = login(&db, &mut pooled, ", 'room'");
    let read = pooled.prepare("SELECT count(*) FROM documents");
    // A connection that holds its token, and a cursor of it, all the while.
    let mut held = db.app().with_token(&room);
    held.run("INSERT INTO documents (body) SELECT 'room' FROM generate_series(1, 10)");
    held.script("BEGIN; DECLARE c CURSOR FOR SELECT body FROM documents; FETCH 1 FROM c");
    for round in 0..1_300 {
        let session = login(&db, &mut pooled, ", ephemeral => true");
        pooled.run("BEGIN");
        pooled.run(&format!("SELECT watertight.begin({})", literal(&session)));
        pooled.run("INSERT INTO documents (body) VALUES ('passing')");
        assert_eq!(pooled.execute(&read, &[]).expect("a count"), [[Some("1".to_owned())]], "round {round}");
        if round % 100 == 0 {
            pooled.run(&format!("SELECT watertight.begin({})", literal(&room)));
            assert_eq!(
                pooled.execute(&read, &[]).expect("a count"),
                [[Some("10".to_owned())]],
                "round {round}"
            );
            pooled.run(&format!("SELECT watertight.begin({})", literal(&session)));
        }
        pooled.run("SELECT watertight.logout()");
        pooled.run("COMMIT");
    }
    assert_eq!(held.run("FETCH ALL FROM c").len(), 9);
    held.run("COMMIT");
    assert_eq!(held.number("SELECT count(*) FROM documents"), 10);
    assert_eq!(db.admin().number("SELECT count(*) FROM documents"), 10);
}
