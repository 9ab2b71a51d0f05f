//! The background worker, on servers that are stopped, killed and filled in every way.
//!
//! Compartments are made here by hand: with a schema, a large object and a session that belongs to no process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::time::{Duration, Instant};

use uuid::Uuid;
use watertight_core::compartment::schema_of;
use watertight_tests::database::create_extension;
use watertight_tests::{Cluster, Database, Mode, Session, eventually};

const CONF: &[&str] = &[
    "watertight.compartments = on",
    "watertight.reap_interval = 1",
    "max_worker_processes = 12",
    "log_min_messages = warning",
];
const STATUS: &str = "FROM watertight.worker_status WHERE database = current_database()";

fn has_worker(cluster: &Cluster, database: &str) {
    let mut admin = cluster.admin(database);
    eventually(&format!("{database} has a worker at rest"), || {
        admin.number(&format!("SELECT count(*) {STATUS} AND state = 'idle' AND pid IS NOT NULL AND clean"))
            == 1
    });
}

/// What this start of the server is called: a ready clone says it.
fn boot(admin: &mut Session) -> String {
    admin.script("CREATE SCHEMA IF NOT EXISTS template");
    admin.run("ALTER SYSTEM SET watertight.compartment_template = 'template'");
    admin.run("ALTER SYSTEM SET watertight.compartment_pool = 1");
    admin.run("SELECT pg_reload_conf()");
    let ready = "SELECT boot_id FROM watertight.all_compartments WHERE tenant_id IS NULL";
    eventually("a clone is ready", || !admin.one(ready).is_empty());
    let boot = admin.one(ready);
    admin.run("ALTER SYSTEM RESET watertight.compartment_pool");
    admin.run("SELECT pg_reload_conf()");
    eventually("no clone is ready", || admin.one(ready).is_empty());
    boot
}

/// An ephemeral compartment of this start, with a session of an earlier one. Its id and its schema.
fn compartment(admin: &mut Session, tenant: &str, boot: &str) -> (String, String) {
    let id = admin.one("SELECT gen_random_uuid()");
    let schema = schema_of(Uuid::try_parse(&id).expect("an id"));
    admin.script(&format!(
        "BEGIN;
         INSERT INTO watertight.all_compartments (id, tenant_id, name, ephemeral, boot_id, template)
         VALUES ('{id}', '{tenant}', '{id}', true, '{boot}', 'template');
         INSERT INTO watertight.open_sessions (id, tenant_id, compartment_id, user_id, issuer, expires_at, boot_id)
         VALUES (gen_random_uuid(), '{tenant}', '{id}', 'alice', 'x', now() + interval '1 hour', gen_random_uuid());
         SET LOCAL client_min_messages = error;
         SET LOCAL watertight.bypass = on;
         CREATE SCHEMA {schema};
         CREATE UNLOGGED TABLE {schema}.notes (id serial PRIMARY KEY, body text);
         INSERT INTO {schema}.notes (body) VALUES ('secret');
         INSERT INTO watertight.compartment_objects SELECT '{id}', lo_from_bytea(0, 'secret');
         COMMIT"
    ));
    (id, schema)
}

fn expire(admin: &mut Session, id: &str) {
    admin.run(&format!(
        "UPDATE watertight.open_sessions SET expires_at = now() WHERE compartment_id = '{id}'"
    ));
}

fn traces(admin: &mut Session, id: &str, schema: &str) -> i64 {
    admin.number(&format!(
        "SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = '{schema}')
              + (SELECT count(*) FROM watertight.all_compartments WHERE id = '{id}')
              + (SELECT count(*) FROM watertight.open_sessions WHERE compartment_id = '{id}')
              + (SELECT count(*) FROM pg_largeobject_metadata)"
    ))
}

fn gone(admin: &mut Session, id: &str, schema: &str, reason: &str) {
    eventually(&format!("it is gone ({reason})"), || traces(admin, id, schema) == 0);
    let why = admin.one(&format!(
        "SELECT reason || ' ' || relations || ' ' || large_objects FROM watertight.ended_compartments WHERE id = '{id}'"
    ));
    assert_eq!(why, format!("{reason} 2 1"));
}

fn start() -> (Cluster, String, String) {
    let cluster = Cluster::start(CONF);
    cluster.admin("postgres").run("CREATE DATABASE house");
    let mut admin = cluster.admin("house");
    create_extension(&mut admin);
    let tenant = admin.one("SELECT watertight.create_tenant('t')");
    has_worker(&cluster, "house");
    let boot = boot(&mut admin);
    drop(admin);
    (cluster, tenant, boot)
}

#[test]
fn what_is_ephemeral_does_not_outlive_the_server() {
    let (cluster, tenant, mut boot_id) = start();
    type Stop = fn(&Cluster);
    let ways: [(&str, &str, Stop); 4] = [
        ("a fast stop", "shutdown", |cluster| cluster.restart_after("fast")),
        ("a smart stop", "shutdown", |cluster| cluster.restart_after("smart")),
        ("an immediate stop", "restart", |cluster| cluster.restart_after("immediate")),
        ("kill -9", "restart", Cluster::kill),
    ];
    for (how, reason, stop) in ways {
        let mut admin = cluster.admin("house");
        let (id, schema) = compartment(&mut admin, &tenant, &boot_id);
        std::thread::sleep(Duration::from_millis(1_500));
        assert!(traces(&mut admin, &id, &schema) > 0, "{how}: it is there while the server runs");
        drop(admin);
        stop(&cluster);
        let mut admin = cluster.admin("house");
        if reason == "shutdown" {
            assert_eq!(traces(&mut admin, &id, &schema), 0, "{how}: gone before the server was");
        }
        gone(&mut admin, &id, &schema, reason);
        let next = boot(&mut admin);
        assert_ne!(next, boot_id, "{how}");
        boot_id = next;
    }
}

#[test]
fn every_database_has_a_worker_that_leaves_when_it_must() {
    let (cluster, ..) = start();
    let mut admin = cluster.admin("postgres");
    // A copy, while the worker of the original is connected; then a restored dump.
    let begun = Instant::now();
    admin.run("CREATE DATABASE copy TEMPLATE house");
    has_worker(&cluster, "copy");
    admin.run("ALTER DATABASE copy RENAME TO renamed");
    admin.run("DROP DATABASE renamed");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let dump = cluster.pg_dump("house", "postgres", &[], "").output();
    admin.run("CREATE DATABASE restored");
    cluster.psql("restored", "postgres", &dump).output();
    has_worker(&cluster, "restored");
    // The original has its worker again.
    has_worker(&cluster, "house");
    // Databases without the extension have none.
    let asked = "SELECT string_agg(database, ' ' ORDER BY database) FROM watertight.worker_status WHERE pid IS NOT NULL";
    eventually("only those with the extension", || cluster.admin("house").one(asked) == "house restored");

    let mut restored = cluster.admin("restored");
    restored.run("DROP EXTENSION watertight CASCADE");
    eventually("it has left", || cluster.admin("house").one(asked) == "house");
    create_extension(&mut restored);
    has_worker(&cluster, "restored");
    drop(restored);
    admin.run("DROP DATABASE restored");
    // One who may not drop the database cannot send its worker away.
    let pid = format!("SELECT pid {STATUS}");
    let before = cluster.admin("house").one(&pid);
    let mut app = cluster.session("postgres", "app");
    app.refused("DROP DATABASE house", "42501");
    app.refused("ALTER DATABASE house RENAME TO mine", "42501");
    app.refused("CREATE DATABASE mine TEMPLATE house", "42501");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(cluster.admin("house").one(&pid), before);
}

#[test]
fn a_worker_comes_back_and_ignores_what_would_hurt_it() {
    let (cluster, tenant, boot_id) = start();
    let mut admin = cluster.admin("house");
    for (name, value) in [
        ("default_transaction_read_only", "on"),
        ("session_replication_role", "replica"),
        ("statement_timeout", "1ms"),
        ("lock_timeout", "1ms"),
        ("row_security", "off"),
        ("search_path", "public"),
    ] {
        cluster.admin("postgres").run(&format!("ALTER DATABASE house SET {name} = '{value}'"));
    }
    let (id, schema) = compartment(&mut admin, &tenant, &boot_id);
    let pid = admin.one(&format!("SELECT pid {STATUS}"));
    admin.run(&format!("SELECT pg_terminate_backend({pid})"));
    eventually("another one", || {
        let now = admin.one(&format!("SELECT pid {STATUS} AND state = 'idle'"));
        !now.is_empty() && now != pid
    });
    assert!(traces(&mut admin, &id, &schema) > 0, "only the server's stop ends what is ephemeral");
    let launcher = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'watertight launcher'";
    let first = admin.one(launcher);
    admin.run(&format!("SELECT pg_terminate_backend({first})"));
    expire(&mut admin, &id);
    gone(&mut admin, &id, &schema, "expired");
    eventually("another launcher", || {
        let now = admin.one(launcher);
        !now.is_empty() && now != first
    });
    assert_eq!(admin.one(&format!("SELECT coalesce(last_error, '') {STATUS}")), "");
}

#[test]
fn what_fails_is_told_and_keeps_nothing_else_from_being_done() {
    let (cluster, tenant, boot_id) = start();
    let mut admin = cluster.admin("house");
    let (stuck, stuck_schema) = compartment(&mut admin, &tenant, &boot_id);
    let (id, schema) = compartment(&mut admin, &tenant, &boot_id);
    admin.run("SET watertight.bypass = on");
    admin.run(&format!("CREATE VIEW outside AS SELECT id FROM {stuck_schema}.notes"));
    admin.run("RESET watertight.bypass");
    let db = Database::new(&cluster);
    drop(admin);
    cluster.kill();

    let mut admin = cluster.admin("house");
    admin.script("CREATE TABLE shared (id int, tenant_id uuid); SELECT watertight.protect('shared', compartment_column => 'compartment_id')");
    eventually("the other one is gone", || {
        admin.number(&format!("SELECT count(*) FROM watertight.all_compartments WHERE id = '{id}'")) == 0
    });
    eventually("the worker says why", || {
        admin.one(&format!("SELECT state || ' ' || failing || ' ' || clean {STATUS}")) == "idle true false"
    });
    let error = admin.one(&format!("SELECT last_error {STATUS}"));
    assert!(error.contains("could not destroy a compartment"), "{error}");
    assert!(cluster.log().contains("watertight's worker could not destroy a compartment"));
    assert!(traces(&mut admin, &stuck, &stuck_schema) > 0);
    assert_eq!(admin.number(&format!("SELECT count(*) FROM pg_namespace WHERE nspname = '{schema}'")), 0);
    // Until it is done, nobody looks past row security.
    admin.refused("SELECT * FROM shared", "55000");
    admin.refused("COPY shared TO STDOUT", "55000");
    admin.refused("UPDATE shared SET id = 1", "55000");
    admin.script("SET watertight.bypass = on; SELECT * FROM shared; RESET watertight.bypass");
    // Another database is served all the same.
    has_worker(&cluster, &db.name);
    db.admin().run("SELECT * FROM patients");
    assert_eq!(db.attacker(Mode::Simple).run("SELECT * FROM patients").len(), 10);

    admin.script("DROP VIEW outside");
    gone(&mut admin, &stuck, &stuck_schema, "restart");
    has_worker(&cluster, "house");
    admin.run("SELECT * FROM shared");
}

#[test]
fn whoever_is_in_the_way_has_to_go() {
    let (cluster, tenant, boot_id) = start();
    let mut admin = cluster.admin("house");
    // A statement that runs in it is cancelled.
    let (id, schema) = compartment(&mut admin, &tenant, &boot_id);
    let mut running = cluster.session_with("house", "postgres", "-c watertight.bypass=on");
    let sql = format!("SELECT pg_sleep(60) FROM {schema}.notes");
    let statement = std::thread::spawn(move || running.attempt(&sql).expect_err("cancelled").sqlstate);
    eventually("it runs", || {
        admin.number("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == 1
    });
    expire(&mut admin, &id);
    assert_eq!(statement.join().expect("a statement"), "57014");
    gone(&mut admin, &id, &schema, "expired");

    // One who sits in a transaction and holds a lock is sent away.
    let (id, schema) = compartment(&mut admin, &tenant, &boot_id);
    let mut idle = cluster.session_with("house", "postgres", "-c watertight.bypass=on");
    idle.run("BEGIN");
    idle.run(&format!("UPDATE {schema}.notes SET body = 'x'"));
    expire(&mut admin, &id);
    gone(&mut admin, &id, &schema, "expired");
    idle.attempt("SELECT 1").expect_err("sent away");
    assert!(!cluster.log().contains("deadlock"));
}

#[test]
fn the_pool_follows_its_settings_and_the_template() {
    let (cluster, ..) = start();
    let mut admin = cluster.admin("house");
    let ready = "SELECT count(*) FROM watertight.all_compartments AS c JOIN pg_namespace AS n
                 ON n.nspname LIKE 'wt\\_%' WHERE c.tenant_id IS NULL";
    let ids = "SELECT string_agg(id::text, ' ' ORDER BY id) FROM watertight.all_compartments WHERE tenant_id IS NULL";
    let status = format!("SELECT ready {STATUS}");
    admin.run("ALTER SYSTEM SET watertight.compartment_pool = 3");
    admin.run("SELECT pg_reload_conf()");
    eventually("three are ready", || admin.one(&status) == "3" && admin.number(ready) == 9);
    let first = admin.one(ids);
    // Elsewhere: nothing happens. In the template: made anew.
    admin.script("CREATE TABLE public.elsewhere (id int)");
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(admin.one(ids), first);
    admin.script("CREATE TABLE template.added (id int)");
    let stale =
        "SELECT count(*) FROM watertight.all_compartments WHERE tenant_id IS NULL AND template = 'template'";
    eventually("made anew", || {
        let now = admin.one(ids);
        admin.number(stale) == 3 && first.split(' ').all(|id| !now.contains(id))
    });
    let second = admin.one(ids);
    admin.script("DROP TABLE template.added");
    eventually("made anew", || {
        let now = admin.one(ids);
        admin.number(stale) == 3 && second.split(' ').all(|id| !now.contains(id))
    });
    // Another template for this database: its worker hears of it.
    admin.script("CREATE SCHEMA other; ALTER DATABASE house SET watertight.compartment_template = 'other'");
    let of_other =
        "SELECT count(*) FROM watertight.all_compartments WHERE tenant_id IS NULL AND template = 'other'";
    eventually("clones of the other", || admin.number(of_other) == 3 && admin.number(stale) == 0);
    admin.run("ALTER SYSTEM SET watertight.compartment_pool = 0");
    admin.run("SELECT pg_reload_conf()");
    eventually("none", || admin.number(ready) == 0 && admin.one(&status) == "0");
}

#[test]
fn a_database_without_a_place_for_its_worker_is_told() {
    let cluster = Cluster::start(&["watertight.reap_interval = 1", "max_worker_processes = 2"]);
    let mut admin = cluster.admin("postgres");
    create_extension(&mut admin);
    eventually("it says so", || {
        admin.one(&format!("SELECT state || ' ' || last_error {STATUS}"))
            == "stopped no free place for a background worker"
    });
    assert!(cluster.log().contains("watertight has no free place for a background worker"));
}
