//! A key management service that fails, answers wrongly, late, or not at all.

use std::time::{Duration, Instant};

use watertight_tests::database::{A, B};
use watertight_tests::{Database, Mode, eventually};

use crate::house::House;
use crate::service;

const TABLE: &str = "CREATE TABLE notes (id serial PRIMARY KEY, body watertight.encrypted_text);
    GRANT ALL ON notes, notes_id_seq TO PUBLIC";
const READ: &str = "SELECT body::text FROM notes ORDER BY id LIMIT 1";

/// A house with a service, and a value of tenant A.
fn furnished(house: &House) -> Database<'_> {
    let db = Database::without_tables(&house.cluster);
    db.admin().script(TABLE);
    db.a(Mode::Simple).run("INSERT INTO notes (body) VALUES ('CANARY-A')");
    db
}

fn good(house: &House, verb: &str) -> String {
    format!("{} {verb} %v %t", house.path("service"))
}

#[test]
fn what_a_service_does_not_open_again_replaces_nothing() {
    let house = service::house();
    let db = furnished(&house);
    let mut admin = db.admin();
    let wrapped = "SELECT string_agg(encode(wrapped, 'hex') || master_version, ' ' ORDER BY id) FROM watertight.tenant_keys WHERE wrapped IS NOT NULL";
    let before = admin.one(wrapped);
    house.set("key_name", "alias/second");
    house.configure("key_wrap_command", "echo permission denied");
    admin.run("SELECT watertight.rotate_master_key()");
    eventually("the worker says so", || {
        admin
            .one("SELECT last_error FROM watertight.worker_status WHERE database = current_database()")
            .contains("not opened again")
    });
    assert_eq!(admin.one(wrapped), before);
    // Nor is a new one kept.
    db.app().with_token(&db.token(B)).refused("INSERT INTO notes (body) VALUES ('b')", "55000");
    assert_eq!(admin.one(wrapped), before);
    house.cluster.restart();
    assert_eq!(db.a(Mode::Simple).one(READ), "CANARY-A");
}

#[test]
fn what_is_not_the_tenants_key_is_not_used() {
    let house = service::house();
    let db = furnished(&house);
    house.cluster.restart();
    house.configure("key_unwrap_command", "cat >/dev/null; printf '%%-32s' 'error: 503 service unavailable'");
    let mut admin = db.admin();
    let rotate = format!("SELECT watertight.rotate_data_key('{A}')");
    admin.refused(&rotate, "55000").says("watertight.key_unwrap_command has given no usable key").hints();
    db.a(Mode::Simple).refused("INSERT INTO notes (body) VALUES ('lost')", "55000");
    house.configure("key_unwrap_command", &good(&house, "unwrap"));
    admin.run(&rotate);
    db.a(Mode::Simple).run("INSERT INTO notes (body) VALUES ('second')");
    house.cluster.restart();
    assert_eq!(
        db.a(Mode::Simple).one("SELECT string_agg(body::text, ' ' ORDER BY id) FROM notes"),
        "CANARY-A second"
    );
}

#[test]
fn a_slow_answer_brings_no_destroyed_key_back() {
    let house = service::house();
    let db = furnished(&house);
    let mut admin = db.admin();
    // The script adds one to each byte.
    let wrapped = admin.one(&format!(
        "SELECT encode(wrapped, 'hex') FROM watertight.tenant_keys WHERE tenant_id = '{}' AND state = 'active'",
        db.a
    ));
    let key: Vec<u8> = (0..wrapped.len() / 2)
        .map(|at| u8::from_str_radix(&wrapped[2 * at..2 * at + 2], 16).unwrap().wrapping_sub(1))
        .collect();
    // The key that signs is there.
    admin.run(&format!("SELECT watertight.shred_tenant('{B}', '{B}')"));
    house.cluster.restart();
    let mut admin = db.admin();
    admin.run("SELECT watertight.create_tenant('witness')");
    assert!(!admin.one("SELECT watertight.shred_tenant('witness', 'witness')").is_empty());
    house.configure("key_unwrap_command", &format!("sleep 1.5; {}", good(&house, "unwrap")));
    let mut app = db.a(Mode::Simple);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| app.refused(READ, "55000").says("destroyed"));
        eventually("the service is asked", || house.shell("pgrep -cx sleep || true").trim() != "0");
        admin.run(&format!("SELECT watertight.shred_tenant('{A}', '{A}')"));
        let signed = Instant::now();
        reader.join().unwrap();
        assert!(signed.elapsed() < Duration::from_millis(500), "signed while somebody asked for the key");
    });
    let checkpointer = admin.number("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'");
    for pid in [checkpointer, app.pid()] {
        if let Some(found) = crate::shredding::in_memory(pid, std::slice::from_ref(&key)) {
            assert!(found.is_empty(), "process {pid}");
        }
    }
}

#[test]
fn who_needs_a_key_is_told_at_once_why_there_is_none() {
    let house = service::house();
    let db = furnished(&house);
    let mut admin = db.admin();
    let status = "SELECT state || ' ' || coalesce(error, '-') FROM watertight.key_provider()";
    assert_eq!(admin.one(status), "present -");
    house.configure("key_wrap_command", "cat >/dev/null; exit 3");
    let mut b = db.app().with_token(&db.token(B));
    let begun = Instant::now();
    for _ in 0..2 {
        let failure = b
            .refused("INSERT INTO notes (body) VALUES ('b')", "55000")
            .says("the key management service has given no usable key")
            .hints();
        assert!(failure.everything.contains("ended with status 3"), "{}", failure.everything);
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(
        admin.one(status).starts_with("failed the key management service: the command ended with status 3")
    );
    assert_eq!(admin.number("SELECT count(*) FROM watertight.key_provider() WHERE failed_at IS NOT NULL"), 1);
    house.configure("key_wrap_command", &good(&house, "wrap"));
    b.run("INSERT INTO notes (body) VALUES ('b')");
    assert_eq!(admin.one(status), "present -");
    // With a service nobody knows whether its key is there.
    assert_eq!(admin.number("SELECT count(*) FROM watertight.master_key_versions WHERE present IS NULL"), 1);
}

#[test]
fn a_service_that_hangs_holds_up_only_those_who_need_it() {
    let house = service::house();
    let db = furnished(&house);
    house.cluster.restart();
    let mut app = db.a(Mode::Simple);
    assert_eq!(app.one(READ), "CANARY-A");
    house.configure("key_wrap_command", "sleep 76");
    let mut admin = db.admin();
    let tokens: Vec<String> = (0..4)
        .map(|n| {
            admin.run(&format!("SELECT watertight.create_tenant('new{n}')"));
            db.token(&format!("new{n}"))
        })
        .collect();
    std::thread::scope(|scope| {
        for token in &tokens {
            let db = &db;
            scope.spawn(move || {
                db.app().with_token(token).refused("INSERT INTO notes (body) VALUES ('n')", "55000");
            });
        }
        eventually("the service is asked", || house.shell("pgrep -cx -f 'sleep 76' || true").trim() != "0");
        let begun = Instant::now();
        // After a restart the first value has to be reserved.
        app.run("INSERT INTO notes (body) VALUES ('more')");
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    });
}

#[test]
fn a_terminated_backend_leaves_no_command_behind() {
    let house = service::house();
    let db = furnished(&house);
    house.cluster.append_conf(&["watertight.key_command_timeout = 60"]);
    house.configure("key_unwrap_command", "sleep 78 & sleep 78");
    house.cluster.restart();
    let mut admin = db.admin();
    let mut app = db.a(Mode::Simple);
    let pid = app.pid();
    let running = || house.shell("pgrep -cx -f 'sleep 78' || true").trim().to_owned();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| app.attempt(READ).is_err());
        eventually("the command runs", || running() == "2");
        admin.run(&format!("SELECT pg_terminate_backend({pid})"));
        assert!(reader.join().unwrap());
    });
    eventually("it is ended", || running() == "0");
}
