//! D47, D63, E57: places where PostgreSQL itself suspends row security, or runs code of one role for another.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_tests::database::{A, B};
use watertight_tests::{Cluster, Database, Mode, shared};

/// What an owner may have lying about: a view, and functions that run with the owner's rights.
const OWNERS_THINGS: &str = "
    CREATE VIEW v_patients AS SELECT * FROM patients;
    CREATE FUNCTION report() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS
        $$ BEGIN RETURN (SELECT string_agg(name, ',') FROM patients); END $$;
    CREATE FUNCTION rename_all() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS
        $$ BEGIN UPDATE patients SET ward = 'touched' WHERE id > 0; END $$;
    GRANT SELECT, UPDATE ON v_patients TO app";

/// Two tables of the attacker's own; deleting from the first runs code inside the second's foreign key.
const TRAPDOOR: &str = "
    CREATE TEMP TABLE parent (id int PRIMARY KEY);
    CREATE TEMP TABLE child (id int REFERENCES parent ON DELETE CASCADE);
    CREATE TEMP TABLE loot (t text);
    INSERT INTO parent VALUES (1), (2), (3); INSERT INTO child VALUES (1), (2), (3)";

#[test]
fn d47_a_cascade_of_the_attackers_own_does_not_suspend_row_security() {
    let db = Database::new(shared());
    db.keeper().script(OWNERS_THINGS);
    for stolen in [
        "INSERT INTO loot SELECT name FROM v_patients",
        "INSERT INTO loot SELECT public.report()",
        // SQL functions that the planner puts in place of their calls.
        "INSERT INTO loot SELECT * FROM pg_temp.inlined()",
        "INSERT INTO loot SELECT * FROM pg_temp.inlined_atomic()",
        "INSERT INTO loot SELECT t FROM (SELECT 1) o, LATERAL (SELECT * FROM pg_temp.inlined()) AS f (t)",
        "UPDATE public.v_patients SET ward = 'touched'",
        "PERFORM public.rename_all()",
    ] {
        let mut b = db.attacker(Mode::Simple);
        b.script(TRAPDOOR);
        b.script(&format!(
            "CREATE FUNCTION pg_temp.inlined() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT name FROM v_patients';
             CREATE FUNCTION pg_temp.inlined_atomic() RETURNS SETOF text LANGUAGE sql STABLE
                 BEGIN ATOMIC SELECT name FROM v_patients; END;
             CREATE FUNCTION pg_temp.steal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {stolen}; RETURN OLD; END $$;
             CREATE TRIGGER steal BEFORE DELETE ON child FOR EACH ROW EXECUTE FUNCTION pg_temp.steal()"
        ));
        b.refused("DELETE FROM parent WHERE id = 1", "42501");
        // Nothing that was prepared inside is kept for outside.
        let _ = b.attempt("SELECT public.report()");
        assert_eq!(b.number("SELECT count(*) FROM v_patients"), 10, "after: {stolen}");
    }
    assert_eq!(db.truth("SELECT count(*) FROM patients WHERE ward = 'touched'"), ["0"]);
}

/// What the owner's functions do is, as a tree, what PostgreSQL does for a foreign key.
#[test]
fn d47_a_definer_function_that_looks_like_a_foreign_key_is_not_let_through() {
    let db = Database::new(shared());
    db.keeper().script(
        "CREATE TABLE ev (id bigint, tenant_id uuid, note text) PARTITION BY HASH (id);
         CREATE TABLE ev0 PARTITION OF ev FOR VALUES WITH (MODULUS 1, REMAINDER 0);
         SELECT watertight.protect('ev'); GRANT ALL ON ev TO app;
         CREATE FUNCTION change(p bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS
             $$ BEGIN UPDATE ev SET note = 'touched' WHERE id = p; END $$;
         CREATE FUNCTION remove(p bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS
             $$ BEGIN DELETE FROM ONLY ev0 WHERE id = p; END $$;
         CREATE FUNCTION look(p bigint) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS
             $$ BEGIN PERFORM 1 FROM ev WHERE id = p FOR UPDATE; RETURN FOUND; END $$",
    );
    db.a(Mode::Simple).run("INSERT INTO ev (id, note) VALUES (1, 'CANARY')");
    for call in ["public.change(1)", "public.remove(1)", "public.look(1)"] {
        let mut b = db.attacker(Mode::Simple);
        b.script(TRAPDOOR);
        b.script(&format!(
            "CREATE FUNCTION pg_temp.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM {call}; RETURN OLD; END $$;
             CREATE TRIGGER t BEFORE DELETE ON child FOR EACH ROW EXECUTE FUNCTION pg_temp.f()"
        ));
        b.refused("DELETE FROM parent WHERE id = 1", "42501");
    }
    assert_eq!(db.truth("SELECT note FROM ev"), ["CANARY"]);
}

#[test]
fn d47_a_rule_inside_a_cascade_does_not_suspend_row_security() {
    let db = Database::new(shared());
    db.keeper().script(OWNERS_THINGS);
    let mut b = db.attacker(Mode::Simple);
    b.script(TRAPDOOR);
    b.script("CREATE RULE r AS ON DELETE TO child DO ALSO INSERT INTO loot SELECT name FROM v_patients");
    let _ = b.attempt("DELETE FROM parent WHERE id = 1");
    assert!(b.column("SELECT t FROM loot").iter().all(|name| !name.contains("CANARY")));
}

#[test]
fn d63_foreign_keys_between_protected_tables_still_work() {
    let db = Database::new(shared());
    db.keeper().script(
        "CREATE TABLE wards (id int PRIMARY KEY, name text);
         CREATE TABLE beds (id int, ward int REFERENCES wards ON DELETE CASCADE ON UPDATE CASCADE);
         SELECT watertight.protect('beds'); SELECT watertight.protect('wards', scope_keys => true);
         SELECT watertight.protect('beds', scope_keys => true); GRANT ALL ON wards, beds TO app",
    );
    let mut a = db.a(Mode::Extended);
    a.run("INSERT INTO wards VALUES (1, 'x')");
    a.run("INSERT INTO beds VALUES (1, 1), (2, 1)");
    a.refused("INSERT INTO beds VALUES (3, 9)", "23503");
    a.run("UPDATE wards SET id = 2");
    assert_eq!(a.number("SELECT count(*) FROM beds WHERE ward = 2"), 2);
    a.run("DELETE FROM wards");
    assert_eq!(a.number("SELECT count(*) FROM beds"), 0);
}

#[test]
fn d47_alter_table_runs_no_code_without_row_security() {
    let db = Database::new(shared());
    db.keeper().script(OWNERS_THINGS);
    let mut b = db.attacker(Mode::Simple);
    b.script("CREATE TEMP TABLE t (id int); INSERT INTO t VALUES (1)");
    let _ = b.attempt("ALTER TABLE t ADD COLUMN x text DEFAULT public.report()");
    let _ = b.attempt("SELECT x FROM t");
    let _ = b.attempt("SELECT public.report()");
}

#[test]
fn d53_a_trigger_needs_the_owner_of_the_table_even_in_a_race_of_names() {
    let db = Database::new(shared());
    db.keeper().script("GRANT ALL ON patients, open_patients TO app; CREATE VIEW v AS SELECT * FROM patients; GRANT ALL ON v TO app");
    let mut b = db.attacker(Mode::Simple);
    b.script("CREATE FUNCTION pg_temp.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'");
    for relation in ["patients", "open_patients"] {
        b.refused(
            &format!(
                "CREATE TRIGGER t BEFORE UPDATE ON {relation} FOR EACH ROW EXECUTE FUNCTION pg_temp.f()"
            ),
            "42501",
        );
    }
    b.refused("CREATE TRIGGER t INSTEAD OF UPDATE ON v FOR EACH ROW EXECUTE FUNCTION pg_temp.f()", "42501");
}

#[test]
fn e62_a_reference_needs_the_owner_of_the_table() {
    let db = Database::new(shared());
    db.keeper().script("GRANT REFERENCES ON patients TO app");
    db.admin().script("CREATE SCHEMA scratch AUTHORIZATION app");
    let mut b = db.attacker(Mode::Simple);
    b.refused("CREATE TABLE scratch.x (id bigint REFERENCES patients)", "42501");
    b.run("CREATE TABLE scratch.x (id bigint)");
    b.refused("ALTER TABLE scratch.x ADD FOREIGN KEY (id) REFERENCES patients NOT VALID", "42501");
}

#[test]
fn d54_a_table_that_has_lost_its_row_security_is_not_read() {
    let db = Database::new(shared());
    // As a race of names, or an incomplete restore, would leave it.
    db.admin().script(
        "UPDATE pg_class SET relforcerowsecurity = false WHERE oid = 'patients'::regclass;
         UPDATE pg_class SET relrowsecurity = false WHERE oid = 'visits'::regclass",
    );
    let mut b = db.attacker(Mode::Simple);
    b.refused("SELECT * FROM visits", "42501");
    b.script(
        "CREATE FUNCTION pg_temp.f() RETURNS SETOF visits LANGUAGE sql STABLE AS 'SELECT * FROM visits'",
    );
    b.refused("SELECT * FROM pg_temp.f()", "42501");
    b.refused("SELECT * FROM patients p JOIN pg_temp.f() v ON v.patient_id = p.id", "42501");
    db.keeper().refused("SELECT * FROM patients", "42501");
    assert_eq!(db.truth("SELECT count(*) FROM patients"), ["30"], "a superuser repairs it");
}

#[test]
fn d36_writable_in_a_query_is_not_assumed_to_hold() {
    let db = Database::new(shared());
    db.keeper().script("GRANT ALL ON open_patients TO app");
    let mut b = db.attacker(Mode::Simple);
    b.run("UPDATE open_patients SET ward = 'hit' WHERE watertight.writable(tenant_id)");
    let hit = "SELECT count(*) FROM open_patients WHERE ward = 'hit' AND tenant_id <> watertight.tenant_id()";
    assert_eq!(b.number(hit), 0);
}

#[test]
fn a14_a_member_of_watertight_admin_does_not_rise_through_pending_triggers() {
    let cluster = Cluster::start(&[]);
    let db = Database::new(&cluster);
    db.admin()
        .script("CREATE ROLE boss LOGIN IN ROLE watertight_admin; CREATE SCHEMA adm AUTHORIZATION boss");
    let mut boss = db.client("boss");
    boss.script(
        "CREATE TABLE adm.t (id int);
         CREATE FUNCTION adm.f() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN EXECUTE 'ALTER ROLE boss SUPERUSER'; RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER c AFTER INSERT ON adm.t DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION adm.f()",
    );
    boss.run("BEGIN");
    boss.run("INSERT INTO adm.t VALUES (1)");
    boss.refused("SELECT * FROM watertight.drop_tenant('hospital_a', 'hospital_a')", "42501");
    assert_eq!(db.truth("SELECT rolsuper FROM pg_roles WHERE rolname = 'boss'"), ["f"]);
}

#[test]
fn a14_an_owners_code_leaves_no_setting_behind() {
    let db = Database::new(shared());
    db.keeper().script(
        "CREATE TABLE bait (id int, tenant_id uuid); INSERT INTO bait VALUES (1);
         CREATE FUNCTION plant() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN EXECUTE 'SET search_path = evil, pg_catalog'; RETURN NEW; END $$;
         CREATE TRIGGER plant BEFORE UPDATE ON bait FOR EACH ROW EXECUTE FUNCTION plant()",
    );
    let mut admin = db.admin();
    let before = admin.one("SHOW search_path");
    let _ = admin.attempt("SELECT watertight.protect('bait', backfill => 'hospital_a')");
    assert_eq!(admin.one("SHOW search_path"), before);
}

#[test]
fn e78_the_creator_trigger_writes_into_text_columns() {
    let db = Database::new(shared());
    for kind in ["tsvector", "bigint", "text[]", "path"] {
        let mut b = db.attacker(Mode::Simple);
        b.script(&format!(
            "CREATE TEMP TABLE rc (id int, v {kind});
             CREATE TRIGGER t BEFORE INSERT ON rc FOR EACH ROW EXECUTE FUNCTION watertight.record_creator('v')"
        ));
        b.refused("INSERT INTO rc (id) VALUES (1)", "55000");
    }
    db.keeper().script(
        "CREATE TYPE citext AS (a text, b text); CREATE TABLE odd (id int, who citext, tenant_id uuid NOT NULL)",
    );
    db.keeper().refused("SELECT watertight.protect('odd', creator_column => 'who')", "42804");
}

#[test]
fn b26_a_token_in_a_failing_parallel_query_does_not_crash_the_server() {
    let db = Database::new(shared());
    db.keeper().script("CREATE TABLE big AS SELECT x FROM generate_series(1, 50000) AS x; GRANT SELECT ON big TO app; ANALYZE big");
    let mut b = db.attacker(Mode::Parallel);
    for setting in [
        "parallel_leader_participation = off",
        "parallel_setup_cost = 0",
        "parallel_tuple_cost = 0",
        "min_parallel_table_scan_size = 0",
    ] {
        b.run(&format!("SET {setting}"));
    }
    b.refused("SELECT /* eyJhbGciOiJIUzI1NiJ9.eyJ4IjoxfQ.abc */ sum(1 / (x - 42)) FROM big", "22012");
    assert_eq!(b.number("SELECT count(*) FROM patients"), 10);
}

#[test]
fn c27_a_held_cursor_that_is_declared_before_the_token_ends_with_an_error() {
    let db = Database::new(shared());
    db.keeper().script(
        "CREATE FUNCTION later() RETURNS SETOF text LANGUAGE plpgsql AS
            $$ BEGIN RETURN QUERY SELECT name FROM public.patients; END $$",
    );
    let mut session = db.app();
    session.run("BEGIN");
    session.run("DECLARE c CURSOR WITH HOLD FOR SELECT later()");
    session.refused(&format!("SET LOCAL watertight.token = '{}'", db.token(A)), "42501");
    session.run("ROLLBACK");
    let mut session = session.watched();
    session.set_token(&db.token(B));
    session.refused("FETCH ALL FROM c", "34000");
}

#[test]
fn b20_a_changed_claim_mapping_is_not_answered_from_memory() {
    let db = Database::new(shared());
    let mut session = db.app().with_token(&db.token(A));
    assert_eq!(session.number("SELECT count(*) FROM patients"), 20);
    db.admin().script("UPDATE watertight.issuers SET claims = '{\"tenant\": \"sub\"}'");
    session.refused("SELECT count(*) FROM patients", "28000");
}

#[test]
fn a_tenant_is_not_dropped_while_rows_of_it_remain() {
    let db = Database::new(shared());
    db.keeper().script(
        "CREATE TABLE keep (id int, tenant_id uuid); SELECT watertight.protect('keep'); GRANT ALL ON keep TO app;
         CREATE RULE r AS ON DELETE TO keep DO INSTEAD NOTHING",
    );
    db.a(Mode::Simple).run("INSERT INTO keep VALUES (1)");
    db.admin().refused("SELECT * FROM watertight.drop_tenant('hospital_a', 'hospital_a')", "55000");
    assert_eq!(db.truth("SELECT count(*) FROM patients"), ["30"]);
}
