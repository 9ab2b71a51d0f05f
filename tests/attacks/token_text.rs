//! B26: the text of a token, where others could read it. Who has the text is the user.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_tests::database::{A, B};
use watertight_tests::{Database, Mode, Session};

/// The part of a token without which the rest is worth nothing.
fn secret(token: &str) -> &str {
    token.rsplit('.').next().unwrap()
}

/// Statements in which a client may write a token, good or spoilt.
fn statements(token: &str) -> Vec<String> {
    vec![
        format!("SET watertight.token = '{token}'"),
        format!("SET watertight.token TO E'{token}'"),
        format!("SET SESSION watertight.token = $tag${token}$tag$"),
        format!("set  /* c */  \"watertight\".token='{token}'"),
        format!("SELECT watertight.begin('{token}')"),
        format!("SELECT 1, watertight.begin(token => '{token}')"),
        format!("SELECT set_config('watertight.token', '{token}', false)"),
        format!("DO $$ BEGIN PERFORM set_config('watertight.token', '{token}', false); END $$"),
        format!("DO $$ BEGIN PERFORM watertight.begin('{token}'); END $$"),
        format!("DO $$ BEGIN EXECUTE 'SET watertight.token = ''{token}'''; END $$"),
        format!("SET watertight.token = '{token}x'"),
        format!("SELECT watertight.begin('{token}'), 1/0"),
        format!("ALTER ROLE CURRENT_USER SET watertight.token = '{token}'"),
        format!("SET watertight.token = '{token}' '"),
    ]
}

/// Presents a token in every way and looks after each; the statement with the token taken out names a failure.
fn after_each(db: &Database, mut look: impl FnMut(Mode, &mut Session, &str, &str)) {
    for mode in [Mode::Simple, Mode::Extended] {
        let token = db.token(B);
        let mut b = db.app().mode(mode);
        for statement in statements(&token) {
            let told = format!("{:?}", b.attempt(&statement).map_err(|e| e.everything));
            let name = statement.replace(&token, "<token>");
            // A syntax error quotes what is near it: the client's own words, to the client only.
            assert!(name.ends_with("' '") || !told.contains(secret(&token)), "told to the client by {name}");
            look(mode, &mut b, &token, &name);
        }
        b.query("SELECT watertight.begin($1)", &[&token]).unwrap();
        look(mode, &mut b, &token, "begin($1)");
        b.query("SELECT set_config('watertight.token', $1, false)", &[&token]).unwrap();
        look(mode, &mut b, &token, "set_config(.., $1, ..)");
        b.query("SELECT watertight.begin($1), 1/0", &[&token]).expect_err("a division by zero");
        look(mode, &mut b, &token, "begin($1), 1/0");
    }
}

#[test]
fn b26_settings_and_functions_do_not_show_the_token() {
    let db = Database::shared();
    after_each(&db, |_, b, token, name| {
        for look in [
            "SHOW watertight.token",
            "SHOW ALL",
            "SELECT * FROM pg_settings",
            "SELECT current_setting('watertight.token', true)",
            "SELECT * FROM pg_show_all_settings()",
            "SELECT watertight.whoami()",
            "SELECT watertight.claims()",
            "SELECT * FROM pg_db_role_setting",
            "SELECT * FROM pg_file_settings",
        ] {
            let told = format!("{:?}", b.attempt(look).map_err(|e| e.everything));
            assert!(!told.contains(secret(token)), "{look} after {name}");
        }
    });
}

#[test]
fn b26_pg_stat_activity_does_not_show_the_token() {
    let db = Database::shared();
    let mut other = db.admin();
    let mut shown = Vec::new();
    after_each(&db, |mode, _, token, name| {
        let seen =
            other.column("SELECT query FROM pg_stat_activity WHERE datname = current_database()").concat();
        if seen.contains(secret(token)) {
            shown.push(format!("{mode:?}: {name}"));
        }
    });
    assert!(shown.is_empty(), "pg_stat_activity shows the token after:\n{}", shown.join("\n"));
}

#[test]
fn b26_a_statement_that_is_running_does_not_show_the_token() {
    let db = Database::shared();
    let token = db.token(A);
    for sleep in [
        format!("SELECT watertight.begin('{token}'), pg_sleep(0.6)"),
        format!("DO $$ BEGIN PERFORM watertight.begin('{token}'); PERFORM pg_sleep(0.6); END $$"),
        format!("SET watertight.token = '{token}'; SELECT pg_sleep(0.6)"),
        format!("SELECT set_config('watertight.token', '{token}', false), pg_sleep(0.6)"),
    ] {
        let mut a = db.app();
        let pid = a.pid();
        std::thread::scope(|scope| {
            scope.spawn(|| a.run(&sleep));
            std::thread::sleep(std::time::Duration::from_millis(300));
            let mut b = db.attacker(Mode::Simple);
            let seen = b.one(&format!("SELECT query FROM pg_stat_activity WHERE pid = {pid}"));
            assert!(seen.contains("pg_sleep"), "the control: the statement is seen: {seen:?}");
            assert!(!seen.contains(secret(&token)), "{}", sleep.replace(&token, "<token>"));
        });
    }
}

#[test]
fn b26_pg_stat_statements_does_not_keep_the_token() {
    let db = Database::shared();
    db.admin().script("CREATE EXTENSION pg_stat_statements");
    let mut other = db.admin();
    let mut kept = Vec::new();
    after_each(&db, |mode, _, token, name| {
        let texts = other.column("SELECT query FROM pg_stat_statements");
        if texts.concat().contains(secret(token)) {
            kept.push(format!("{mode:?}: {name}"));
            other.run("SELECT pg_stat_statements_reset()");
        }
    });
    let texts = other.column("SELECT query FROM pg_stat_statements").concat();
    assert!(texts.contains("watertight."), "the control: statements are kept");
    assert!(kept.is_empty(), "pg_stat_statements keeps the token of:\n{}", kept.join("\n"));
}

#[test]
fn b26_the_log_does_not_hold_the_token() {
    let db = Database::shared();
    // Statements, parameters, durations, errors: everything a server can be told to log.
    db.admin().script(&format!(
        "ALTER DATABASE {0} SET log_min_duration_statement = 0; ALTER DATABASE {0} SET log_error_verbosity = 'verbose';
         ALTER DATABASE {0} SET log_parameter_max_length_on_error = -1; ALTER DATABASE {0} SET debug_print_parse = on;
         ALTER DATABASE {0} SET log_min_messages = 'debug2'",
        db.name
    ));
    let mut secrets = Vec::new();
    after_each(&db, |_, _, token, _| secrets.push(secret(token).to_owned()));
    secrets.dedup();
    let log = db.cluster.log();
    assert!(log.contains("watertight.begin"), "the control: statements are logged");
    for secret in secrets {
        if let Some(line) = log.lines().find(|line| line.contains(&secret)) {
            panic!("in the log: {}", line.replace(&secret, "<SECRET>"));
        }
    }
}
