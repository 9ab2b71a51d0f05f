//! Autovacuum makes statistics for everybody: it opens nothing, not even where every process has a context.

use watertight_tests::database::A;
use watertight_tests::{Database, Mode, eventually};

use crate::house::House;

const CANARY: &str = "KANARIENVOGEL-7d02aa";

/// The function looks a value up by itself, so nobody sees that the statistics are of opened values.
const TABLES: &str = "CREATE TABLE notes (id integer PRIMARY KEY, note watertight.encrypted_text);
    CREATE FUNCTION looks_up(integer) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN RETURN (SELECT note FROM public.notes WHERE id = $1); END $$;
    CREATE TABLE ids (id integer, other integer) WITH (autovacuum_analyze_threshold = 5, autovacuum_analyze_scale_factor = 0);
    CREATE STATISTICS looked_up ON (looks_up(id)), other FROM ids;
    GRANT ALL ON notes, ids TO app";
const KEPT: &str = "SELECT count(*) FROM pg_statistic_ext_data WHERE stxdexpr::text LIKE ";

#[test]
fn autovacuum_opens_nothing() {
    let (house, _) = House::with_file_and(&["autovacuum = on", "autovacuum_naptime = 1"]);
    let db = Database::without_tables(&house.cluster);
    db.keeper().script(TABLES);
    let mut app = db.a(Mode::Extended);
    app.run(&format!("INSERT INTO notes SELECT n, '{CANARY}' FROM generate_series(1, 50) AS n"));
    app.run("INSERT INTO ids SELECT n, n FROM generate_series(1, 50) AS n");
    let mut admin = db.admin();
    // It has no context: what it keeps are sealed forms.
    eventually("there are statistics", || admin.number(&format!("{KEPT}'%watertight:v1:%'")) == 1);
    assert_eq!(admin.number(&format!("{KEPT}'%{CANARY}%'")), 0);
    admin.run("ALTER TABLE ids SET (autovacuum_enabled = off)");
    admin.run("DELETE FROM pg_statistic_ext_data");

    // In single mode every process has one, and is told that it must not.
    house.set("default_tenant", A);
    house.set("mode", "single");
    house.reload();
    let mut anybody = db.app();
    eventually("single mode", || anybody.attempt("SELECT note FROM notes").is_ok());
    assert_eq!(anybody.one("SELECT note FROM notes LIMIT 1"), CANARY);
    admin.refused("ANALYZE ids", "0A000");
    admin.run("ALTER TABLE ids SET (autovacuum_enabled = on)");
    anybody.run("INSERT INTO ids SELECT n, n FROM generate_series(51, 100) AS n");
    eventually("autovacuum has tried", || {
        let log = house.cluster.log();
        log.lines().any(|line| line.contains("cannot open a value of type watertight.encrypted_text"))
            && log.contains("automatic analyze of table")
    });
    assert_eq!(admin.number(&format!("{KEPT}'%{CANARY}%'")), 0);
}

/// EXPLAIN ANALYZE fills the view as a SELECT would, in no security-restricted operation.
#[test]
fn no_explained_view_keeps_what_a_context_opens() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    db.keeper().script(TABLES);
    db.a(Mode::Extended).run(&format!("INSERT INTO notes VALUES (1, '{CANARY}')"));
    let mut admin = db.admin();
    admin.run("GRANT CREATE ON SCHEMA public TO app");
    let view = "CREATE MATERIALIZED VIEW kept AS SELECT note::text FROM notes";
    let mut app = db.a(Mode::Extended);
    app.refused(view, "0A000");
    app.refused(&format!("EXPLAIN ANALYZE {view}"), "0A000").hints();
    // Without a context there is nothing to be kept but sealed forms.
    db.app().run(&format!("EXPLAIN ANALYZE {view}"));
    assert_eq!(admin.number(&format!("SELECT count(*) FROM kept WHERE note LIKE '%{CANARY}%'")), 0);
    assert_eq!(admin.number("SELECT count(*) FROM kept"), 1);
}
