//! D43, D46: tables that appear later in a protected schema, by whatever command, are protected from the first moment.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_tests::database::{A, B};
use watertight_tests::{Database, Mode, for_each_path};

/// A protected schema of the owner's, in which clients may use what is there.
fn protected_schema(db: &Database) {
    db.keeper().script(
        "CREATE SCHEMA clinic; GRANT USAGE ON SCHEMA clinic TO app;
         ALTER DEFAULT PRIVILEGES IN SCHEMA clinic GRANT ALL ON TABLES TO app;
         CREATE TABLE clinic.first (id bigint PRIMARY KEY, name text);
         SELECT watertight.protect_schema('clinic')",
    );
}

/// A's and B's rows are kept apart in this table, and without a token there are none.
fn isolated(db: &Database, table: &str) {
    for (tenant, n, name) in [(A, 1, "CANARY-A-row"), (B, 2, "b-row")] {
        let mut session = db.app().with_token(&db.token(tenant));
        session.run(&format!("DELETE FROM {table}"));
        session.run(&format!("INSERT INTO {table} (id, name) VALUES ({n}, '{name}')"));
    }
    for_each_path(|mode| {
        db.a(mode).leaks(&format!("SELECT * FROM {table}"));
        for role in ["app", "keeper"] {
            let mut b = db.attacker_as(role, mode);
            assert_eq!(b.run(&format!("SELECT * FROM {table}")).len(), 1, "{table} as {role}");
            assert_eq!(b.run(&format!("DELETE FROM {table} WHERE id = 1 RETURNING *")).len(), 0);
            db.client(role).mode(mode).watched().refused(&format!("SELECT * FROM {table}"), "28000");
        }
    });
}

#[test]
fn d46_every_command_that_makes_a_table_makes_a_protected_one() {
    let db = Database::shared();
    protected_schema(&db);
    isolated(&db, "clinic.first");
    let commands = [
        ("plain", "CREATE TABLE clinic.plain (id bigint PRIMARY KEY, name text)"),
        ("twice", "CREATE TABLE IF NOT EXISTS clinic.twice (id bigint, name text)"),
        ("unlogged", "CREATE UNLOGGED TABLE clinic.unlogged (id bigint, name text)"),
        ("alike", "CREATE TABLE clinic.alike (LIKE public.open_patients INCLUDING ALL)"),
        ("copied", "CREATE TABLE clinic.copied AS SELECT 7::bigint AS id, 'x'::text AS name WHERE false"),
        ("chosen", "SELECT 7::bigint AS id, 'x'::text AS name INTO clinic.chosen WHERE false"),
        (
            "parted",
            "CREATE TABLE clinic.parted (id bigint, name text) PARTITION BY LIST (id);
            CREATE TABLE clinic.parted_d PARTITION OF clinic.parted DEFAULT",
        ),
        ("below", "CREATE TABLE clinic.below () INHERITS (clinic.first)"),
        (
            "moved",
            "CREATE TABLE public.moved (id bigint, name text); ALTER TABLE public.moved SET SCHEMA clinic;
            GRANT ALL ON clinic.moved TO app",
        ),
        ("quoted", "CREATE TABLE clinic.\"quoted\" (id bigint, name text)"),
        (
            "renamed",
            "CREATE TABLE clinic.renaming (id bigint, name text); ALTER TABLE clinic.renaming RENAME TO renamed",
        ),
        ("in_block", "DO $$ BEGIN CREATE TABLE clinic.in_block (id bigint, name text); END $$"),
    ];
    for (table, command) in commands {
        db.keeper().script(command);
        if table != "below" {
            isolated(&db, &format!("clinic.{table}"));
        }
    }
    isolated(&db, "clinic.parted_d");
    let rls =
        "SELECT relname FROM pg_class WHERE relnamespace = 'clinic'::regnamespace AND relkind IN ('r', 'p')
        AND NOT (relrowsecurity AND relforcerowsecurity)";
    assert_eq!(db.truth(rls), Vec::<String>::new());
}

#[test]
fn d46_rows_that_a_command_brings_along_belong_to_somebody_or_the_command_fails() {
    let db = Database::shared();
    protected_schema(&db);
    for command in [
        "CREATE TABLE clinic.loot AS SELECT id, name FROM open_patients",
        "SELECT id, name INTO clinic.loot FROM open_patients",
        "CREATE TABLE public.loot AS SELECT id, name FROM open_patients; ALTER TABLE public.loot SET SCHEMA clinic",
    ] {
        let made = db.cluster.psql(&db.name, "keeper", &format!("BEGIN; {command}; COMMIT;"));
        if made.success {
            db.keeper().script("GRANT ALL ON clinic.loot TO app");
            let _ = db.attacker(Mode::Simple).attempt("SELECT * FROM clinic.loot");
            db.app().watched().refused("SELECT * FROM clinic.loot", "28000");
            db.keeper().script("DROP TABLE clinic.loot");
        }
    }
}

#[test]
fn d46_what_cannot_be_protected_is_refused() {
    let db = Database::shared();
    protected_schema(&db);
    db.admin().script("CREATE EXTENSION postgres_fdw; CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw;
        CREATE EXTENSION file_fdw; CREATE SERVER f FOREIGN DATA WRAPPER file_fdw; GRANT USAGE ON FOREIGN SERVER s, f TO keeper");
    db.keeper().script("CREATE TABLE events (id bigint, name text) PARTITION BY LIST (id); SELECT watertight.protect('events')");
    for command in [
        "CREATE FOREIGN TABLE clinic.far (id bigint, name text) SERVER s",
        "CREATE FOREIGN TABLE public.far () INHERITS (clinic.first) SERVER s",
        "CREATE FOREIGN TABLE public.far PARTITION OF public.events FOR VALUES IN (1) SERVER s",
        "CREATE MATERIALIZED VIEW clinic.kept AS SELECT * FROM clinic.first",
        "CREATE MATERIALIZED VIEW clinic.kept AS SELECT * FROM public.patients WITH NO DATA",
    ] {
        let refused = db.keeper().with_token(&db.token(A)).attempt(command);
        refused.expect_err(command).hints();
    }
    // The control: elsewhere they are allowed.
    db.keeper().script(
        "CREATE FOREIGN TABLE public.far (id bigint, name text) SERVER s; DROP FOREIGN TABLE public.far",
    );
}

#[test]
fn d43_a_child_of_an_unprotected_parent_is_no_way_around() {
    let db = Database::shared();
    db.keeper().script(
        "CREATE TABLE above (id bigint, name text, tenant_id uuid);
         CREATE TABLE child () INHERITS (above);
         CREATE TABLE whole (id bigint, name text, tenant_id uuid) PARTITION BY LIST (id);
         CREATE TABLE part PARTITION OF whole DEFAULT;
         GRANT ALL ON above, child, whole, part TO app",
    );
    for (parent, child) in [("above", "child"), ("whole", "part")] {
        // Refused, or reading through the parent is as safe as reading the child.
        if db.keeper().attempt(&format!("SELECT watertight.protect('{child}')")).is_err() {
            continue;
        }
        db.a(Mode::Simple).run(&format!("INSERT INTO {child} (id, name) VALUES (1, 'CANARY-A-row')"));
        for role in ["app", "keeper"] {
            let _ = db.attacker_as(role, Mode::Simple).attempt(&format!("SELECT * FROM {parent}"));
            let _ = db.client(role).watched().attempt(&format!("SELECT * FROM {parent}"));
        }
        // Nor is the parent a way to change the child.
        for change in
            ["ALTER COLUMN tenant_id DROP NOT NULL", "DROP COLUMN tenant_id", "RENAME COLUMN tenant_id TO x"]
        {
            let _ = db.keeper().attempt(&format!("ALTER TABLE {parent} {change}"));
            assert!(
                db.attacker(Mode::Simple).attempt(&format!("SELECT * FROM {child}")).map_or(0, |r| r.len())
                    == 0
            );
        }
    }
}

#[test]
fn d54_a_partition_s_protection_is_as_firm_as_its_parent_s() {
    let db = Database::shared();
    db.keeper().script(
        "CREATE TABLE events (id bigint, name text, tenant_id uuid) PARTITION BY LIST (id);
         CREATE TABLE events_d PARTITION OF events DEFAULT;
         SELECT watertight.protect('events'); GRANT ALL ON events, events_d TO app",
    );
    for sql in [
        "ALTER TABLE # DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE # NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY watertight ON #",
        "ALTER POLICY watertight ON # USING (true)",
        "ALTER TABLE # ALTER COLUMN tenant_id DROP NOT NULL",
        "ALTER TABLE # RENAME COLUMN tenant_id TO x",
        "ALTER TABLE # DROP COLUMN tenant_id",
        "ALTER TABLE # ALTER COLUMN tenant_id TYPE text",
        "CREATE POLICY open ON # USING (true)",
        "TRUNCATE #",
    ] {
        for table in ["events", "events_d"] {
            let done = db.keeper().attempt(&sql.replace('#', table));
            assert!(done.is_err() || sql.starts_with("CREATE POLICY"), "{sql} on {table}");
        }
    }
    for table in ["events", "events_d"] {
        db.a(Mode::Simple).run(&format!("INSERT INTO {table} (id, name) VALUES (1, 'CANARY-A-row')"));
    }
    for table in ["events", "events_d"] {
        for_each_path(|mode| {
            assert_eq!(db.attacker(mode).run(&format!("SELECT * FROM {table}")).len(), 0);
            db.a(mode).leaks(&format!("SELECT * FROM {table}"));
        });
    }
}
