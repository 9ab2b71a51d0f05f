//! A database with compartments: a template schema, a shared table with a compartment column, and a cluster that can be hurt.

use std::process::Command;

use watertight_tests::database::A;
use watertight_tests::{Cluster, Database, Failure, Session, eventually, literal};

/// Settings of the clusters here.
pub const CONF: &[&str] = &["watertight.compartments = on", "watertight.reap_interval = 1"];

const HOUSE: &str = "
    CREATE SCHEMA workspace;
    GRANT USAGE, CREATE ON SCHEMA workspace TO app;
    CREATE TABLE workspace.folders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
    CREATE TABLE workspace.notes (id serial PRIMARY KEY, folder bigint REFERENCES workspace.folders, body text);
    CREATE INDEX ON workspace.notes (body);
    CREATE VIEW workspace.titles AS SELECT left(body, 8) AS title FROM workspace.notes;
    GRANT ALL ON ALL TABLES IN SCHEMA workspace TO app;
    GRANT ALL ON ALL SEQUENCES IN SCHEMA workspace TO app;
    CREATE TABLE documents (id bigint GENERATED ALWAYS AS IDENTITY, tenant_id uuid, body text);
    SELECT watertight.protect('documents', compartment_column => 'compartment_id');
    GRANT ALL ON documents TO app;";

/// The database's owner fills it.
pub fn furnish(cluster: &Cluster) -> Database<'_> {
    let db = Database::without_tables(cluster);
    db.admin().script(&format!(
        "GRANT CREATE ON DATABASE {} TO keeper; GRANT CREATE ON SCHEMA public TO keeper",
        db.name
    ));
    db.keeper().script(HOUSE);
    db
}

/// A session's token for an ephemeral compartment with a schema of its own.
pub fn login_ephemeral(db: &Database<'_>, session: &mut Session, more: &str) -> String {
    let token = literal(&db.token(A));
    session
        .one(&format!("SELECT watertight.login({token}, ephemeral => true, template => 'workspace'{more})"))
}

/// Uses a token for the rest of the connection.
pub fn enter(session: &mut Session, token: &str) {
    session.set_token(token);
}

/// Writes a canary wherever an ephemeral session can: in tables from the template, tables of its own, an index, a view, a
/// large object, and a shared table. `WAL-` and a number is what must be nowhere afterwards; what stands in shared tables and in
/// large objects is logged like all of their content, and is another text.
pub fn write_everywhere(session: &mut Session, canary: &str) {
    session.script(&format!(
        "INSERT INTO folders (name) VALUES ('{canary}');
         INSERT INTO notes (folder, body) SELECT 1, '{canary}' || n FROM generate_series(1, 500) AS n;
         CREATE TABLE own AS SELECT * FROM notes;
         CREATE TABLE typed (id serial PRIMARY KEY, body text UNIQUE);
         INSERT INTO typed (body) SELECT '{canary}' || repeat('x', 3000) || n FROM generate_series(1, 5) AS n;
         CREATE VIEW seen AS SELECT body FROM own;
         CREATE SEQUENCE counter;
         ANALYZE own, typed, notes;
         SELECT lo_from_bytea(0, 'an object');
         INSERT INTO documents (body) VALUES ('a row')"
    ));
    assert_eq!(session.number("SELECT count(*) FROM own"), 500);
}

/// What is left: everything here must be nothing.
pub fn traces(db: &Database<'_>) -> Vec<String> {
    db.admin().column(
        "SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname LIKE 'wt\\_%'
         UNION ALL SELECT 'relation ' || relname FROM pg_class WHERE relname IN ('own', 'typed', 'counter', 'seen')
         UNION ALL SELECT 'compartment ' || name FROM watertight.all_compartments WHERE ephemeral AND tenant_id IS NOT NULL
         UNION ALL SELECT 'session ' || s.id FROM watertight.open_sessions AS s
                    WHERE compartment_id <> '00000000-0000-0000-0000-000000000000'
                      AND NOT EXISTS (SELECT FROM watertight.all_compartments AS c
                                       WHERE c.id = s.compartment_id AND NOT c.ephemeral)
         UNION ALL SELECT 'object ' || oid FROM pg_largeobject_metadata
         UNION ALL SELECT 'row ' || id FROM documents AS d
                    WHERE compartment_id <> '00000000-0000-0000-0000-000000000000'
                      AND NOT EXISTS (SELECT FROM watertight.all_compartments AS c
                                       WHERE c.id = d.compartment_id AND NOT c.ephemeral)",
    )
}

/// Writes everything to disk. CHECKPOINT leaves UNLOGGED tables out.
pub fn flush(db: &Database<'_>) {
    db.admin().run("CREATE DATABASE flushed STRATEGY = file_copy");
    db.admin().run("DROP DATABASE flushed");
}

/// Nothing is left, in the catalogs and in all files of the server, its log of changes included.
pub fn nothing_is_left(db: &Database<'_>, canary: &str) {
    eventually("nothing is left", || {
        // Right after a start the tables may still be closed to everybody.
        let left = db
            .cluster
            .try_session(&db.name, "postgres", "")
            .ok()
            .and_then(|mut admin| admin.attempt("SELECT count(*) FROM documents").ok());
        left.is_some() && traces(db).is_empty()
    });
    flush(db);
    let found = Command::new("grep").args(["-rla", canary, &db.cluster.data()]).output().expect("grep");
    let found = String::from_utf8_lossy(&found.stdout).into_owned();
    assert!(found.is_empty(), "{canary} is still in\n{found}");
}

/// A refused attempt with a token, on a connection of its own.
pub fn refused_with(db: &Database<'_>, token: &str, sql: &str) -> Failure {
    let mut session = db.app();
    let told = session.attempt(&format!("SET watertight.token = {}", literal(token)));
    told.and_then(|_| session.attempt(sql)).expect_err(sql)
}
