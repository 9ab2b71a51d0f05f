//! B20, B22, B23: what happens to a token after it was believed. Every backend that holds it must hear of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::thread::sleep;
use std::time::Duration;

use watertight_mint::{Algorithm, Key, jwks};
use watertight_tests::database::{A, AUDIENCE, B, ISSUER, trust};
use watertight_tests::{COUNT, Database, Mode, Session, for_each_protocol, literal};

/// Sessions in every state a believed token can be in; all of them have used it.
fn holders(db: &Database, token: &str) -> Vec<(&'static str, Session)> {
    let mut list = Vec::new();
    for mode in [Mode::Simple, Mode::Extended] {
        list.push(("idle", db.app().with_token(token).mode(mode)));
        let mut open = db.app().mode(mode);
        open.run("BEGIN");
        open.run(&format!("SET LOCAL watertight.token = '{token}'"));
        list.push(("in a transaction", open));
        let mut serializable = db.app().with_token(token).mode(mode);
        serializable.run("BEGIN ISOLATION LEVEL SERIALIZABLE");
        list.push(("in a serializable transaction", serializable));
        let mut prepared = db.app().with_token(token).mode(mode);
        prepared.run("PREPARE p AS SELECT count(*) FROM patients");
        for _ in 0..7 {
            prepared.run("EXECUTE p");
        }
        list.push(("with a prepared statement", prepared));
        list.push((
            "from the start-up packet",
            db.client_with("app", &format!("-c watertight.token={token}")),
        ));
    }
    for (state, session) in &mut list {
        assert!(session.number(COUNT) > 0, "the control: {state}");
    }
    list
}

fn all_refused(holders: Vec<(&'static str, Session)>) {
    for (state, mut session) in holders {
        let sql = if state.contains("prepared") { "EXECUTE p" } else { COUNT };
        match session.attempt(sql) {
            Err(failure) => drop(failure.is("28000").hints()),
            Ok(rows) => panic!("{state}: still finds {rows:?}"),
        }
    }
}

/// Does something that must end every holder's context; another tenant keeps theirs.
fn ends(db: &Database, token: &str, sql: &str) {
    let victims = holders(db, token);
    let mut other = db.app().with_token(&db.steady_token(B)).mode(Mode::Extended).watched();
    assert_eq!(other.number(COUNT), 10);
    db.admin().run(sql);
    all_refused(victims);
    db.rejects(sql, token);
    assert_eq!(other.number(COUNT), 10, "{sql} concerns another tenant too");
}

#[test]
fn b20_a_token_expires_although_it_is_cached() {
    let db = Database::shared();
    db.admin().run(&trust(
        "https://short.example",
        &[&db.key],
        &format!(", audience => '{AUDIENCE}', leeway => '0'"),
    ));
    let token = db.sign(db.claims(A).claim("iss", "https://short.example").expires_in(3));
    let victims = holders(&db, &token);
    sleep(Duration::from_millis(3100));
    all_refused(victims);
    db.rejects("expired", &token);
}

#[test]
fn b20_setting_an_expired_token_again_does_not_revive_it() {
    let db = Database::shared();
    db.admin().run(&trust(
        "https://short.example",
        &[&db.key],
        &format!(", audience => '{AUDIENCE}', leeway => '0'"),
    ));
    for_each_protocol(|mode| {
        let token = db.sign(db.claims(A).claim("iss", "https://short.example").expires_in(2));
        let mut session = db.app().with_token(&token).mode(mode);
        assert_eq!(session.number(COUNT), 20);
        sleep(Duration::from_millis(2100));
        // The same backend, which has verified this token before.
        session.refused(&format!("SET watertight.token = '{token}'"), "28000");
        session.refused(&format!("SELECT watertight.begin('{token}')"), "28000");
        session.refused(COUNT, "28000");
        session.refused("INSERT INTO patients (id, name) VALUES (999, 'late')", "28000");
    });
}

#[test]
fn b22_a_revoked_token_is_refused_by_every_backend() {
    let db = Database::shared();
    let token = db.sign(db.claims(A).claim("jti", "the-one"));
    let other = db.sign(db.claims(A).claim("jti", "another"));
    let mut kept = db.app().with_token(&other);
    ends(&db, &token, "SELECT watertight.revoke_token('the-one')");
    assert_eq!(kept.number(COUNT), 20, "another token of the same tenant");
    db.accepts("no jti", &db.token(A), A);
}

#[test]
fn b22_a_revoked_user_is_refused_by_every_backend() {
    let db = Database::shared();
    let token = db.sign(db.claims(A).user("mallory"));
    ends(&db, &token, "SELECT watertight.revoke_user('mallory')");
    db.accepts("another user", &db.token(A), A);
}

#[test]
fn b22_a_revoked_user_of_one_issuer_is_refused_by_every_backend_and_the_namesake_is_not() {
    let db = Database::shared();
    db.admin().run(&trust("https://other.example", &[&db.key], &format!(", audience => '{AUDIENCE}'")));
    let namesake = db.sign(db.claims(A).claim("iss", "https://other.example").user("mallory"));
    let mut kept = db.app().with_token(&namesake);
    assert_eq!(kept.number(COUNT), 20);
    let revoke = format!("SELECT watertight.revoke_user('mallory', issuer => '{ISSUER}')");
    ends(&db, &db.sign(db.claims(A).user("mallory")), &revoke);
    assert_eq!(kept.number(COUNT), 20, "the user of the same name of another issuer");
    // An entry for every issuer beside it, which concerns neither, takes nothing back.
    db.admin().run("SELECT watertight.revoke_user('mallory', issued_before => now() - interval '1 day')");
    db.rejects("still revoked", &db.sign(db.claims(A).user("mallory")));
    assert_eq!(kept.number(COUNT), 20, "the namesake's token is younger");
}

#[test]
fn b22_a_suspended_tenant_is_refused_by_every_backend() {
    let db = Database::shared();
    ends(&db, &db.token(A), "SELECT watertight.suspend_tenant('hospital_a')");
}

#[test]
fn b22_a_dropped_tenant_is_refused_by_every_backend() {
    let db = Database::shared();
    db.admin().run("ALTER TABLE visits DROP CONSTRAINT visits_patient_id_fkey");
    let victims = [db.a(Mode::Simple), db.a(Mode::Extended)];
    let victims = victims.into_iter().map(|mut v| {
        assert_eq!(v.number(COUNT), 20);
        ("idle", v)
    });
    let victims = victims.collect();
    db.admin().run("SELECT watertight.drop_tenant('hospital_a', 'hospital_a')");
    all_refused(victims);
    db.rejects("dropped", &db.token(A));
    assert_eq!(db.truth("SELECT count(*) FROM patients WHERE name LIKE 'CANARY%'"), ["0"]);
}

#[test]
fn b22_a_distrusted_issuer_is_refused_by_every_backend() {
    let db = Database::shared();
    db.admin().run(&trust("https://gone.example", &[&db.key], &format!(", audience => '{AUDIENCE}'")));
    let token = db.sign(db.claims(A).claim("iss", "https://gone.example"));
    ends(&db, &token, "SELECT watertight.distrust_issuer('https://gone.example')");
}

#[test]
fn b22_revocation_that_is_rolled_back_did_not_happen() {
    let db = Database::shared();
    let mut a = db.a(Mode::Simple);
    let mut admin = db.admin();
    admin.run("BEGIN");
    admin.run("SELECT watertight.suspend_tenant('hospital_a')");
    assert_eq!(a.number(COUNT), 20, "not committed");
    admin.run("ROLLBACK");
    assert_eq!(a.number(COUNT), 20, "rolled back");
    // The registry changed by hand counts as well.
    admin.run("UPDATE watertight.tenants SET status = 'suspended' WHERE name = 'hospital_a'");
    a.refused(COUNT, "28000");
    admin.run("UPDATE watertight.tenants SET status = 'active' WHERE name = 'hospital_a'");
    assert_eq!(a.number(COUNT), 20);
}

#[test]
fn b22_an_issuer_restricted_later_loses_the_other_tenants_at_once() {
    let db = Database::shared();
    let more = format!(", audience => '{AUDIENCE}', tenants => ARRAY['{B}']");
    ends(&db, &db.token(A), &trust(ISSUER, &[&db.key], &more));
}

#[test]
fn b22_a_stricter_issuer_is_stricter_for_tokens_already_believed() {
    let db = Database::shared();
    let victims = holders(&db, &db.token(A));
    db.admin().run(&trust(ISSUER, &[&db.key], ", audience => 'another-app'"));
    all_refused(victims);
    db.admin().run(&trust(ISSUER, &[&db.key], &format!(", audience => '{AUDIENCE}'")));
    let victims = holders(&db, &db.token(A));
    db.admin().run(&trust(
        ISSUER,
        &[&db.key],
        &format!(", audience => '{AUDIENCE}', max_lifetime => '5 minutes'"),
    ));
    all_refused(victims);
}

#[test]
fn b23_a_key_taken_away_ends_its_tokens_and_a_new_one_needs_no_restart() {
    let db = Database::shared();
    let new = Key::generate(Algorithm::Es256, "k2");
    let audience = format!(", audience => '{AUDIENCE}'");
    let next = new.sign(&db.claims(A).build());
    db.rejects("not yet known", &next);
    // A session that had it refused once must not remember the refusal.
    let mut session = db.app();
    session.refused(&format!("SET watertight.token = '{next}'"), "28000");
    db.admin().run(&trust(ISSUER, &[&db.key, &new], &audience));
    session.set_token(&next);
    assert_eq!(session.number(COUNT), 20);
    db.accepts("the old key, still there", &db.token(A), A);
    let victims = holders(&db, &db.token(A));
    db.admin().run(&trust(ISSUER, &[&new], &audience));
    all_refused(victims);
    db.rejects("the old key", &db.token(A));
    assert_eq!(session.number(COUNT), 20, "the new key's session goes on");
}

#[test]
fn b23_another_key_under_the_same_id_ends_the_old_ones_tokens() {
    let db = Database::shared();
    let new = Key::generate(Algorithm::EdDsa, "k1");
    let victims = holders(&db, &db.token(A));
    db.admin().run(&trust(ISSUER, &[&new], &format!(", audience => '{AUDIENCE}'")));
    all_refused(victims);
    db.rejects("the old key", &db.token(A));
    db.accepts("the new key", &new.sign(&db.claims(A).build()), A);
}

#[test]
fn b23_keys_replaced_alone_count_for_every_backend_and_leave_the_audience() {
    let db = Database::shared();
    let new = Key::generate(Algorithm::Es256, "k2");
    let set = literal(&jwks(&[&new]).to_string());
    ends(&db, &db.token(A), &format!("SELECT watertight.set_issuer_keys('{ISSUER}', {set}::jsonb)"));
    db.accepts("the new key", &new.sign(&db.claims(A).build()), A);
    db.rejects("the audience is still asked for", &new.sign(&db.claims(A).without("aud").build()));
    db.app().refused(&format!("SELECT watertight.set_issuer_keys('{ISSUER}', {set}::jsonb)"), "42501");
}
