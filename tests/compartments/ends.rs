//! Each way in which an ephemeral compartment ends; afterwards nothing of it is anywhere.

use std::time::Duration;

use watertight_tests::database::A;
use watertight_tests::{Cluster, Database, Session, eventually, literal};

use crate::house::{
    CONF, enter, flush, furnish, login_ephemeral, nothing_is_left, refused_with, traces, write_everywhere,
};

const READ: &str = "SELECT count(*) FROM documents";

/// A session that has written, and its token.
fn busy(db: &Database<'_>, canary: &str, more: &str) -> (Session, String) {
    let mut session = db.app();
    let token = login_ephemeral(db, &mut session, more);
    enter(&mut session, &token);
    write_everywhere(&mut session, canary);
    // The control: the canary is on disk, or the search afterwards proves nothing.
    flush(db);
    let found = std::process::Command::new("grep").args(["-rqa", canary, &db.cluster.data()]).status();
    assert!(found.expect("grep").success(), "{canary} was never written");
    assert!(traces(db).len() > 5, "{:?}", traces(db));
    (session, token)
}

#[test]
fn ends_while_the_server_runs() {
    let cluster = Cluster::start(CONF);
    let db = furnish(&cluster);

    let (mut session, token) = busy(&db, "WAL-1-logout", "");
    session.run("SELECT watertight.logout()");
    session.refused(READ, "28000");
    refused_with(&db, &token, READ).is("28000");
    nothing_is_left(&db, "WAL-1-logout");

    let (mut session, token) = busy(&db, "WAL-2-switch", "");
    let switched = session.one("SELECT watertight.switch_compartment('global')");
    refused_with(&db, &token, READ).is("28000");
    enter(&mut session, &switched);
    assert_eq!(session.one("SELECT watertight.compartment()"), "global");
    assert_eq!(session.number(READ), 0);
    nothing_is_left(&db, "WAL-2-switch");

    let (mut session, token) = busy(&db, "WAL-3-idle", ", idle_timeout => '2 seconds'");
    std::thread::sleep(Duration::from_millis(2_100));
    session.refused(READ, "28000");
    nothing_is_left(&db, "WAL-3-idle");
    refused_with(&db, &token, READ).is("28000");

    let (mut session, token) = busy(&db, "WAL-4-lifetime", ", lifetime => '3 seconds'");
    eventually("the lifetime is over", || session.attempt(READ).is_err());
    nothing_is_left(&db, "WAL-4-lifetime");
    refused_with(&db, &token, READ).is("28000");

    let (session, token) = busy(&db, "WAL-5-connection", ", bind => true");
    refused_with(&db, &token, READ).is("28000");
    drop(session);
    nothing_is_left(&db, "WAL-5-connection");
    refused_with(&db, &token, READ).is("28000");

    let (session, token) = busy(&db, "WAL-6-administrator", "");
    assert_eq!(
        db.admin().one("SELECT watertight.end_session(id) FROM watertight.sessions WHERE ephemeral"),
        "t"
    );
    nothing_is_left(&db, "WAL-6-administrator");
    refused_with(&db, &token, READ).is("28000");
    drop(session);
}

fn ends_with_the_server(how: &str, stop: impl Fn(&Cluster)) {
    let cluster = Cluster::start(CONF);
    let db = furnish(&cluster);
    let canary = format!("WAL-7-{how}");
    let (session, token) = busy(&db, &canary, "");
    drop(session);
    stop(&cluster);
    // The very first statements of the new server.
    refused_with(&db, &token, READ).is("28000");
    refused_with(&db, &token, "SELECT * FROM notes").is("28000|42P01");
    if let Ok(rows) = db.admin().attempt("SELECT * FROM documents") {
        assert!(rows.is_empty(), "{how}: a superuser reads {rows:?}");
    }
    nothing_is_left(&db, &canary);
    refused_with(&db, &token, READ).is("28000");
}

#[test]
fn ends_with_a_clean_shutdown() {
    ends_with_the_server("clean", Cluster::restart);
}

#[test]
fn ends_with_an_immediate_stop() {
    ends_with_the_server("immediate", Cluster::crash);
}

#[test]
fn ends_with_kill_9_of_the_postmaster() {
    ends_with_the_server("kill", Cluster::kill);
}

/// What logout() destroys while another connection is in the midst of it: the statement is cancelled, nothing waits for ever.
#[test]
fn ends_against_running_statements() {
    let cluster = Cluster::start(CONF);
    let db = furnish(&cluster);
    for (what, sql) in [
        ("asleep", "SELECT pg_sleep(60) FROM notes LIMIT 1"),
        ("in a transaction", "BEGIN; UPDATE notes SET body = 'x'; SELECT pg_sleep(60)"),
    ] {
        let (mut session, token) = busy(&db, "WAL-8-running", "");
        let mut other = db.app();
        enter(&mut other, &token);
        let sql = sql.to_owned();
        let running = std::thread::spawn(move || other.client().batch_execute(&sql).is_err());
        eventually("it runs", || {
            db.admin().number(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND state = 'active'",
            ) > 0
        });
        session.run("SELECT watertight.logout()");
        assert!(running.join().expect("the other connection"), "{what}: was not cancelled");
        nothing_is_left(&db, "WAL-8-running");
    }
    // One that only holds locks.
    let (mut session, token) = busy(&db, "WAL-9-idle-in-transaction", "");
    let mut other = db.app();
    enter(&mut other, &token);
    other.run("BEGIN");
    other.run("UPDATE notes SET body = 'x'");
    session.run("SELECT watertight.logout()");
    nothing_is_left(&db, "WAL-9-idle-in-transaction");
}

/// Two ends at once are one destruction.
#[test]
fn ends_twice_at_once() {
    let cluster = Cluster::start(CONF);
    let db = furnish(&cluster);
    for round in 0..10 {
        let mut session = db.app();
        let token = login_ephemeral(&db, &mut session, "");
        let ends: Vec<_> = (0..4)
            .map(|n| {
                let mut one = if n == 3 { db.admin() } else { db.app() };
                if n < 3 {
                    enter(&mut one, &token);
                }
                std::thread::spawn(move || {
                    let sql = if n == 3 {
                        "SELECT watertight.end_session(id) FROM watertight.sessions"
                    } else {
                        "SELECT watertight.logout()"
                    };
                    one.attempt(sql).map_err(|failure| failure.sqlstate)
                })
            })
            .collect();
        for end in ends {
            if let Err(state) = end.join().expect("a connection") {
                assert!(["28000", "57014", "57P01"].contains(&state.as_str()), "round {round}: {state}");
            }
        }
        eventually("it is gone", || traces(&db).is_empty());
    }
    let ended = db.admin().number("SELECT count(*) FROM watertight.ended_compartments");
    assert_eq!(ended, 10, "each was destroyed once");
    // Somebody else's compartment in the same tenant was never touched.
    let mut stays = db.app();
    let token = login_ephemeral(&db, &mut stays, "");
    enter(&mut stays, &token);
    stays.run("INSERT INTO notes (body) VALUES ('stays')");
    let again = stays.one(&format!("SELECT count(*) FROM notes WHERE {} <> ''", literal("x")));
    assert_eq!(again, "1");
}

/// When a session was last active survives a restart; a restart is no activity.
#[test]
fn idle_time_survives_a_restart() {
    let cluster = Cluster::start(CONF);
    let db = furnish(&cluster);
    let mut owner = db.app().with_token(&db.token(A));
    owner.run("SELECT watertight.create_compartment('room')");
    let login = |idle: &str| {
        let token = literal(&db.token(A));
        db.app().one(&format!("SELECT watertight.login({token}, 'room', idle_timeout => '{idle}')"))
    };
    let (short, long) = (login("3 seconds"), login("10 seconds"));
    std::thread::sleep(Duration::from_millis(2_000));
    db.app().with_token(&long).run(READ);
    db.app().with_token(&short).run(READ);
    drop(owner);
    cluster.restart();
    std::thread::sleep(Duration::from_millis(3_100));
    refused_with(&db, &short, READ).is("28000");
    assert_eq!(db.app().with_token(&long).one("SELECT watertight.compartment()"), "room");
    let active = "SELECT count(*) FROM watertight.open_sessions WHERE last_active_at > started_at + interval '1 second'";
    assert!(db.admin().number(active) >= 1, "activity was not written down");
}
