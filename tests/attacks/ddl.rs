//! D: partitions and children, and commands that would take protection away.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_tests::database::A;
use watertight_tests::{COUNT, Database, Mode, for_each_path, for_each_protocol};

/// A partitioned table with a row of each tenant in each partition.
fn partitioned(db: &Database) {
    db.keeper().script(
        "CREATE TABLE events (id bigint, day int, note text, tenant_id uuid) PARTITION BY RANGE (day);
         CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
         CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id);
         CREATE TABLE events_2a PARTITION OF events_2 FOR VALUES IN (1);
         CREATE TABLE events_2d PARTITION OF events_2 DEFAULT;
         SELECT watertight.protect('events');
         GRANT ALL ON events, events_1, events_2, events_2a, events_2d TO app",
    );
    fill(db, "(1, 1), (2, 11), (1, 12)");
}

fn fill(db: &Database, rows: &str) {
    for (tenant, note) in [("hospital_a", "CANARY-A-event"), ("hospital_b", "b-event")] {
        let insert =
            format!("INSERT INTO events (id, day, note) SELECT i, d, '{note}' FROM (VALUES {rows}) v(i, d)");
        db.app().with_token(&db.token(tenant)).run(&insert);
    }
}

/// The table, named directly, gives A its own rows, B its own, and nobody else any.
fn isolated(db: &Database, table: &str, rows: usize) {
    for_each_path(|mode| {
        for from in [table.to_owned(), format!("ONLY {table}")] {
            let sql = format!("SELECT * FROM {from}");
            assert!(db.attacker(mode).run(&sql).len() <= rows, "{from}");
            db.attacker_as("keeper", mode).run(&sql);
        }
        let sql = format!("SELECT * FROM {table}");
        db.a(mode).leaks(&sql);
        assert_eq!(db.attacker(mode).run(&sql).len(), rows, "{table}");
        db.app().mode(mode).watched().refused(&sql, "28000");
        let mut b = db.attacker(mode);
        assert_eq!(b.run(&format!("DELETE FROM {table} WHERE note LIKE 'CANARY%' RETURNING *")).len(), 0);
        b.refused(&format!("UPDATE {table} SET tenant_id = '{}'", db.a), "42501");
    });
}

#[test]
fn d43_partitions_are_protected_by_their_own_names() {
    let db = Database::shared();
    partitioned(&db);
    for (table, rows) in [("events", 3), ("events_1", 1), ("events_2", 2), ("events_2a", 1), ("events_2d", 1)]
    {
        isolated(&db, table, rows);
    }
    let mut b = db.attacker(Mode::Simple);
    let forged =
        format!("INSERT INTO events_1 (id, day, note, tenant_id) VALUES (5, 5, 'forged', '{}')", db.a);
    b.refused(&forged, "42501");
}

#[test]
fn d43_partitions_made_later_are_protected() {
    let db = Database::shared();
    partitioned(&db);
    db.keeper().script(
        "CREATE TABLE events_3 PARTITION OF events FOR VALUES FROM (20) TO (30);
         CREATE TABLE loose (id bigint, day int, note text, tenant_id uuid NOT NULL);
         ALTER TABLE events ATTACH PARTITION loose FOR VALUES FROM (30) TO (40);
         CREATE TABLE events_4 PARTITION OF events FOR VALUES FROM (40) TO (50) PARTITION BY LIST (id);
         CREATE TABLE events_4a PARTITION OF events_4 DEFAULT;
         GRANT ALL ON events_3, loose, events_4, events_4a TO app",
    );
    fill(&db, "(1, 21), (1, 31), (1, 41)");
    for table in ["events_3", "loose", "events_4", "events_4a"] {
        isolated(&db, table, 1);
    }
    isolated(&db, "events", 6);
}

#[test]
fn d43_inheritance_children_are_protected() {
    let db = Database::shared();
    db.keeper().script(
        "CREATE TABLE old_patients () INHERITS (patients);
         CREATE TABLE stray (LIKE patients INCLUDING CONSTRAINTS);
         ALTER TABLE stray INHERIT patients;
         GRANT ALL ON old_patients, stray TO app",
    );
    for table in ["old_patients", "stray"] {
        for (tenant, name) in [(A, "CANARY-A-old"), ("hospital_b", "b-old")] {
            let mut session = db.app().with_token(&db.token(tenant));
            session.run(&format!("INSERT INTO {table} (id, name) VALUES (700, '{name}')"));
        }
        for_each_path(|mode| {
            let sql = format!("SELECT * FROM {table}");
            db.a(mode).leaks(&sql);
            assert_eq!(db.attacker(mode).run(&sql).len(), 1, "{table}");
            assert_eq!(db.attacker_as("keeper", mode).run(&sql).len(), 1, "{table}");
            db.app().mode(mode).watched().refused(&sql, "28000");
        });
    }
    for_each_path(|mode| {
        assert_eq!(db.attacker(mode).number(COUNT), 12);
        assert_eq!(db.attacker(mode).number("SELECT count(*) FROM ONLY patients"), 10);
    });
}

#[test]
fn d43_a_partition_does_not_leave_its_protection_behind() {
    let db = Database::shared();
    partitioned(&db);
    let mut keeper = db.attacker_as("keeper", Mode::Simple);
    for sql in [
        "ALTER TABLE events DETACH PARTITION events_1",
        "ALTER TABLE events DETACH PARTITION events_1 CONCURRENTLY",
    ] {
        // Refused, or still protected as a table of its own.
        let _ = keeper.attempt(sql);
        isolated(&db, "events_1", 1);
    }
}

#[test]
fn d43_a_protected_table_is_not_read_through_an_unprotected_parent() {
    let db = Database::shared();
    let mut keeper = db.attacker_as("keeper", Mode::Simple);
    for (make, adopt) in [
        (
            "CREATE TABLE above (LIKE patients) PARTITION BY LIST (age)",
            "ALTER TABLE above ATTACH PARTITION patients DEFAULT",
        ),
        ("CREATE TABLE above (LIKE patients)", "ALTER TABLE patients INHERIT above"),
    ] {
        keeper.run(make);
        keeper.run("GRANT SELECT ON above TO app");
        let _ = keeper.attempt(adopt);
        for role in ["keeper", "app"] {
            let mut b = db.attacker_as(role, Mode::Simple);
            let rows = b.run("SELECT * FROM above").len();
            assert!(rows == 0 || rows == 10, "{adopt}: {rows} rows");
            let _ = db.client(role).watched().attempt("SELECT * FROM above");
        }
        keeper.script("DROP TABLE IF EXISTS above CASCADE");
        assert_eq!(db.attacker(Mode::Simple).attempt(COUNT).map_or(10, |rows| rows.len() * 10), 10);
        if db.truth("SELECT to_regclass('patients')").remove(0).is_empty() {
            return;
        }
    }
}

/// What an owner might do, by accident or not, to a protected table; `watertight.unprotect` is the only way.
const UNDO: &[&str] = &[
    "ALTER TABLE patients DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE patients NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE IF EXISTS public.patients DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE ONLY patients DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE patients ADD COLUMN x int, DISABLE ROW LEVEL SECURITY",
    "DROP POLICY watertight ON patients",
    "DROP POLICY IF EXISTS watertight ON public.patients CASCADE",
    "ALTER POLICY watertight ON patients USING (true)",
    "ALTER POLICY watertight ON patients TO keeper",
    "ALTER POLICY watertight ON patients WITH CHECK (true)",
    "ALTER POLICY watertight ON patients RENAME TO other",
    "ALTER TABLE patients DROP COLUMN tenant_id",
    "ALTER TABLE patients DROP COLUMN tenant_id CASCADE",
    "ALTER TABLE patients RENAME COLUMN tenant_id TO other",
    "ALTER TABLE patients RENAME tenant_id TO other",
    "ALTER TABLE patients ALTER COLUMN tenant_id DROP NOT NULL",
    "ALTER TABLE patients ALTER COLUMN tenant_id TYPE text",
    "ALTER TABLE patients ALTER COLUMN tenant_id SET DATA TYPE uuid USING gen_random_uuid()",
    "CREATE RULE \"_RETURN\" AS ON SELECT TO visits DO INSTEAD SELECT * FROM visits",
];

fn same_protection(db: &Database, state: &[String], sql: &str) {
    assert_eq!(protection(db), state, "{sql}");
    assert_eq!(db.attacker(Mode::Simple).number(COUNT), 10, "{sql}");
    assert_eq!(db.attacker_as("keeper", Mode::Simple).number(COUNT), 10, "{sql}");
}

fn protection(db: &Database) -> Vec<String> {
    db.truth(
        "SELECT format('%s %s %s %s', c.relname, c.relrowsecurity, c.relforcerowsecurity, a.attnotnull)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
        WHERE c.relname IN ('patients', 'visits') AND c.relkind = 'r'
        UNION ALL SELECT format('%s %s %s %s %s', polrelid::regclass, polname, polpermissive,
            pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
            FROM pg_policy WHERE polrelid <> 'watertight.reencryptions'::regclass ORDER BY 1",
    )
}

#[test]
fn d54_protection_is_not_taken_away_by_ddl() {
    let db = Database::shared();
    let state = protection(&db);
    assert_eq!(state.len(), 4, "the control: {state:?}");
    for_each_protocol(|mode| {
        for role in ["app", "keeper"] {
            for sql in UNDO {
                let refused = db.attacker_as(role, mode).attempt(sql);
                refused.expect_err(sql);
                same_protection(&db, &state, sql);
            }
        }
    });
}

#[test]
fn d54_protection_is_not_taken_away_inside_a_function_or_block() {
    let db = Database::shared();
    let state = protection(&db);
    let mut keeper = db.attacker_as("keeper", Mode::Simple);
    for sql in UNDO {
        keeper.attempt(&format!("DO $$ BEGIN EXECUTE $x$ {sql} $x$; END $$")).expect_err(sql);
        keeper.attempt(&format!("BEGIN; SET LOCAL search_path = public; {sql}; COMMIT")).expect_err(sql);
        let _ = keeper.attempt("ROLLBACK");
        same_protection(&db, &state, sql);
    }
}

/// From PostgreSQL 18 on NOT NULL is a constraint with a name.
#[test]
fn d54_not_null_is_not_dropped_by_its_constraint() {
    let db = Database::shared();
    let named =
        db.truth("SELECT conname FROM pg_constraint WHERE contype = 'n' AND conrelid = 'patients'::regclass");
    let tenant: Vec<_> = named.iter().filter(|name| name.contains("tenant_id")).collect();
    assert_eq!(
        tenant.len(),
        usize::from(db.admin().number("SHOW server_version_num") >= 180_000),
        "{named:?}"
    );
    let state = protection(&db);
    for name in tenant {
        db.keeper().refused(&format!("ALTER TABLE patients DROP CONSTRAINT {name}"), "42501").hints();
        db.keeper()
            .refused(&format!("ALTER TABLE patients DROP CONSTRAINT IF EXISTS {name} CASCADE"), "42501");
        same_protection(&db, &state, name);
    }
    // The control: another constraint.
    db.keeper().script(
        "ALTER TABLE patients ADD CONSTRAINT old CHECK (age < 200); ALTER TABLE patients DROP CONSTRAINT old",
    );
}

#[test]
fn d54_the_creator_trigger_does_not_go_with_an_extension() {
    let db = Database::shared();
    db.admin().run(&format!("GRANT CREATE ON DATABASE {} TO keeper", db.name));
    let mut keeper = db.keeper();
    keeper.script(
        "CREATE EXTENSION citext; CREATE TABLE notes (id bigint, created_by text); SELECT watertight.protect('notes');
         CREATE TRIGGER own BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    );
    let depend = |trigger| format!("ALTER TRIGGER {trigger} ON notes DEPENDS ON EXTENSION citext");
    keeper.refused(&depend("watertight_creator"), "42501").hints();
    keeper.refused(&format!("DO $x$ BEGIN {}; END $x$", depend("watertight_creator")), "42501");
    // The control: the owner's own trigger goes that way.
    keeper.script(&format!("{}; DROP EXTENSION citext", depend("own")));
    assert_eq!(
        db.truth("SELECT tgname FROM pg_trigger WHERE tgrelid = 'notes'::regclass"),
        ["watertight_creator"]
    );
}

#[test]
fn d54_the_extension_and_its_event_triggers_stay() {
    let db = Database::shared();
    let triggers = db.truth("SELECT quote_ident(evtname) FROM pg_event_trigger");
    for_each_protocol(|mode| {
        for role in ["app", "keeper"] {
            let mut b = db.attacker_as(role, mode);
            b.refused("DROP EXTENSION watertight", "42501");
            b.refused("DROP EXTENSION watertight CASCADE", "42501");
            b.refused("ALTER EXTENSION watertight UPDATE", "42501");
            b.refused("ALTER EXTENSION watertight DROP FUNCTION watertight.tenant_id()", "42501");
            b.refused("DROP SCHEMA watertight CASCADE", "42501");
            b.refused("ALTER SCHEMA watertight RENAME TO other", "42501");
            b.refused("DROP FUNCTION watertight.tenant_id()", "42501");
            b.refused("ALTER FUNCTION watertight.tenant_id() IMMUTABLE", "42501");
            b.refused(
                "CREATE FUNCTION watertight.tenant_id(int) RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
                "42501",
            );
            b.refused("CREATE OR REPLACE FUNCTION watertight.tenant_id() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
                "42501");
            for trigger in &triggers {
                b.refused(&format!("DROP EVENT TRIGGER {trigger}"), "42501");
                b.refused(&format!("ALTER EVENT TRIGGER {trigger} DISABLE"), "42501");
            }
        }
    });
}

#[test]
fn d54_moving_or_giving_away_a_table_keeps_it_protected() {
    let db = Database::shared();
    let new_owner = db.own_role("");
    db.admin().script(&format!(
        "GRANT {new_owner} TO keeper; CREATE SCHEMA moved AUTHORIZATION keeper;
        GRANT USAGE, CREATE ON SCHEMA moved TO {new_owner}; GRANT USAGE ON SCHEMA moved TO app"
    ));
    let mut keeper = db.keeper();
    let _ = keeper.attempt("ALTER TABLE patients SET SCHEMA moved");
    let _ = keeper.attempt(&format!("ALTER TABLE moved.patients OWNER TO {new_owner}"));
    let _ = keeper.attempt("ALTER TABLE visits RENAME TO seen");
    let name = db.truth("SELECT oid::regclass FROM pg_class WHERE relname = 'patients'").remove(0);
    let visits = db.truth("SELECT oid::regclass FROM pg_class WHERE relname IN ('visits', 'seen')").remove(0);
    for role in ["app", "keeper", new_owner.as_str()] {
        let mut b = db.attacker_as(role, Mode::Simple);
        for table in [&name, &visits] {
            let rows = b.attempt(&format!("SELECT * FROM {table}"));
            assert!(rows.map_or(10, |r| r.len()) == 10, "{table} as {role}");
        }
    }
    assert_eq!(db.attacker(Mode::Simple).run(&format!("SELECT * FROM {name}")).len(), 10);
}

#[test]
fn d53_others_add_nothing_to_a_protected_table() {
    let db = Database::shared();
    for_each_protocol(|mode| {
        let mut b = db.attacker(mode);
        b.run(
            "CREATE OR REPLACE FUNCTION lab.spy() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE NOTICE '%', NEW; RETURN NEW; END $$",
        );
        for sql in [
            "CREATE TRIGGER spy BEFORE INSERT ON patients FOR EACH ROW EXECUTE FUNCTION lab.spy()",
            "CREATE RULE spy AS ON INSERT TO patients DO ALSO INSERT INTO open_patients SELECT NEW.*",
            "CREATE POLICY spy ON patients USING (true)",
            "CREATE INDEX spy ON patients (name)",
            "CREATE STATISTICS lab.spy ON name, ward FROM patients",
            "ALTER TABLE patients ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE patients DISABLE TRIGGER ALL",
            "CREATE PUBLICATION spy FOR TABLE patients",
            "SECURITY LABEL ON TABLE patients IS 'x'",
        ] {
            b.refused(sql, "42501|22023");
        }
    });
}
