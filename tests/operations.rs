//! What operators do: dump and restore, standby, promotion, other owners of keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_mint::{Algorithm, Key};
use watertight_tests::database::{A, AUDIENCE, B, ISSUER, blank, trust};
use watertight_tests::{COUNT, Cluster, Database, Mode, Session};

fn app(cluster: &Cluster, name: &str, token: &str) -> Session {
    cluster.session(name, "app").with_token(token)
}

#[test]
fn a_dump_restores_into_a_working_database() {
    let db = Database::shared();
    db.keeper().script(
        "CREATE TABLE events (id bigint, note text, tenant_id uuid) PARTITION BY HASH (id);
         CREATE TABLE events_0 PARTITION OF events FOR VALUES WITH (modulus 1, remainder 0);
         SELECT watertight.protect('events'); GRANT ALL ON events, events_0 TO app;
         CREATE TABLE beds (id bigint PRIMARY KEY); SELECT watertight.protect('beds', scope_keys => true);
         GRANT ALL ON beds TO app",
    );
    let mut admin = db.admin();
    admin.run("SELECT watertight.revoke_token('gone')");
    admin.run("SELECT watertight.revoke_user('mallory')");
    admin.run("SELECT watertight.create_tenant('closed')");
    admin.run("SELECT watertight.suspend_tenant('closed')");
    let dump = db.cluster.pg_dump(&db.name, "postgres", &[], "");
    let name = blank(db.cluster);
    db.cluster.psql(&name, "postgres", &dump.output()).output();

    let cluster = db.cluster;
    assert_eq!(app(cluster, &name, &db.token(A)).number(COUNT), 20);
    assert_eq!(app(cluster, &name, &db.token(&db.b)).number(COUNT), 10);
    let mut b = app(cluster, &name, &db.token(B)).watched();
    assert_eq!(b.run("SELECT * FROM patients").len(), 10);
    assert_eq!(b.one("INSERT INTO patients (id, name) VALUES (900, 'new') RETURNING tenant_id"), db.b);
    b.refused(&format!("UPDATE patients SET tenant_id = '{}'", db.a), "42501");
    cluster.session(&name, "app").watched().refused(COUNT, "28000");
    for (why, claims) in [
        ("jti", db.claims(A).claim("jti", "gone")),
        ("user", db.claims(A).user("mallory")),
        ("suspended", db.claims("closed")),
    ] {
        let mut session = cluster.session(&name, "app");
        let told = session.attempt(&format!("SET watertight.token = '{}'", db.sign(claims)));
        told.and_then(|_| session.attempt(COUNT)).expect_err(why).is("28000");
    }
    // Also what protects the protection.
    let mut keeper = cluster.session(&name, "keeper");
    keeper.refused("ALTER TABLE patients DISABLE ROW LEVEL SECURITY", "42501");
    keeper.run("CREATE POLICY open ON patients USING (true)");
    assert_eq!(app(cluster, &name, &db.token(B)).number(COUNT), 11);
    keeper.run("CREATE TABLE late () INHERITS (patients)");
    keeper.run("GRANT ALL ON late TO app");
    cluster.session(&name, "app").refused("INSERT INTO late (id, name) VALUES (1, 'x')", "28000");
    let registered =
        "SELECT string_agg(relation::text, ' ' ORDER BY relation::text) FROM watertight.protected_tables";
    let here = cluster.admin(&name).one(registered);
    assert_eq!(here, "beds events events_0 late patients visits");
    // A second generation is the same.
    drop((b, keeper));
    let again = cluster.pg_dump(&name, "postgres", &["-s"], "").output();
    assert!(again.contains("CREATE EXTENSION IF NOT EXISTS watertight"), "{again}");
    cluster.admin("postgres").run(&format!("DROP DATABASE {name} WITH (FORCE)"));
}

#[test]
fn a_standby_isolates_and_hears_of_revocations() {
    let cluster = Cluster::start(&[]);
    let db = Database::new(&cluster);
    let standby = cluster.standby();
    cluster.wait_for(&standby);
    let name = &db.name;

    assert_eq!(app(&standby, name, &db.token(A)).number(COUNT), 20);
    let mut b = app(&standby, name, &db.token(B)).watched();
    assert_eq!(b.run("SELECT * FROM patients").len(), 10);
    standby.session(name, "app").watched().refused(COUNT, "28000");
    let mut nobody = standby.session(name, "app");
    nobody.refused("SET watertight.token = 'x'", "28000");

    let jti = db.sign(db.claims(A).claim("jti", "one"));
    let new = Key::generate(Algorithm::EdDsa, "k2");
    let audience = format!(", audience => '{AUDIENCE}'");
    let mut admin = db.admin();
    // Each is heard by a session of the standby that is inside an open transaction.
    let undo = "SELECT watertight.resume_tenant('hospital_a')";
    for (end, undo, token) in [
        ("SELECT watertight.suspend_tenant('hospital_a')".to_owned(), undo.to_owned(), db.token(A)),
        ("SELECT watertight.revoke_token('one')".into(), "DELETE FROM watertight.revoked_tokens".into(), jti),
        (
            "SELECT watertight.revoke_user('alice')".into(),
            "SELECT watertight.restore_user('alice')".into(),
            db.token(A),
        ),
        (trust(ISSUER, &[&new], &audience), trust(ISSUER, &[&db.key], &audience), db.token(A)),
        (
            format!("SELECT watertight.distrust_issuer('{ISSUER}')"),
            trust(ISSUER, &[&db.key], &audience),
            db.token(A),
        ),
    ] {
        let mut held = standby.session(name, "app").mode(Mode::Extended);
        held.run("BEGIN");
        held.run(&format!("SET LOCAL watertight.token = '{token}'"));
        assert_eq!(held.number(COUNT), 20, "{end}");
        admin.run(&end);
        cluster.wait_for(&standby);
        held.refused(COUNT, "28000");
        admin.run(&undo);
        cluster.wait_for(&standby);
        assert_eq!(app(&standby, name, &token).number(COUNT), 20, "{undo}");
    }

    drop((b, admin));
    standby.promote();
    let mut b = app(&standby, name, &db.token(B)).watched();
    assert_eq!(b.run("SELECT * FROM patients").len(), 10);
    assert_eq!(b.one("INSERT INTO patients (id, name) VALUES (900, 'new') RETURNING tenant_id"), db.b);
}

#[test]
fn a_database_without_the_extension_is_as_it_was() {
    let cluster = Cluster::start(&[]);
    let name = blank(&cluster);
    let mut app = cluster.session(&name, "app");
    assert_eq!(app.number("SELECT 1"), 1);
    app.attempt("SET watertight.token = 'x.y.z'").expect_err("a token of a database without tenants");
    let mut keeper = cluster.session(&name, "keeper");
    keeper.script(
        "CREATE TABLE t (id int PRIMARY KEY, tenant_id int); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
         CREATE POLICY watertight ON t USING (tenant_id = 1); INSERT INTO t VALUES (1, 1), (2, 2); GRANT ALL ON t TO app;
         DECLARE c CURSOR WITH HOLD FOR TABLE t; FETCH ALL FROM c; CLOSE c;
         CREATE MATERIALIZED VIEW m AS SELECT * FROM t; CREATE TABLE c1 () INHERITS (t)",
    );
    assert_eq!(app.number("SELECT count(*) FROM t"), 1);
    keeper.script(
        "DROP MATERIALIZED VIEW m; DROP POLICY watertight ON t; ALTER TABLE t DISABLE ROW LEVEL SECURITY;
         ALTER TABLE t RENAME COLUMN tenant_id TO other; ALTER TABLE t DROP COLUMN other; TRUNCATE t; DROP TABLE t CASCADE",
    );
}

#[test]
fn a_migration_adds_a_foreign_key_that_is_checked_for_all_tenants() {
    let db = Database::shared();
    let mut keeper = db.keeper();
    keeper.run("ALTER TABLE visits DROP CONSTRAINT visits_patient_id_fkey");
    let add = "ALTER TABLE visits ADD CONSTRAINT again FOREIGN KEY (patient_id) REFERENCES patients";
    let validate = "ALTER TABLE visits VALIDATE CONSTRAINT again";
    // Under row security the check would see one tenant's rows, or none: it is refused, with or without a token.
    keeper.refused(add, "0A000");
    db.attacker_as("keeper", Mode::Simple).refused(add, "0A000");
    // What holds for new rows needs no check of the others.
    keeper.run(&format!("{add} NOT VALID"));
    db.a(Mode::Simple).refused("UPDATE visits SET patient_id = 777 WHERE id = 1", "23503");
    keeper.refused(validate, "0A000");
    db.admin().run(validate);
    keeper.run("ALTER TABLE visits DROP CONSTRAINT again");
    // One of A's rows breaks it: a superuser hears of it.
    db.a(Mode::Simple).run("UPDATE visits SET patient_id = 777 WHERE id = 1");
    db.admin().refused(add, "23503");
}

#[test]
fn a_migration_changes_a_protected_table_without_a_token() {
    let db = Database::shared();
    let mut keeper = db.keeper();
    for sql in [
        "ALTER TABLE patients ADD COLUMN born date",
        "ALTER TABLE patients ADD COLUMN flag boolean NOT NULL DEFAULT false",
        "ALTER TABLE patients ALTER COLUMN age TYPE bigint",
        "ALTER TABLE patients ADD CONSTRAINT young CHECK (age < 200)",
        "ALTER TABLE patients RENAME COLUMN ward TO station",
        "ALTER TABLE patients DROP COLUMN station",
        "CREATE INDEX ON patients (lower(name))",
        "CREATE UNIQUE INDEX CONCURRENTLY ON patients (email, id)",
        "CREATE INDEX ON patients (tenant_id, age) WHERE age > 3",
        "ALTER TABLE patients RENAME TO sick",
        "ALTER TABLE sick RENAME TO patients",
        "CREATE TABLE extra (id bigint PRIMARY KEY, patient_id bigint REFERENCES patients ON DELETE CASCADE)",
        "CREATE VIEW listed AS SELECT * FROM patients",
        "CREATE OR REPLACE FUNCTION total() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM patients'",
        "COMMENT ON TABLE patients IS 'patients'",
        "ALTER TABLE patients ADD COLUMN note text; ALTER TABLE patients DROP COLUMN note",
        "ANALYZE patients",
        "DROP TABLE extra",
    ] {
        keeper.run(sql);
    }
    assert_eq!(db.attacker(Mode::Simple).run("SELECT * FROM patients").len(), 10);
    assert_eq!(db.app().with_token(&db.token(A)).number(COUNT), 20);
}
