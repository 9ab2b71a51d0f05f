//! A14, continued: code of a table's owner that runs while somebody with more rights is at work on the table.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_tests::database::{A, B};
use watertight_tests::{Cluster, Database, Mode, Session, shared};

/// A function that records who it runs as and tries to become a superuser, in every way it can.
const TRAP: &str = "
    CREATE TABLE seen (who text, at text);
    CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.seen VALUES (current_user, TG_NAME);
        BEGIN EXECUTE 'ALTER ROLE keeper SUPERUSER'; EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN EXECUTE 'RESET ROLE'; EXECUTE 'ALTER ROLE keeper SUPERUSER'; EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN EXECUTE 'SET ROLE postgres'; EXECUTE 'ALTER ROLE keeper SUPERUSER'; EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN EXECUTE 'SET SESSION AUTHORIZATION DEFAULT'; EXECUTE 'ALTER ROLE keeper SUPERUSER';
            EXCEPTION WHEN OTHERS THEN NULL; END;
        RETURN coalesce(NEW, OLD);
    END $$;
    CREATE FUNCTION spring() RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.seen VALUES (current_user, 'expression');
        BEGIN EXECUTE 'ALTER ROLE keeper SUPERUSER'; EXCEPTION WHEN OTHERS THEN NULL; END;
    END $$;
    CREATE FUNCTION trap_value(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN PERFORM public.spring(); RETURN $1; END $$";

fn nobody_rose(db: &Database) {
    assert_eq!(
        db.truth("SELECT rolsuper FROM pg_roles WHERE rolname = 'keeper'"),
        ["f"],
        "keeper is a superuser now"
    );
    let others = db.truth("SELECT who || ' in ' || at FROM seen WHERE who <> 'keeper'");
    assert!(others.is_empty(), "the owner's code ran with other rights: {others:?}");
}

/// The two kinds of trigger: at the end of the statement, and at COMMIT, when nobody is the table's owner any more.
const KINDS: [(&str, &str); 2] = [("TRIGGER", ""), ("CONSTRAINT TRIGGER", "DEFERRABLE INITIALLY DEFERRED")];

#[test]
fn a14_triggers_do_not_run_when_a_tenant_is_dropped() {
    for (kind, when) in KINDS {
        // A cluster of its own: a role that has risen would disturb other tests.
        let cluster = Cluster::start(&[]);
        let db = Database::new(&cluster);
        db.keeper().script(&format!(
            "{TRAP}; CREATE {kind} trap AFTER DELETE ON patients {when} FOR EACH ROW EXECUTE FUNCTION trap();
             CREATE {kind} trap AFTER DELETE ON visits {when} FOR EACH ROW EXECUTE FUNCTION trap()"
        ));
        db.admin().run("SELECT watertight.drop_tenant('hospital_a', 'hospital_a')");
        nobody_rose(&db);
        assert_eq!(db.truth("SELECT count(*) FROM patients WHERE name LIKE 'CANARY%'"), ["0"]);
        assert_eq!(db.truth("SELECT count(*) FROM seen"), ["0"]);
    }
}

/// The owner of one table steals what is left of the tenant in another one's, while both are emptied.
#[test]
fn a14_no_code_of_an_owner_runs_in_the_context_of_a_tenant_that_is_dropped() {
    let db = Database::new(shared());
    db.admin().script("CREATE ROLE thief LOGIN; GRANT CREATE ON SCHEMA public TO thief");
    db.keeper().script("GRANT SELECT ON patients, visits TO thief");
    db.client("thief").script(
        "CREATE TABLE loot (who text, what text);
         CREATE FUNCTION steal() RETURNS text LANGUAGE plpgsql AS $$ DECLARE tenant text; BEGIN
             INSERT INTO public.loot SELECT watertight.tenant(), name FROM public.patients;
             RETURN 'stolen';
         EXCEPTION WHEN OTHERS THEN RETURN SQLERRM; END $$;
         CREATE FUNCTION stolen() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
             $$ BEGIN PERFORM public.steal(); RETURN true; END $$;
         CREATE FUNCTION steal_once() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN PERFORM public.steal(); RETURN NULL; END $$;
         CREATE TABLE bait (id int, tenant_id uuid, room uuid);
         SELECT watertight.protect('bait', compartment_column => 'room');
         CREATE INDEX ON bait (id) WHERE public.stolen();
         CREATE TRIGGER t BEFORE DELETE ON bait FOR EACH STATEMENT EXECUTE FUNCTION steal_once()",
    );
    db.admin().run("SELECT watertight.drop_tenant('hospital_a', 'hospital_a')");
    assert_eq!(db.truth("SELECT DISTINCT who FROM loot"), Vec::<String>::new());
    assert_eq!(db.truth("SELECT count(*) FROM bait"), ["0"]);
}

/// While rows are deleted no trigger of their table runs, but those of other people's tables do.
#[test]
fn a14_an_owner_does_not_escape_triggers_of_others_while_a_tenant_is_dropped() {
    let db = Database::new(shared());
    db.admin().script("CREATE ROLE writer LOGIN; GRANT CREATE ON SCHEMA public TO writer");
    db.keeper().script(
        "CREATE TABLE ledger (what text); GRANT SELECT, INSERT, UPDATE, DELETE ON ledger TO writer;
         INSERT INTO ledger VALUES ('kept');
         CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'never'; END $$;
         CREATE TRIGGER never BEFORE INSERT OR UPDATE OR DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION never()",
    );
    db.client("writer").script(
        "CREATE FUNCTION tamper() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
             BEGIN INSERT INTO public.ledger VALUES ('forged'); EXCEPTION WHEN raise_exception THEN NULL; END;
             BEGIN UPDATE public.ledger SET what = 'forged'; EXCEPTION WHEN raise_exception THEN NULL; END;
             BEGIN DELETE FROM public.ledger; EXCEPTION WHEN raise_exception THEN NULL; END;
             RETURN true; END $$;
         CREATE FUNCTION tampered() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
             $$ BEGIN PERFORM public.tamper(); RETURN true; END $$;
         CREATE TABLE lure (id int, tenant_id uuid);
         SELECT watertight.protect('lure');
         CREATE INDEX ON lure (id) WHERE public.tampered()",
    );
    db.admin().run("SELECT watertight.drop_tenant('hospital_a', 'hospital_a')");
    assert_eq!(db.truth("SELECT what FROM ledger"), ["kept"]);
}

/// PostgreSQL evaluates the predicates of indexes while it plans, with the rights of whoever plans.
#[test]
fn a14_predicates_of_indexes_do_not_rise_when_a_tenant_is_dropped() {
    let cluster = Cluster::start(&[]);
    let db = Database::new(&cluster);
    db.keeper().script(&format!(
        "{TRAP};
         CREATE FUNCTION sprung() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
             $$ BEGIN PERFORM public.spring(); RETURN true; END $$;
         CREATE TABLE bait (id int, tenant_id uuid, room uuid);
         SELECT watertight.protect('bait', compartment_column => 'room');
         CREATE INDEX ON bait (id) WHERE public.sprung();
         TRUNCATE seen"
    ));
    db.admin().run("SELECT watertight.drop_tenant('hospital_a', 'hospital_a')");
    nobody_rose(&db);
    assert_ne!(db.truth("SELECT count(*) FROM seen"), ["0"], "the control: it was evaluated");
}

#[test]
fn a14_triggers_do_not_rise_when_a_superuser_protects_the_table() {
    for (kind, when) in KINDS {
        let cluster = Cluster::start(&[]);
        let db = Database::new(&cluster);
        db.keeper().script(&format!(
            "{TRAP}; CREATE TABLE old (id bigint PRIMARY KEY, name text, tenant_id uuid);
             INSERT INTO old VALUES (1, 'one');
             CREATE INDEX ON old (trap_value(name));
             TRUNCATE seen;
             CREATE {kind} trap AFTER UPDATE OR INSERT ON old {when} FOR EACH ROW EXECUTE FUNCTION trap()"
        ));
        let done = db.admin().attempt(&format!("SELECT watertight.protect('old', backfill => '{A}')"));
        nobody_rose(&db);
        assert!(done.is_ok() || !when.is_empty(), "an ordinary trigger must not prevent it: {done:?}");
    }
}

#[test]
fn a14_the_owner_s_code_does_not_rise_when_an_admin_unprotects() {
    let cluster = Cluster::start(&[]);
    let db = Database::new(&cluster);
    db.keeper().script(&format!("{TRAP}; CREATE INDEX ON visits (trap_value(reason)); TRUNCATE seen"));
    db.admin().run("SELECT watertight.unprotect('visits')");
    nobody_rose(&db);
}

#[test]
fn a14_deferrable_foreign_keys_prevent_neither_dropping_nor_protecting() {
    let db = Database::without_tables(shared());
    // As object-relational mappers declare them.
    db.keeper().script(
        "CREATE TABLE people (id bigint PRIMARY KEY, guardian bigint REFERENCES people DEFERRABLE INITIALLY DEFERRED);
         CREATE TABLE notes (id bigint PRIMARY KEY, person bigint REFERENCES people DEFERRABLE INITIALLY DEFERRED);
         SELECT watertight.protect('people'); SELECT watertight.protect('notes');
         GRANT ALL ON people, notes TO app",
    );
    for (tenant, from) in [(A, 1), (B, 11)] {
        db.app().with_token(&db.token(tenant)).script(&format!(
            "INSERT INTO people SELECT n, {from} + 9 + {from} - n FROM generate_series({from}, {from} + 9) n;
             INSERT INTO notes SELECT n, n FROM generate_series({from}, {from} + 9) n"
        ));
    }
    db.admin().run("SELECT watertight.drop_tenant('hospital_a', 'hospital_a')");
    assert_eq!(db.truth("SELECT count(*) FROM people"), ["10"]);
    assert_eq!(db.truth("SELECT count(*) FROM notes"), ["10"]);
    db.keeper().script(
        "CREATE TABLE old (id bigint PRIMARY KEY, person bigint REFERENCES people DEFERRABLE INITIALLY DEFERRED);
         INSERT INTO old VALUES (1, 11); GRANT ALL ON old TO app",
    );
    db.admin().run("SELECT watertight.protect('old', backfill => 'hospital_b')");
    assert_eq!(db.attacker(Mode::Simple).number("SELECT count(*) FROM old"), 1);
}

#[test]
fn a14_only_the_owner_protects_a_table_and_only_with_an_admin_s_right_unprotects_it() {
    let db = Database::shared();
    let mut b = db.attacker(Mode::Simple);
    b.refused("SELECT watertight.protect('open_patients')", "42501");
    b.refused("SELECT watertight.unprotect('patients')", "42501");
    b.refused("SELECT watertight.protect('pg_catalog.pg_class')", "42501|42809|22023|55000");
    b.refused("SELECT watertight.protect_schema('public')", "42501");
    // The owner alone is not enough to take protection away.
    db.keeper().refused("SELECT watertight.unprotect('patients')", "42501");
    let role = db.own_role("");
    db.admin().script(&format!("GRANT watertight_admin TO {role}"));
    // Nor is the administrator who does not own the table.
    let mut other = db.client(&role);
    other.script("SET ROLE watertight_admin");
    other.refused("SELECT watertight.unprotect('patients')", "42501");
    assert_eq!(db.attacker(Mode::Simple).number("SELECT count(*) FROM patients"), 10);
}

/// A client's view of the database while A's token is in force in somebody else's code.
fn a_s_rows(session: &mut Session) -> i64 {
    session.number("SELECT count(*) FROM patients")
}

#[test]
fn a14_a_definer_function_cannot_change_the_caller_s_context_unnoticed() {
    let db = Database::shared();
    db.app().script(&format!(
        "CREATE FUNCTION lab.swap() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS
           $$ BEGIN PERFORM watertight.begin('{}'); END $$; GRANT USAGE ON SCHEMA lab TO keeper",
        db.token("hospital_b")
    ));
    let mut a = db.client("keeper").with_token(&db.token(A));
    a.run("BEGIN");
    assert_eq!(a_s_rows(&mut a), 20);
    // Whatever happens, what is written is written for the tenant that whoami shows.
    let _ = a.attempt("SELECT lab.swap()");
    let _ = a.attempt("ROLLBACK");
    assert_eq!(a_s_rows(&mut a), 20, "the context comes back with the transaction's end");
}
