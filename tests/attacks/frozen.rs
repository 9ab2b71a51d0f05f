//! D46: rows of one tenant in a relation that row security does not reach.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_tests::database::A;
use watertight_tests::{COUNT, Database, Mode, for_each_protocol};

/// Functions whose bodies are strings: the catalogs do not say what they read.
const FUNCTIONS: &str = "
    CREATE FUNCTION names() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT name FROM public.patients';
    CREATE FUNCTION names_apart() RETURNS SETOF text LANGUAGE sql VOLATILE AS 'SELECT name FROM public.patients';
    CREATE FUNCTION names_plpgsql() RETURNS SETOF text LANGUAGE plpgsql STABLE AS
        $$ BEGIN RETURN QUERY SELECT name FROM public.patients; END $$;
    CREATE FUNCTION one_name() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS
        $$ BEGIN RETURN (SELECT max(name) FROM public.patients); END $$;
    CREATE FUNCTION count_name(bigint) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS
        $$ BEGIN RETURN (SELECT max(name) FROM public.patients WHERE $1 IS NOT NULL); END $$;
    CREATE FUNCTION caught() RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN
            BEGIN RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END;
            RETURN (SELECT max(name) FROM public.patients);
        END $$;
    CREATE VIEW through AS SELECT public.names() AS name";

const QUERIES: [&str; 8] = [
    "SELECT * FROM public.names()",
    "SELECT * FROM public.names_apart()",
    "SELECT * FROM public.names_plpgsql()",
    "SELECT public.one_name()",
    "SELECT public.caught()",
    "SELECT (SELECT public.one_name())",
    "SELECT * FROM public.through",
    // Parallel workers plan what the functions they run contain.
    "SELECT public.count_name(id) FROM public.open_patients",
];

#[test]
fn d46_a_materialised_view_is_not_filled_by_functions_either() {
    let db = Database::shared();
    db.keeper().script(FUNCTIONS);
    for mode in [Mode::Simple, Mode::Extended, Mode::Parallel] {
        let mut keeper = db.keeper().with_token(&db.token(A)).mode(mode);
        for query in QUERIES {
            // Whatever is kept of an earlier call does not help.
            keeper.leaks(query);
            keeper.refused(&format!("CREATE MATERIALIZED VIEW m AS {query}"), "0A000").hints();
            keeper.run(&format!("CREATE MATERIALIZED VIEW m AS {query} WITH NO DATA"));
            keeper.refused("REFRESH MATERIALIZED VIEW m", "0A000").hints();
            keeper.leaks(query);
            keeper.run("DROP MATERIALIZED VIEW m");
        }
    }
}

#[test]
fn d46_the_refusal_ends_with_its_statement() {
    let db = Database::shared();
    db.keeper().script(FUNCTIONS);
    let mut keeper = db.keeper().with_token(&db.token(A));
    keeper.run("CREATE MATERIALIZED VIEW harmless AS SELECT 1 AS n");
    keeper.run("CREATE UNIQUE INDEX ON harmless (n)");
    keeper.run("CREATE MATERIALIZED VIEW m AS SELECT public.one_name() WITH NO DATA");
    keeper.run("BEGIN");
    keeper.run("REFRESH MATERIALIZED VIEW harmless");
    assert_eq!(keeper.number(COUNT), 20, "after one that was filled");
    keeper.run("REFRESH MATERIALIZED VIEW CONCURRENTLY harmless");
    for deeper in ["", "SAVEPOINT deeper"] {
        keeper.run("SAVEPOINT s");
        if !deeper.is_empty() {
            keeper.run(deeper);
        }
        keeper.refused("REFRESH MATERIALIZED VIEW m", "0A000");
        keeper.run("ROLLBACK TO s");
        assert_eq!(keeper.number(COUNT), 20, "after one that was refused");
    }
    keeper.script(
        "DO $$ BEGIN
            BEGIN REFRESH MATERIALIZED VIEW m; EXCEPTION WHEN feature_not_supported THEN NULL; END;
            IF (SELECT count(*) FROM patients) <> 20 THEN RAISE 'hidden'; END IF;
        END $$",
    );
    keeper.refused("REFRESH MATERIALIZED VIEW m", "0A000");
    keeper.run("ROLLBACK");
    assert_eq!(keeper.number(COUNT), 20, "after the transaction");
}

/// EXPLAIN ANALYZE creates the relation, and event triggers do not hear of it.
#[test]
fn d46_explain_makes_no_relation_behind_the_event_triggers() {
    let db = Database::shared();
    db.keeper().script("CREATE SCHEMA clinic; SELECT watertight.protect_schema('clinic')");
    for_each_protocol(|mode| {
        let mut keeper = db.keeper().with_token(&db.token(A)).mode(mode);
        keeper.run("PREPARE p AS SELECT * FROM patients");
        for command in [
            "CREATE MATERIALIZED VIEW m AS SELECT * FROM patients",
            "CREATE TABLE clinic.t AS SELECT 1 AS id",
            "CREATE TABLE clinic.t AS EXECUTE p",
            "SELECT 1 AS id INTO clinic.t",
        ] {
            for explain in
                ["EXPLAIN ANALYZE", "EXPLAIN (COSTS OFF, ANALYZE, VERBOSE)", "EXPLAIN (ANALYZE true)"]
            {
                keeper.refused(&format!("{explain} {command}"), "0A000").hints();
            }
            keeper.refused(&format!("DO $x$ BEGIN EXECUTE 'EXPLAIN ANALYZE {command}'; END $x$"), "0A000");
            // The controls: nothing is made, nothing is run.
            keeper.run(&format!("EXPLAIN (ANALYZE false) {command}"));
        }
        keeper.run("EXPLAIN ANALYZE SELECT * FROM patients");
        keeper.run("EXPLAIN ANALYZE EXECUTE p");
        assert_eq!(db.truth("SELECT count(*) FROM pg_class WHERE relname IN ('m', 't')"), ["0"]);
    });
}
