//! The context through everything a session does with a setting.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::thread::sleep;
use std::time::Duration;

use watertight_tests::database::{A, AUDIENCE, B, trust};
use watertight_tests::wire::Wire;
use watertight_tests::{COUNT, Database, Mode, Session, for_each_protocol};

fn is(session: &mut Session, tenant: &str) {
    assert_eq!(session.one("SELECT watertight.tenant()"), tenant);
    assert_eq!(session.number(COUNT), if tenant == A { 20 } else { 10 });
}

#[test]
fn every_read_function_tells_what_the_token_says() {
    let db = Database::shared();
    let claims =
        db.claims(A).claim("email", "alice@a.example").claim("role", "nurse").claim("sid", db.b.clone());
    let token = db.sign(claims.claim("app", serde_json::json!({"x": [1, "two"]})));
    for_each_protocol(|mode| {
        let mut a = db.app().with_token(&token).mode(mode);
        assert_eq!(a.one("SELECT watertight.tenant_id()"), db.a);
        assert_eq!(a.one("SELECT watertight.tenant()"), A);
        assert_eq!(a.one("SELECT watertight.user_id()"), "alice");
        assert_eq!(a.one("SELECT watertight.email()"), "alice@a.example");
        assert_eq!(a.one("SELECT watertight.role()"), "nurse");
        assert_eq!(a.one("SELECT watertight.session_id()"), db.b);
        assert_eq!(a.one("SELECT watertight.claims() #>> '{app,x,1}'"), "two");
        assert_eq!(
            a.one("SELECT tenant || user_id || role FROM watertight.whoami()"),
            "hospital_aalicenurse"
        );
        for (name, value) in
            [("tenant_id", db.a.as_str()), ("tenant", A), ("user_id", "alice"), ("role", "nurse")]
        {
            assert_eq!(a.one(&format!("SHOW watertight.{name}")), value);
            assert_eq!(a.one(&format!("SELECT current_setting('watertight.{name}')")), value);
        }
        a.run("RESET watertight.token");
        assert_eq!(a.one("SHOW watertight.tenant"), "");
    });
}

#[test]
fn set_and_set_local_last_as_long_as_postgresql_says() {
    let db = Database::shared();
    let (a, b) = (db.token(A), db.token(B));
    for_each_protocol(|mode| {
        let mut session = db.app().with_token(&b).mode(mode);
        for (set, end, after) in [
            ("SET", "COMMIT", A),
            ("SET", "ROLLBACK", B),
            ("SET LOCAL", "COMMIT", B),
            ("SET LOCAL", "ROLLBACK", B),
        ] {
            session.set_token(&b);
            session.run("BEGIN");
            is(&mut session, B);
            session.run(&format!("{set} watertight.token = '{a}'"));
            is(&mut session, A);
            session.run(end);
            is(&mut session, after);
        }
    });
}

#[test]
fn begin_takes_the_token_as_a_parameter_and_lasts_for_the_transaction() {
    let db = Database::shared();
    let mut session = db.app();
    session.run("BEGIN");
    session.query("SELECT watertight.begin($1)", &[&db.token(A)]).unwrap();
    is(&mut session, A);
    session.query("SELECT watertight.begin($1)", &[&db.token(B)]).unwrap();
    is(&mut session, B);
    session.run("COMMIT");
    session.refused(COUNT, "28000").hints();
}

#[test]
fn savepoints_nest() {
    let db = Database::shared();
    let (a, b) = (db.token(A), db.token(B));
    for_each_protocol(|mode| {
        let mut session = db.app().mode(mode);
        session.run("BEGIN");
        session.run(&format!("SET LOCAL watertight.token = '{a}'"));
        session.run("SAVEPOINT one");
        session.run(&format!("SET LOCAL watertight.token = '{b}'"));
        session.run("SAVEPOINT two");
        session.run("RESET watertight.token");
        session.refused(COUNT, "28000");
        session.run("ROLLBACK TO two");
        is(&mut session, B);
        session.run("RELEASE two");
        is(&mut session, B);
        session.run("ROLLBACK TO one");
        is(&mut session, A);
        session.run(&format!("SET watertight.token = '{b}'"));
        session.run("RELEASE one");
        session.run("COMMIT");
        is(&mut session, B);
    });
}

#[test]
fn a_token_of_the_start_up_packet_lasts_for_the_connection() {
    let db = Database::shared();
    for scope in ["session", "transaction"] {
        db.admin().script(&format!("ALTER DATABASE {} SET watertight.token_scope = '{scope}'", db.name));
        for_each_protocol(|mode| {
            let mut session =
                db.client_with("app", &format!("-c watertight.token={}", db.token(A))).mode(mode);
            is(&mut session, A);
            session.run("BEGIN");
            session.run(&format!("SET LOCAL watertight.token = '{}'", db.token(B)));
            is(&mut session, B);
            session.run("COMMIT");
            is(&mut session, A);
            session.set_token(&db.token(B));
            for undo in ["RESET watertight.token", "RESET ALL", "DISCARD ALL"] {
                session.run(undo);
                is(&mut session, A);
            }
        });
    }
}

#[test]
fn transaction_scope_is_a_superuser_s_choice_for_role_database_or_server() {
    let db = Database::shared();
    let role = db.own_role("");
    db.admin().script(&format!("GRANT SELECT ON patients TO {role}"));
    db.admin().script(&format!("ALTER ROLE {role} SET watertight.token_scope = 'transaction'"));
    let mut session = db.client(&role);
    assert_eq!(session.one("SHOW watertight.token_scope"), "transaction");
    assert_eq!(db.app().one("SHOW watertight.token_scope"), "session");
    session.set_token(&db.token(A));
    session.refused(COUNT, "28000");
    session.run("BEGIN");
    session.set_token(&db.token(A));
    is(&mut session, A);
    session.run("COMMIT");
    session.refused(COUNT, "28000");
    // A token of an earlier transaction is not there either for whoever looks at the setting.
    assert_eq!(session.one("SHOW watertight.tenant"), "");
    for settle in ["ALTER ROLE app SET", "SET"] {
        db.app().refused(&format!("{settle} watertight.token_scope = 'session'"), "42501");
    }
}

#[test]
fn transaction_scope_survives_failed_transactions() {
    let db = Database::shared();
    db.admin().script(&format!("ALTER DATABASE {} SET watertight.token_scope = 'transaction'", db.name));
    for_each_protocol(|mode| {
        let mut session = db.app().mode(mode);
        for end in ["COMMIT", "ROLLBACK"] {
            for fail in [false, true] {
                session.run("BEGIN");
                session.set_token(&db.token(A));
                is(&mut session, A);
                if fail {
                    session.refused("SELECT 1/0", "22012");
                }
                session.run(end);
                session.refused(COUNT, "28000");
            }
        }
        session.run(&format!(
            "DO $$ BEGIN PERFORM set_config('watertight.token', '{}', false);
            IF (SELECT count(*) FROM patients) <> 20 THEN RAISE 'no context'; END IF; END $$",
            db.token(A)
        ));
        session.refused(COUNT, "28000");
    });
}

#[test]
fn missing_context_is_an_error_or_no_rows() {
    let db = Database::shared();
    for_each_protocol(|mode| {
        let mut session = db.app().mode(mode);
        session.refused(COUNT, "28000").hints();
        session.refused("INSERT INTO patients (id, name) VALUES (900, 'x')", "28000");
        session.refused("UPDATE patients SET age = 1", "28000");
        session.refused("DELETE FROM patients", "28000");
    });
    db.admin().script(&format!("ALTER DATABASE {} SET watertight.on_missing_context = 'empty'", db.name));
    for_each_protocol(|mode| {
        let mut session = db.app().mode(mode);
        assert_eq!(session.number(COUNT), 0);
        assert_eq!(session.one("SELECT watertight.tenant_id()"), "");
        assert_eq!(session.run("UPDATE patients SET age = 1 RETURNING id").len(), 0);
        assert_eq!(session.run("DELETE FROM patients RETURNING id").len(), 0);
        session.refused("INSERT INTO patients (id, name) VALUES (900, 'x')", "28000|42501|23502");
        let forged = format!("INSERT INTO patients (id, name, tenant_id) VALUES (900, 'x', '{}')", db.a);
        session.refused(&forged, "28000|42501");
        // A token that does not count is not the same as none.
        session.refused("SET watertight.token = 'x'", "28000");
        session.set_token(&db.token(A));
        db.admin().run("SELECT watertight.suspend_tenant('hospital_a')");
        session.refused(COUNT, "28000");
        db.admin().run("SELECT watertight.resume_tenant('hospital_a')");
        is(&mut session, A);
    });
}

#[test]
fn single_mode_needs_no_token() {
    let db = Database::shared();
    let name = &db.name;
    db.admin().script(&format!("ALTER DATABASE {name} SET watertight.mode = 'single'"));
    db.app().refused(COUNT, "55000|28000").hints();
    db.admin().script(&format!("ALTER DATABASE {name} SET watertight.default_tenant = '{B}'"));
    for_each_protocol(|mode| {
        let mut session = db.app().mode(mode).watched();
        is(&mut session, B);
        assert_eq!(session.one("SHOW watertight.tenant"), B);
        session.run("BEGIN");
        assert_eq!(
            session.one("INSERT INTO patients (id, name) VALUES (900, 'x') RETURNING tenant_id"),
            db.b
        );
        session.run("ROLLBACK");
        // A token still decides, and a bad one is not replaced by the default.
        session.refused("SET watertight.token = 'x'", "28000");
        session.refused("SET watertight.default_tenant = 'hospital_a'", "42501");
        session.refused("SET watertight.mode = 'multi'", "42501");
    });
    let mut a = db.a(Mode::Simple);
    is(&mut a, A);
    db.admin().run("SELECT watertight.suspend_tenant('hospital_a')");
    a.refused(COUNT, "28000");
    a.run("RESET watertight.token");
    is(&mut a, B);
    db.admin().run("SELECT watertight.suspend_tenant('hospital_b')");
    a.refused(COUNT, "28000");
}

#[test]
fn a_token_expires_within_an_open_transaction() {
    let db = Database::shared();
    db.admin().run(&trust(
        "https://short.example",
        &[&db.key],
        &format!(", audience => '{AUDIENCE}', leeway => '0'"),
    ));
    for_each_protocol(|mode| {
        let token = db.sign(db.claims(A).claim("iss", "https://short.example").expires_in(2));
        let mut session = db.app().mode(mode);
        session.run("BEGIN");
        session.run(&format!("SET LOCAL watertight.token = '{token}'"));
        is(&mut session, A);
        sleep(Duration::from_millis(2100));
        session.refused(COUNT, "28000").hints();
        session.run("ROLLBACK");
        assert_eq!(db.truth("SELECT count(*) FROM patients"), ["30"]);
    });
}

#[test]
fn a_statement_that_began_in_time_may_finish() {
    let db = Database::shared();
    db.admin().run(&trust(
        "https://short.example",
        &[&db.key],
        &format!(", audience => '{AUDIENCE}', leeway => '0'"),
    ));
    for mode in [Mode::Simple, Mode::Extended, Mode::Parallel] {
        let token = db.sign(db.claims(A).claim("iss", "https://short.example").expires_in(2));
        let mut session = db.app().mode(mode);
        session.script(
            "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
             SET max_parallel_workers_per_gather = 2",
        );
        session.run(&format!("SET watertight.token = '{token}'"));
        // Ends about a second after the token does: the sleep comes first, then the scan.
        let slow = "WITH s AS MATERIALIZED (SELECT pg_sleep(3)) SELECT count(*) FROM s, patients";
        assert_eq!(session.number(slow), 20, "{mode:?}");
        session.refused(COUNT, "28000");
    }
}

/// A pipeline is one transaction without a block, and whether something follows `begin()` is known at its end only.
#[test]
fn begin_warns_when_its_token_served_nothing() {
    let db = Database::shared();
    let begin = format!("SELECT watertight.begin('{}')", db.token(A));
    let in_vain = "watertight.begin() has no effect after this statement";
    let mut wire = Wire::connect(db.cluster, &db.name, "app");
    // Only as the first of a pipeline: newer servers open a block after the first message.
    for told in [wire.query(&begin), wire.pipeline(&[&begin])] {
        assert!(told.contains("25P01") && told.contains(in_vain), "{told}");
    }
    for told in [
        wire.pipeline(&[&begin, COUNT]),
        wire.pipeline(&[&begin, "SELECT 1", COUNT]),
        // Nothing that needs a tenant, but somebody is at work.
        wire.pipeline(&[&begin, "SELECT 1"]),
        wire.pipeline(&["BEGIN", &begin, "COMMIT"]),
        wire.query(&format!("{begin}; {COUNT}")),
        wire.query(&format!("BEGIN; {begin}; COMMIT")),
    ] {
        assert!(!told.contains("25P01") && !told.contains("28000"), "{told}");
    }
    // The token did end with the statement.
    assert!(wire.query(COUNT).contains("28000"));
}
