//! A hot standby: sessions and their ends are followed there, ephemeral compartments are not to be seen, also after a promotion.

use watertight_tests::database::A;
use watertight_tests::{Cluster, Database, eventually, literal};

use crate::house::{CONF, enter, furnish, login_ephemeral, traces};

const READ: &str = "SELECT count(*) FROM documents";

/// A token on the standby: what it reads, or how it is refused.
fn there(standby: &Cluster, db: &Database<'_>, token: &str, sql: &str) -> Result<String, String> {
    let mut session = standby.session(&db.name, "app");
    session
        .attempt(&format!("SET watertight.token = {}", literal(token)))
        .and_then(|_| session.attempt(sql))
        .map(|rows| rows.into_iter().flatten().flatten().next().unwrap_or_default())
        .map_err(|failure| failure.sqlstate)
}

#[test]
fn a_standby_follows_and_a_promotion_shows_nothing_ephemeral() {
    let cluster = Cluster::start(CONF);
    let db = furnish(&cluster);
    let standby = cluster.standby();
    let identity = db.token(A);
    db.app()
        .with_token(&identity)
        .run("SELECT watertight.create_compartment('room', template => 'workspace')");
    let mut app = db.app();
    let room = || format!("SELECT watertight.login({}, 'room')", literal(&identity));
    let (stays, ends) = (app.one(&room()), app.one(&room()));
    let ephemeral = login_ephemeral(&db, &mut app, "");
    enter(&mut app, &stays);
    app.script("INSERT INTO documents (body) VALUES ('kept'); INSERT INTO notes (body) VALUES ('kept')");
    enter(&mut app, &ephemeral);
    app.script("INSERT INTO documents (body) VALUES ('gone'); INSERT INTO notes (body) VALUES ('gone'); CREATE TABLE own AS SELECT 1 AS one");
    cluster.wait_for(&standby);

    // Sessions read what is theirs; nothing can be opened, ended or written there.
    for token in [&stays, &ends] {
        assert_eq!(there(&standby, &db, token, READ), Ok("1".into()));
        assert_eq!(there(&standby, &db, token, "SELECT body FROM notes"), Ok("kept".into()));
    }
    assert_eq!(there(&standby, &db, &identity, READ), Ok("0".into()));
    for sql in ["SELECT watertight.logout()", "SELECT watertight.switch_compartment('global')", &room()] {
        assert_eq!(there(&standby, &db, &stays, sql), Err("25006".into()), "{sql}");
    }
    assert_eq!(there(&standby, &db, &stays, READ), Ok("1".into()), "what was refused has ended nothing");
    // What is ephemeral belongs to the primary's start.
    for sql in [READ, "SELECT count(*) FROM notes", "SELECT count(*) FROM own"] {
        let refused = there(&standby, &db, &ephemeral, sql).expect_err(sql);
        assert!(["28000", "42P01"].contains(&refused.as_str()), "{sql}: {refused}");
    }

    // An end on the primary is one there, also for a connection in the midst of its transaction.
    let mut held = standby.session(&db.name, "app");
    held.run("BEGIN");
    held.run(&format!("SELECT watertight.begin({})", literal(&ends)));
    assert_eq!(held.number(READ), 1);
    db.app().with_token(&ends).run("SELECT watertight.logout()");
    cluster.wait_for(&standby);
    held.refused(READ, "28000");
    drop(held);
    assert_eq!(there(&standby, &db, &ends, READ), Err("28000".into()));

    // The primary is lost in the midst of it.
    drop(app);
    standby.promote();
    eventually("it is a primary", || standby.admin("postgres").one("SELECT pg_is_in_recovery()") == "f");
    assert_eq!(there(&standby, &db, &ephemeral, READ), Err("28000".into()));
    let promoted =
        |sql: &str| standby.try_session(&db.name, "postgres", "").and_then(|mut it| it.attempt(sql));
    if let Ok(rows) = promoted("SELECT * FROM documents WHERE body = 'gone'") {
        assert!(rows.is_empty(), "a superuser reads {rows:?}");
    }
    let gone = "SELECT (SELECT count(*) FROM documents WHERE body = 'gone')
                     + (SELECT count(*) FROM watertight.all_compartments WHERE ephemeral AND tenant_id IS NOT NULL)
                     + (SELECT count(*) FROM pg_class WHERE relname = 'own')";
    eventually("the worker has cleaned up", || {
        promoted(gone).is_ok_and(|rows| rows == [[Some("0".to_owned())]])
    });
    assert_eq!(there(&standby, &db, &stays, "SELECT body FROM notes"), Ok("kept".into()));
    assert_eq!(
        there(&standby, &db, &stays, "INSERT INTO documents (body) VALUES ('more') RETURNING body"),
        Ok("more".into())
    );
    assert_eq!(there(&standby, &db, &stays, "SELECT watertight.logout()::text"), Ok(String::new()));
    assert_eq!(there(&standby, &db, &stays, READ), Err("28000".into()));
    // The old primary, had it survived, is another matter: it still has what it had.
    assert!(traces(&db).len() > 1);
}

/// On a standby no worker gives back what a session took in shared memory.
#[test]
fn a_standby_does_not_run_out_of_sessions() {
    let cluster = Cluster::start(&[CONF[0], CONF[1], "watertight.max_sessions = 16"]);
    let db = furnish(&cluster);
    let standby = cluster.standby();
    let login = format!("SELECT watertight.login({})", literal(&db.token(A)));
    let stays = db.app().one(&login);
    for round in 0..40 {
        let token = db.app().one(&login);
        cluster.wait_for(&standby);
        assert_eq!(there(&standby, &db, &token, READ), Ok("0".into()), "round {round}");
        assert_eq!(there(&standby, &db, &stays, READ), Ok("0".into()), "round {round}");
        db.app().with_token(&token).run("SELECT watertight.logout()");
    }
    cluster.wait_for(&standby);
    assert_eq!(there(&standby, &db, &stays, READ), Ok("0".into()));
}
