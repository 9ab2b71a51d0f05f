//! D34, D35 again, for tenant columns of every type an adopter may have: what the column's type or collation finds
//! equal must not be another tenant.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_tests::database::{A, B};
use watertight_tests::{Database, Mode, Session, for_each_path, shared};

/// A table with such a column, or `None` where it is refused; A's row and B's row in it.
fn table(db: &Database, column: &str) -> Option<()> {
    let mut keeper = db.keeper();
    keeper.script("DROP TABLE IF EXISTS things");
    keeper.run(&format!("CREATE TABLE things (id bigint, name text, owner_ref {column})"));
    keeper.run("GRANT ALL ON things TO app");
    keeper.attempt("SELECT watertight.protect('things', tenant_column => 'owner_ref')").ok()?;
    for (tenant, name) in [(A, "CANARY-A-thing"), (B, "b-thing")] {
        db.app()
            .with_token(&db.token(tenant))
            .run(&format!("INSERT INTO things (id, name) VALUES (1, '{name}')"));
    }
    Some(())
}

fn sees_only_its_own(b: &mut Session) {
    let rows = b.run("SELECT name FROM things");
    assert_eq!(rows, [[Some("b-thing".to_owned())]]);
    assert_eq!(b.run("UPDATE things SET id = 2 WHERE name <> 'b-thing' RETURNING id").len(), 0);
    assert_eq!(b.run("DELETE FROM things WHERE name <> 'b-thing' RETURNING id").len(), 0);
}

#[test]
fn d34_a_tenant_column_may_be_uuid_text_or_integer() {
    let db = Database::without_tables(shared());
    let mut admin = db.admin();
    admin.run("SELECT watertight.set_tenant_key('hospital_a', 1)");
    // The same lowest 32 bits: cut off to an integer, it would be A's.
    admin.run("SELECT watertight.set_tenant_key('hospital_b', 2)");
    for (column, theirs) in [
        ("uuid", format!("'{}'", db.a)),
        ("text", format!("'{A}'")),
        ("text COLLATE \"C\"", format!("'{A}'")),
        ("varchar", format!("'{A}'")),
        ("varchar(50)", format!("'{A}'")),
        ("bigint", "1".into()),
        ("integer", "1".into()),
    ] {
        table(&db, column).unwrap_or_else(|| panic!("{column} is refused"));
        for_each_path(|mode| {
            db.a(mode).leaks("SELECT * FROM things");
            sees_only_its_own(&mut db.attacker(mode));
            let mut b = db.attacker(mode);
            b.refused(
                &format!("INSERT INTO things (id, name, owner_ref) VALUES (3, 'forged', {theirs})"),
                "42501",
            );
            b.refused(&format!("UPDATE things SET owner_ref = {theirs}"), "42501");
            db.app().mode(mode).watched().refused("SELECT * FROM things", "28000");
        });
        let mut b = db.attacker(Mode::Simple);
        b.run("SET enable_seqscan = off");
        let plan = b.column("EXPLAIN SELECT * FROM things").join("\n");
        assert!(plan.contains("Index Cond"), "{column}: {plan}");
    }
}

#[test]
fn d34_an_integer_column_does_not_cut_keys_off() {
    let db = Database::without_tables(shared());
    let mut admin = db.admin();
    admin.run("SELECT watertight.set_tenant_key('hospital_a', 1)");
    admin.run("SELECT watertight.set_tenant_key('hospital_b', 4294967297)");
    db.keeper().script(
        "CREATE TABLE things (id bigint, name text, owner_ref integer); GRANT ALL ON things TO app;
        SELECT watertight.protect('things', tenant_column => 'owner_ref')",
    );
    db.a(Mode::Simple).run("INSERT INTO things (id, name) VALUES (1, 'CANARY-A-thing')");
    for_each_path(|mode| {
        let mut b = db.attacker(mode);
        assert!(b.attempt("SELECT * FROM things").map_or(0, |rows| rows.len()) == 0);
        b.attempt("INSERT INTO things (id, name) VALUES (1, 'b-thing')")
            .expect_err("a key that does not fit");
        b.attempt("INSERT INTO things (id, name, owner_ref) VALUES (1, 'b-thing', 1)").expect_err("A's key");
    });
    db.a(Mode::Simple).leaks("SELECT * FROM things");
}

#[test]
fn d34_a_tenant_without_a_key_sees_nothing_in_an_integer_column() {
    let db = Database::without_tables(shared());
    db.admin().run("SELECT watertight.set_tenant_key('hospital_a', 1)");
    for column in ["bigint", "integer"] {
        db.keeper().script(&format!(
            "DROP TABLE IF EXISTS things; CREATE TABLE things (id bigint, name text, owner_ref {column});
            GRANT ALL ON things TO app; SELECT watertight.protect('things', tenant_column => 'owner_ref')"
        ));
        db.a(Mode::Simple).run("INSERT INTO things (id, name) VALUES (1, 'CANARY-A-thing')");
        for_each_path(|mode| drop(db.attacker(mode).refused("SELECT * FROM things", "55000").hints()));
        db.a(Mode::Simple).leaks("SELECT * FROM things");
    }
}

#[test]
fn d34_a_collation_that_finds_two_tenants_equal_does_not_make_them_one() {
    let db = Database::without_tables(shared());
    let mut admin = db.admin();
    admin.script(
        "CREATE COLLATION public.lax (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
        CREATE EXTENSION citext SCHEMA public",
    );
    assert_eq!(admin.one("SELECT 'HÖSPITAL' COLLATE lax = 'hospital'"), "t", "the control");
    for near in ["HOSPITAL_A", "Hospital_A", "höspital_a"] {
        let _ = admin.attempt(&format!("SELECT watertight.create_tenant('{near}')"));
    }
    for column in [
        "text COLLATE public.lax",
        "varchar COLLATE public.lax",
        "varchar(50) COLLATE public.lax",
        "public.citext",
    ] {
        // Refused, or exact.
        if table(&db, column).is_none() {
            continue;
        }
        for near in ["HOSPITAL_A", "Hospital_A", "höspital_a"] {
            for_each_path(|mode| {
                let mut session = db.app().mode(mode).watched();
                if session.attempt(&format!("SET watertight.token = '{}'", db.token(near))).is_ok() {
                    assert!(session.attempt("SELECT * FROM things").map_or(0, |rows| rows.len()) == 0);
                    let forged =
                        format!("INSERT INTO things (id, name, owner_ref) VALUES (3, 'forged', '{A}')");
                    session.attempt(&forged).expect_err("a row for another tenant");
                    let _ = session.attempt("DELETE FROM things");
                }
            });
        }
        assert_eq!(db.truth("SELECT count(*) FROM things"), ["2"], "{column}");
    }
}

#[test]
fn d54_dropping_the_type_of_the_tenant_column_does_not_open_the_table() {
    let db = Database::without_tables(shared());
    for base in ["uuid", "text", "bigint"] {
        db.keeper().script(&format!("CREATE DOMAIN ref_{base} AS {base}"));
        if table(&db, &format!("ref_{base}")).is_none() {
            continue;
        }
        let dropped = db.keeper().attempt(&format!("DROP DOMAIN ref_{base} CASCADE"));
        let mut b = db.attacker(Mode::Simple);
        let rows = b.attempt("SELECT * FROM things").map_or(0, |rows| rows.len());
        assert!(rows <= 1, "{base}: {dropped:?}");
    }
    for column in [
        "uuid[]",
        "json",
        "jsonb",
        "numeric",
        "double precision",
        "bytea",
        "date",
        "boolean",
        "char(40)",
        "name",
        "\"char\"",
    ] {
        assert!(table(&db, column).is_none(), "a tenant column of type {column}");
    }
}

#[test]
fn d54_a_types_owner_does_not_change_a_protected_table() {
    let db = Database::shared();
    let mut keeper = db.keeper();
    keeper.script("CREATE TYPE shape AS (id bigint, tenant_id uuid); CREATE TABLE typed OF shape");
    keeper.refused("SELECT watertight.protect('typed')", "42809").hints();
    keeper.script("CREATE TABLE plain (id bigint, tenant_id uuid); SELECT watertight.protect('plain')");
    keeper.refused("ALTER TABLE plain OF shape", "42501").hints();
    keeper.script("CREATE SCHEMA clinic; SELECT watertight.protect_schema('clinic')");
    keeper.refused("CREATE TABLE clinic.typed OF shape", "42809").hints();
    keeper.script("ALTER TABLE typed NOT OF; SELECT watertight.protect('typed')");
    keeper.run("ALTER TYPE shape DROP ATTRIBUTE tenant_id CASCADE");
    assert_eq!(
        db.truth(
            "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'typed'::regclass AND attname = 'tenant_id'"
        ),
        ["t"]
    );
}
