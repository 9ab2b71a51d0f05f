//! C: what one client leaves on a server connection for the next one. A and B share a connection, as behind a pooler
//! in transaction mode.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_tests::database::{A, B};
use watertight_tests::wire::Wire;
use watertight_tests::{CANARY, COUNT, Database, Failure, Mode, Rows, Session, for_each_protocol};

/// One client's transaction on the shared connection.
fn turn(session: &mut Session, token: &str, statements: &[&str]) -> Vec<Result<Rows, Failure>> {
    session.run("BEGIN");
    session.run(&format!("SET LOCAL watertight.token = '{token}'"));
    let results: Vec<_> = statements.iter().map(|sql| session.attempt(sql)).collect();
    let _ = session.attempt("COMMIT");
    results
}

/// A connection on which A has worked and B comes next: from here on no canary may be told.
fn after_a(db: &Database, mode: Mode, statements: &[&str]) -> Session {
    let mut session = db.app().mode(mode);
    for result in turn(&mut session, &db.token(A), statements) {
        result.unwrap_or_else(|failure| panic!("the control: A's statement fails: {}", failure.everything));
    }
    session.notices();
    session.watched()
}

/// Ways to read a cursor named `c`, by statement and behind the statements' back.
const FETCHES: &[&str] = &[
    "FETCH ALL FROM c",
    "FETCH FIRST FROM c",
    "FETCH ABSOLUTE 1 FROM c",
    "MOVE FORWARD ALL FROM c",
    "DO $$ DECLARE r refcursor := 'c'; x record; BEGIN FETCH r INTO x; RAISE NOTICE '%', x; END $$",
    "DO $$ DECLARE r refcursor := 'c'; x record; BEGIN LOOP FETCH r INTO x; EXIT WHEN NOT FOUND; RAISE NOTICE '%', x;
        END LOOP; END $$",
    "SELECT cursor_to_xml('c', 100, true, false, '')",
    "SELECT cursor_to_xmlschema('c', true, false, '')",
    "SELECT statement FROM pg_cursors",
];

/// A holdable cursor opened by A and left on the connection, where that is allowed at all.
fn held_by_a(db: &Database, mode: Mode) -> Session {
    let mut session = db.app().mode(mode);
    let declare = "DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT * FROM patients ORDER BY id";
    turn(&mut session, &db.token(A), &[declare]);
    session
}

#[test]
fn c27_a_holdable_cursor_shows_the_next_client_nothing() {
    let db = Database::shared();
    for_each_protocol(|mode| {
        for fetch in FETCHES {
            let mut session = held_by_a(&db, mode).watched();
            turn(&mut session, &db.token(B), &[fetch]);
            // Nor without any token, nor outside of a transaction.
            let _ = session.attempt(fetch);
            session.set_token(&db.token(B));
            let _ = session.attempt(fetch);
        }
        // The control: A itself reads what it left, and B's own cursor shows B's rows.
        let mut session = held_by_a(&db, mode);
        let rows = turn(&mut session, &db.token(A), &["FETCH ALL FROM c"]).remove(0);
        assert_eq!(rows.map_or(20, |rows| rows.len()), 20);
        session.run("BEGIN");
        session.run(&format!("SET LOCAL watertight.token = '{}'", db.token(B)));
        session.run("DECLARE d CURSOR FOR SELECT * FROM patients");
        assert_eq!(session.run("FETCH ALL FROM d").len(), 10);
        session.run("COMMIT");
    });
}

#[test]
fn c27_a_holdable_cursor_is_not_reached_by_protocol_messages() {
    let db = Database::shared();
    let mut wire = Wire::connect(db.cluster, &db.name, "app");
    let set = |tenant| format!("SET watertight.token = '{}'", db.token(tenant));
    wire.query("DECLARE d CURSOR WITH HOLD FOR SELECT name FROM open_patients");
    wire.query(&set(A));
    wire.query("DECLARE c CURSOR WITH HOLD FOR SELECT name FROM patients");
    wire.query(&set(B));
    // The control: a portal is a cursor, and Execute reads it without a FETCH.
    assert!(wire.execute_portal("d").contains(CANARY));
    assert!(!wire.execute_portal("c").contains(CANARY), "Execute on A's cursor");
    wire.query("RESET watertight.token");
    assert!(!wire.execute_portal("c").contains(CANARY), "Execute on A's cursor, without a token");
}

#[test]
fn c27_a_cursor_of_the_same_name_with_other_columns_is_harmless() {
    let db = Database::shared();
    let mut session = db.app();
    turn(&mut session, &db.token(A), &["DECLARE c CURSOR WITH HOLD FOR SELECT name FROM patients"]);
    let mut session = session.watched();
    let _ = session.attempt("CLOSE c");
    let second = ["DECLARE c CURSOR FOR SELECT id, age FROM patients", "FETCH ALL FROM c"];
    let results = turn(&mut session, &db.token(B), &second);
    assert_eq!(results[1].as_ref().map(Vec::len).unwrap_or(10), 10);
}

#[test]
fn c28_what_a_temporary_object_would_show_is_b_s_own() {
    let db = Database::shared();
    for_each_protocol(|mode| {
        let mut b = after_a(
            &db,
            mode,
            &[
                "CREATE TEMP VIEW mine AS SELECT * FROM patients",
                "CREATE FUNCTION pg_temp.mine() RETURNS SETOF patients LANGUAGE sql AS 'SELECT * FROM patients'",
                "SELECT count(*) FROM mine",
            ],
        );
        for sql in ["SELECT * FROM mine", "SELECT * FROM pg_temp.mine()"] {
            let results = turn(&mut b, &db.token(B), &[sql]);
            assert_eq!(results[0].as_ref().map(Vec::len).unwrap_or(10), 10);
        }
    });
}

#[test]
fn c29_a_prepared_statement_gives_the_next_client_its_own_rows() {
    let db = Database::shared();
    for plan in ["auto", "force_generic_plan", "force_custom_plan"] {
        let mut session = db.app();
        session.run(&format!("SET plan_cache_mode = {plan}"));
        let prepare = "PREPARE p AS SELECT * FROM patients ORDER BY id";
        turn(&mut session, &db.token(A), &[prepare]);
        for _ in 0..7 {
            let rows = turn(&mut session, &db.token(A), &["EXECUTE p"]).remove(0).unwrap();
            assert_eq!(rows.len(), 20, "the control");
        }
        let mut session = session.watched();
        for _ in 0..7 {
            assert_eq!(turn(&mut session, &db.token(B), &["EXECUTE p"]).remove(0).unwrap().len(), 10);
        }
        session.refused("EXECUTE p", "28000");
    }
}

#[test]
fn c29_a_protocol_level_statement_gives_the_next_client_its_own_rows() {
    let db = Database::shared();
    let mut session = db.app();
    session.set_token(&db.token(A));
    let statement = session.prepare("SELECT * FROM patients WHERE id >= $1 ORDER BY id");
    for _ in 0..7 {
        assert_eq!(session.execute(&statement, &[&1_i64]).unwrap().len(), 20, "the control");
    }
    session.set_token(&db.token(B));
    let mut session = session.watched();
    for _ in 0..7 {
        assert_eq!(session.execute(&statement, &[&1_i64]).unwrap().len(), 10);
    }
    session.run("RESET watertight.token");
    session.execute(&statement, &[&1_i64]).unwrap_err().is("28000");
}

#[test]
fn c31_sequence_and_random_state_hold_no_row() {
    let db = Database::shared();
    let mut b = after_a(&db, Mode::Simple, &["SELECT setseed(0.5), random()", "SELECT name FROM patients"]);
    b.refused("SELECT lastval()", "55000");
    turn(&mut b, &db.token(B), &["SELECT random(), txid_current()"]);
}

#[test]
fn c33_an_aborted_transaction_leaves_no_context() {
    let db = Database::shared();
    for_each_protocol(|mode| {
        for set in ["SET", "SET LOCAL"] {
            let mut session = db.app().mode(mode);
            session.run("BEGIN");
            session.run(&format!("{set} watertight.token = '{}'", db.token(A)));
            assert_eq!(session.number(COUNT), 20, "the control");
            session.refused("SELECT 1/0", "22012");
            session.run("ROLLBACK");
            session.watched().refused(COUNT, "28000");
        }
        let mut session = db.app().mode(mode);
        session.run("BEGIN");
        session.run(&format!("SET watertight.token = '{}'", db.token(A)));
        session.refused("SELECT 1/0", "22012");
        // COMMIT of a failed transaction is a rollback.
        session.run("COMMIT");
        session.watched().refused(COUNT, "28000");
    });
}

#[test]
fn c33_in_transaction_scope_a_forgotten_token_counts_for_nobody_else() {
    let db = Database::shared();
    db.admin().script(&format!("ALTER DATABASE {} SET watertight.token_scope = 'transaction'", db.name));
    for_each_protocol(|mode| {
        let mut session = db.app().mode(mode);
        session.run("BEGIN");
        session.run(&format!("SET watertight.token = '{}'", db.token(A)));
        assert_eq!(session.number(COUNT), 20, "the control");
        session.run("COMMIT");
        let mut session = session.watched();
        session.refused(COUNT, "28000");
        session.run("BEGIN");
        session.refused(COUNT, "28000");
        session.run("ROLLBACK");
        // Neither RESET nor ROLLBACK TO moves the old token into a new transaction.
        session.run("BEGIN");
        session.run("SAVEPOINT s");
        session.run(&format!("SET LOCAL watertight.token = '{}'", db.token(B)));
        assert_eq!(session.number(COUNT), 10);
        session.run("ROLLBACK TO s");
        session.refused(COUNT, "28000");
        session.run("ROLLBACK");
        let _ = session.attempt("RESET watertight.token");
        session.refused(COUNT, "28000");
    });
}

#[test]
fn c33_a_killed_backend_leaves_nothing() {
    let db = Database::shared();
    let mut a = db.a(Mode::Simple);
    a.run("BEGIN");
    a.run("UPDATE patients SET age = 99 WHERE id = 1");
    let pid = a.pid();
    db.admin().run(&format!("SELECT pg_terminate_backend({pid}, 5000)"));
    a.attempt(COUNT).expect_err("a killed backend answers");
    let mut next = db.app().watched();
    next.refused(COUNT, "28000");
    next.set_token(&db.token(B));
    assert_eq!(next.number(COUNT), 10);
    assert_eq!(db.truth("SELECT age FROM patients WHERE id = 1"), ["1"]);
}
