//! Attacks on compartments that take more than one session, or time.

use std::time::Duration;

use watertight_tests::database::{A, B};
use watertight_tests::{Cluster, eventually, literal};

use crate::house::{CONF, enter, furnish, login_ephemeral, nothing_is_left};

const SPY: &str = "
    CREATE TABLE spoils (what text);
    CREATE FUNCTION keep(what text) RETURNS void LANGUAGE sql AS 'INSERT INTO public.spoils VALUES (what)';
    CREATE FUNCTION spy(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
    DECLARE place text; body text;
    BEGIN
        PERFORM public.keep('looked');
        FOR place IN SELECT nspname FROM pg_namespace WHERE nspname LIKE 'wt\\_%' LOOP
            EXECUTE format('SELECT min(body) FROM %I.notes', place) INTO body;
            PERFORM public.keep(body);
        END LOOP;
        RETURN 1;
    END $$;
    CREATE TABLE bait (n int);
    CREATE INDEX ON bait ((spy(n)));
    TRUNCATE spoils;
    INSERT INTO bait SELECT generate_series(1, 100);";

/// Autovacuum evaluates expressions of indexes. They are anybody's, and it belongs to no compartment.
#[test]
fn autovacuum_lets_nobody_in() {
    let quick = ["autovacuum_naptime = 1", "autovacuum_analyze_threshold = 1"];
    let cluster = Cluster::start(&[CONF, &quick].concat());
    let db = furnish(&cluster);
    db.admin().run("GRANT CREATE ON SCHEMA public TO app");

    let mut victim = db.app();
    let login = format!(
        "SELECT watertight.login({}, ephemeral => true, template => 'workspace')",
        literal(&db.token(B))
    );
    let token = victim.one(&login);
    enter(&mut victim, &token);
    victim.run("INSERT INTO notes (body) VALUES ('secret')");

    // What lies in the table's own compartment serves it there, too.
    let mut owner = db.app();
    enter(&mut owner, &db.token(A));
    owner.run("SELECT watertight.create_compartment('own', template => 'workspace')");
    let token = owner.one(&format!("SELECT watertight.login({}, 'own')", literal(&db.token(A))));
    enter(&mut owner, &token);
    owner.script(
        "CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
         CREATE TABLE counted (n int);
         CREATE INDEX ON counted (twice(n));
         INSERT INTO counted SELECT generate_series(1, 100)",
    );

    db.app().script(SPY);
    let analyzed = "SELECT count(*) FROM pg_stat_all_tables WHERE relname IN ('bait', 'counted') AND last_autoanalyze IS NOT NULL";
    eventually("autovacuum has analyzed both", || db.admin().number(analyzed) == 2);
    eventually("the spy has run", || db.admin().number("SELECT count(*) FROM spoils") > 0);
    assert_eq!(db.admin().column("SELECT DISTINCT what FROM spoils"), ["looked"]);
}

/// An open transaction that refers to the compartment's row, as one that has made a large object does, keeps nothing alive.
#[test]
fn an_idle_transaction_keeps_no_compartment() {
    let cluster = Cluster::start(CONF);
    let db = furnish(&cluster);
    let mut session = db.app();
    let token = login_ephemeral(&db, &mut session, ", idle_timeout => '1 second'");
    enter(&mut session, &token);
    session.run("INSERT INTO notes (body) VALUES ('WAL-kept')");
    session.run("BEGIN");
    session.run("SELECT lo_create(0)");
    std::thread::sleep(Duration::from_secs(1));
    nothing_is_left(&db, "WAL-kept");
}

/// Near the limit logins take turns; the tenant can be suspended meanwhile.
#[test]
fn a_login_keeps_nobody_from_suspending_the_tenant() {
    let cluster = Cluster::start(&[CONF, &["watertight.max_ephemeral_compartments = 2"]].concat());
    let db = furnish(&cluster);
    let mut session = db.app();
    session.run("BEGIN");
    login_ephemeral(&db, &mut session, "");
    let mut admin = db.admin();
    admin.run("SET lock_timeout = '5s'");
    admin.run(&format!("SELECT watertight.suspend_tenant({})", literal(A)));
}
