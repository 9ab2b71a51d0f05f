//! A: tenant B tries to become tenant A, or to have a context without a token.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_tests::database::{A, B, blank};
use watertight_tests::{COUNT, Cluster, Database, Mode, Session, for_each_protocol, literal};

/// Every setting that is derived from a token, and what an attacker would like it to be.
const DERIVED: &[&str] = &["tenant_id", "tenant", "user_id", "email", "role", "session_id", "expires_at"];
/// PostgreSQL's own words for a setting that cannot be set.
const CANNOT: &str = "55P02|42501|42602|42704";
fn still_b(session: &mut Session) {
    assert_eq!(session.one("SELECT watertight.tenant()"), B);
    assert_eq!(session.number(COUNT), 10);
}

fn no_context(session: &mut Session) {
    session.refused(COUNT, "28000").hints();
}

#[test]
fn a01_set_tenant_setting_is_refused() {
    let db = Database::shared();
    for_each_protocol(|mode| {
        let mut b = db.attacker(mode);
        for name in DERIVED {
            for value in [A, &db.a] {
                b.refused(&format!("SET watertight.{name} = '{value}'"), CANNOT);
                b.refused(&format!("SET LOCAL watertight.{name} = '{value}'"), CANNOT);
                b.refused(&format!("SELECT set_config('watertight.{name}', '{value}', false)"), CANNOT);
                b.refused(&format!("SELECT set_config('watertight.{name}', '{value}', true)"), CANNOT);
            }
            b.refused(&format!("SET watertight.{name} FROM CURRENT"), &format!("{CANNOT}|42601"));
        }
        still_b(&mut b);
        // The control: a token changes them all at once.
        b.set_token(&db.token(A));
        assert_eq!(b.one("SHOW watertight.tenant"), A);
        assert_eq!(b.one("SELECT current_setting('watertight.tenant_id')"), db.a);
    });
}

#[test]
fn a01_not_even_a_superuser_sets_a_derived_setting() {
    let db = Database::shared();
    let mut admin = db.admin();
    for name in DERIVED {
        admin.refused(&format!("SET watertight.{name} = 'x'"), CANNOT);
        admin.refused(&format!("ALTER SYSTEM SET watertight.{name} = 'x'"), CANNOT);
        admin.refused(
            &format!("UPDATE pg_settings SET setting = 'x' WHERE name = 'watertight.{name}'"),
            CANNOT,
        );
    }
}

#[test]
fn a01_a_look_alike_cannot_be_planted() {
    let db = Database::shared();
    let mut b = db.attacker(Mode::Simple);
    for name in ["tenant_idd", "tenants", "tenant.id", "verified"] {
        b.refused(&format!("SET watertight.{name} = '{A}'"), CANNOT);
    }
    // The prefix is ours; another prefix is not, and decides nothing.
    b.run(&format!("SET watertightt.tenant = '{A}'"));
    b.run(&format!("SET \"Watertight.tenant\" = '{A}'").replace("\"Watertight.tenant\"", "app.tenant"));
    b.refused(&format!("SET WaterTight.Tenant = '{A}'"), CANNOT);
    still_b(&mut b);
}

#[test]
fn a02_reset_and_discard_leave_no_context() {
    let db = Database::shared();
    for_each_protocol(|mode| {
        for undo in ["RESET watertight.token", "RESET ALL", "DISCARD ALL", "SET watertight.token = ''"] {
            let mut b = db.attacker(mode);
            still_b(&mut b);
            b.run(undo);
            no_context(&mut b);
        }
        let mut b = db.attacker(mode);
        let _ = b.attempt("RESET watertight.tenant");
        still_b(&mut b);
        b.run("SET watertight.token TO DEFAULT");
        no_context(&mut b);
    });
}

#[test]
fn a03_startup_packet_cannot_set_derived_settings() {
    let db = Database::shared();
    for name in DERIVED {
        let options = format!("-c watertight.{name}={}", db.a);
        // PostgreSQL refuses the connection; if it did not, the context would still have to be empty.
        match db.cluster.try_session(&db.name, "app", &options) {
            Err(failure) => drop(failure.is(CANNOT)),
            Ok(mut session) => no_context(&mut session),
        }
    }
    let bad = format!("-c watertight.token={}x", db.token(A));
    if let Ok(mut session) = db.cluster.try_session(&db.name, "app", &bad) {
        no_context(&mut session);
    }
    // The control: a good token in the same place counts.
    let mut b = db.client_with("app", &format!("-c watertight.token={}", db.token(B)));
    still_b(&mut b);
}

#[test]
fn a03_startup_packet_cannot_widen_the_rules() {
    let db = Database::shared();
    let rules = [
        "mode=single",
        "default_tenant=hospital_a",
        "token_scope=session",
        "on_missing_context=empty",
        "clock_leeway=3600",
        "max_token_lifetime=0",
        "bypass=on",
    ];
    for rule in rules {
        if let Ok(mut session) = db.cluster.try_session(&db.name, "app", &format!("-c watertight.{rule}")) {
            no_context(&mut session);
        }
        let (name, value) = rule.split_once('=').unwrap();
        let mut b = db.attacker(Mode::Simple);
        b.refused(&format!("SET watertight.{name} = '{value}'"), CANNOT);
        b.refused(&format!("SELECT set_config('watertight.{name}', '{value}', true)"), CANNOT);
    }
}

#[test]
fn a04_alter_role_and_database_cannot_plant_a_context() {
    let db = Database::shared();
    let role = db.own_role("");
    let token = db.token(A);
    let targets = [
        format!("ROLE {role}"),
        format!("ROLE {role} IN DATABASE {}", db.name),
        format!("DATABASE {}", db.name),
    ];
    for target in &targets {
        for as_role in [role.as_str(), "keeper", "postgres"] {
            let mut session = db.client(as_role);
            session.refused(&format!("ALTER {target} SET watertight.tenant = '{A}'"), CANNOT);
            session.refused(&format!("ALTER {target} SET watertight.tenant_id = '{}'", db.a), CANNOT);
            let refused = session.attempt(&format!("ALTER {target} SET watertight.token = '{token}'"));
            refused.expect_err("a token has no place in a catalog").never_says(&token);
        }
    }
    no_context(&mut db.client(&role));
}

#[test]
fn a04_the_owner_of_a_database_does_not_change_its_rules() {
    let db = Database::shared();
    for (name, value) in [
        ("mode", "single"),
        ("default_tenant", A),
        ("token_scope", "session"),
        ("on_missing_context", "empty"),
        ("clock_leeway", "3600"),
        ("max_token_lifetime", "0"),
    ] {
        for target in [format!("DATABASE {}", db.name), "ROLE keeper".into()] {
            let sql = format!("ALTER {target} SET watertight.{name} = '{value}'");
            db.keeper().refused(&sql, "42501");
        }
    }
    no_context(&mut db.keeper());
}

#[test]
fn a04_a_token_written_into_the_catalog_by_hand_does_not_count() {
    let db = Database::shared();
    let role = db.own_role("");
    db.admin().script(&format!(
        "INSERT INTO pg_db_role_setting (setdatabase, setrole, setconfig)
         VALUES (0, '{role}'::regrole, ARRAY['watertight.token={}'])",
        db.token(A)
    ));
    db.keeper().run(&format!("GRANT SELECT ON patients TO {role}"));
    no_context(&mut db.client(&role));
    db.admin().run(&format!("DELETE FROM pg_db_role_setting WHERE setrole = '{role}'::regrole"));
}

#[test]
fn a04_a_token_in_the_configuration_file_does_not_count() {
    let cluster = Cluster::start(&[]);
    let db = Database::new(&cluster);
    cluster.append_conf(&[&format!("watertight.token = '{}'", db.token(A))]);
    cluster.reload();
    std::thread::sleep(std::time::Duration::from_millis(300));
    no_context(&mut db.app());
    let mut admin = db.admin();
    let refused = admin.attempt(&format!("ALTER SYSTEM SET watertight.token = '{}'", db.token(A)));
    refused.expect_err("a token has no place in a file");
}

#[test]
fn a05_function_set_clause_cannot_plant_a_context() {
    let db = Database::shared();
    let body = "RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM public.patients'";
    for_each_protocol(|mode| {
        for (setting, value) in
            [("tenant", A.to_owned()), ("tenant_id", db.a.clone()), ("token", db.token(B))]
        {
            for definer in ["", "SECURITY DEFINER"] {
                let mut b = db.attacker(mode);
                let create = format!(
                    "CREATE OR REPLACE FUNCTION lab.f() {body} {definer} SET watertight.{setting} = '{value}'"
                );
                if b.attempt(&create).is_ok() {
                    b.attempt("SELECT lab.f()").expect_err("a function sets a context");
                }
                still_b(&mut b);
            }
        }
        // The control: the same function without the clause works.
        let mut b = db.attacker(mode);
        b.run(&format!("CREATE OR REPLACE FUNCTION lab.g() {body}"));
        assert_eq!(b.number("SELECT lab.g()"), 10);
    });
}

#[test]
fn a06_a_placeholder_set_before_the_library_is_loaded_is_worth_nothing() {
    let cluster = Cluster::plain(&[]);
    let name = blank(&cluster);
    // Without the library anyone may make up a setting of that name ...
    let mut admin = cluster.admin(&name);
    admin.run(&format!("SET watertight.tenant = '{A}'"));
    // ... so the library does not start where it was not preloaded, and neither does the extension.
    admin.refused("LOAD 'watertight'", "55000").hints();
    admin.refused("CREATE EXTENSION watertight", "55000");
    let mut app = cluster.session(&name, "app");
    app.run(&format!("SET watertight.tenant = '{A}'"));
    app.attempt("LOAD 'watertight'").expect_err("an ordinary role loads a library");
}

#[test]
fn a07_rollback_to_savepoint_restores_the_earlier_context() {
    let db = Database::shared();
    let (a, b) = (db.token(A), db.token(B));
    for_each_protocol(|mode| {
        let mut session = db.app().with_token(&b).mode(mode);
        session.run("BEGIN");
        session.run("SAVEPOINT s");
        session.refused("SET LOCAL watertight.token = 'bad'", "28000");
        session.run("ROLLBACK TO s");
        still_b(&mut session);
        for set in ["SET", "SET LOCAL"] {
            session.run(&format!("{set} watertight.token = '{a}'"));
            assert_eq!(session.number(COUNT), 20, "the control: A has a context");
            session.run("ROLLBACK TO s");
            still_b(&mut session);
        }
        session.run("COMMIT");
        still_b(&mut session);
    });
}

#[test]
fn a07_rollback_to_savepoint_restores_no_context() {
    let db = Database::shared();
    for_each_protocol(|mode| {
        let mut session = db.app().mode(mode);
        session.run("BEGIN");
        session.run("SAVEPOINT s");
        session.run(&format!("SET LOCAL watertight.token = '{}'", db.token(A)));
        assert_eq!(session.number(COUNT), 20);
        session.run("ROLLBACK TO s");
        no_context(&mut session);
        session.run("ROLLBACK");
        no_context(&mut session);
    });
}

#[test]
fn a08_context_of_an_aborted_subtransaction_is_gone() {
    let db = Database::shared();
    let attack = |end: &str| {
        format!(
            "DO $$ BEGIN
               PERFORM set_config('watertight.token', '{}', false);
               IF (SELECT count(*) FROM patients) <> 20 THEN RAISE 'the control: A has a context'; END IF;
               RAISE EXCEPTION 'stop' {end};
             EXCEPTION WHEN raise_exception THEN
               IF (SELECT count(*) FROM patients) <> 10 THEN RAISE EXCEPTION 'A remained' USING ERRCODE = 'XX000';
               END IF;
             END $$",
            db.token(A)
        )
    };
    for_each_protocol(|mode| {
        let mut session = db.app().with_token(&db.token(B)).mode(mode);
        session.run(&attack(""));
        still_b(&mut session);
        session.refused(&attack("USING ERRCODE = '22000'"), "22000");
        still_b(&mut session);
    });
}

#[test]
fn a09_commit_inside_a_procedure_ends_a_local_context() {
    let db = Database::shared();
    for_each_protocol(|mode| {
        for end in ["COMMIT", "ROLLBACK"] {
            let attack = |end: &str| {
                format!(
                    "DO $$ DECLARE n bigint; BEGIN
                       PERFORM watertight.begin('{}'); SELECT count(*) INTO n FROM patients;
                       {end}; SELECT count(*) INTO n FROM patients; END $$",
                    db.token(B)
                )
            };
            let mut session = db.app().mode(mode);
            session.run(&attack("NULL"));
            session.refused(&attack(end), "28000");
            no_context(&mut session);
        }
    });
}

#[test]
fn a10_autocommit_carries_no_local_context() {
    let db = Database::shared();
    let token = literal(&db.token(B));
    for_each_protocol(|mode| {
        let mut session = db.app().mode(mode);
        session.run(&format!("SELECT watertight.begin({token})"));
        no_context(&mut session);
        session.run(&format!("SELECT set_config('watertight.token', {token}, true)"));
        no_context(&mut session);
        session.run(&format!("SET LOCAL watertight.token = {token}"));
        no_context(&mut session);
        // The control: inside one transaction it counts.
        session.run("BEGIN");
        session.run(&format!("SELECT watertight.begin({token})"));
        still_b(&mut session);
        session.run("COMMIT");
        no_context(&mut session);
    });
}

#[test]
fn a10_statements_of_one_message_follow_the_token_one_by_one() {
    let db = Database::shared();
    let (a, b) = (db.token(A), db.token(B));
    let mut session = db.app();
    let set = |token: &str| format!("SET watertight.token = '{token}'");
    let message = format!("{}; {COUNT}; {}; {COUNT}; {}; {COUNT}", set(&a), set(&b), set(&a));
    assert_eq!(session.column(&message), ["20", "10", "20"]);
    session.run("RESET watertight.token");
    session.refused(&format!("{}; {COUNT}; RESET watertight.token; {COUNT}", set(&a)), "28000");
    // The message was one transaction, so nothing of it remains.
    no_context(&mut session);
    session.refused(&format!("BEGIN; {}; {COUNT}; ROLLBACK; {COUNT}", set(&a)), "28000");
    no_context(&mut session);
}

#[test]
fn a10_a_prepared_transaction_takes_its_context_with_it() {
    let db = Database::shared();
    for_each_protocol(|mode| {
        for end in ["COMMIT", "ROLLBACK"] {
            let mut session = db.app().mode(mode);
            session.run("BEGIN");
            session.run(&format!("SET LOCAL watertight.token = '{}'", db.token(A)));
            session.run("UPDATE patients SET age = age");
            session.run(&format!("PREPARE TRANSACTION '{}'", db.name));
            no_context(&mut session);
            let mut b = db.attacker(mode);
            b.run("SELECT * FROM pg_prepared_xacts");
            b.run(&format!("{end} PREPARED '{}'", db.name));
            still_b(&mut b);
        }
    });
}
