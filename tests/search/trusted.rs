//! Operators that a superuser vouches for.

use watertight_tests::database::{B, blank};
use watertight_tests::{Database, Session};

use crate::cluster;

const TRUST: &str = "SELECT watertight.trust_operator('<@(cube,cube)', 'read in cube.c')";
const DISTRUST: &str = "SELECT watertight.distrust_operator('<@(cube,cube)')";

/// A table with an index that is answered by contrib/cube, which nobody has examined.
fn prepared() -> Database<'static> {
    let db = Database::without_tables(cluster());
    let mut admin = db.admin();
    admin.script("CREATE EXTENSION cube; GRANT ALL ON SCHEMA public TO keeper");
    db.keeper().script(
        "CREATE TABLE places (id bigint, tenant_id uuid, stored cube);
         SELECT watertight.protect('places');
         CREATE INDEX places_stored ON places USING gist (stored);
         GRANT ALL ON places TO app",
    );
    admin.script(&format!(
        "INSERT INTO places SELECT n, t, cube(n) FROM generate_series(1, 500) n, (VALUES ('{}'::uuid), ('{}')) v(t);
         ANALYZE places",
        db.a, db.b
    ));
    db
}

/// A statement that is kept: whether its plan uses the index, and that it finds B's two rows.
fn kept(b: &mut Session) -> bool {
    assert_eq!(b.run("EXECUTE kept").len(), 2);
    b.column("EXPLAIN (COSTS OFF) EXECUTE kept").iter().any(|line| line.contains("Index Cond: (stored"))
}

fn session(db: &Database<'static>) -> Session {
    let mut b = db.app().with_token(&db.token(B));
    b.script("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan");
    b.run("PREPARE kept AS SELECT id FROM places WHERE stored <@ '(7),(8)'::cube");
    b
}

#[test]
fn trust_and_distrust_reach_plans_kept_by_others() {
    let db = prepared();
    let mut b = session(&db);
    assert!(!kept(&mut b), "contrib/cube is examined now: take another one");
    let mut admin = db.admin();
    for _ in 0..2 {
        admin.run(TRUST);
        assert!(kept(&mut b), "trusted");
        assert!(kept(&mut session(&db)), "trusted, in a new session");
        admin.run(DISTRUST);
        assert!(!kept(&mut b), "distrusted");
        assert!(!kept(&mut session(&db)), "distrusted, in a new session");
    }
    assert_eq!(admin.one(DISTRUST), "f");
    // Not before it is committed, and never if it is not.
    admin.run("BEGIN");
    admin.run(TRUST);
    assert!(!kept(&mut b), "not committed");
    admin.run("ROLLBACK");
    assert!(!kept(&mut b), "rolled back");
    // However the row comes and goes.
    admin.run(TRUST);
    assert!(kept(&mut b));
    admin.run("TRUNCATE watertight.trusted_operators");
    assert!(!kept(&mut b), "emptied");
}

#[test]
fn a_trusted_symbol_is_trusted_in_its_library_only() {
    let db = prepared();
    let mut admin = db.admin();
    admin.run(TRUST);
    let row = "SELECT library || ' ' || symbol || ' ' || trusted_by FROM watertight.trusted_operators";
    assert_eq!(admin.column(row), ["cube cube_contained postgres"]);
    // The same name and body in a language that the attacker may use.
    db.app().script(
        "CREATE FUNCTION lab.cube_contained(cube, cube) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.0001 AS
             $$ BEGIN RAISE NOTICE 'told: %', $1; RETURN true; END $$;
         CREATE OPERATOR lab.<@ (LEFTARG = cube, RIGHTARG = cube, FUNCTION = lab.cube_contained, RESTRICT = contsel)",
    );
    let mut b = db.app().with_token(&db.token(B));
    for plan in ["SELECT 1", "SET enable_seqscan = off", "SET enable_indexscan = off"] {
        b.script(plan);
        b.notices();
        assert_eq!(b.run("SELECT id FROM places WHERE stored OPERATOR(lab.<@) '(7),(8)'::cube").len(), 500);
        assert_eq!(b.notices().len(), 500, "called with B's rows and no others, {plan}");
        b.run("SELECT id FROM places WHERE stored <@ '(7),(8)' AND stored OPERATOR(lab.<@) '(7),(8)'");
        assert_eq!(b.notices().len(), 2, "{plan}");
    }
}

#[test]
fn trust_in_what_can_be_replaced_is_refused() {
    let db = prepared();
    db.app().script(
        "CREATE FUNCTION lab.p(text, text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
         CREATE FUNCTION lab.s(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
         CREATE OPERATOR lab.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = lab.p);
         CREATE OPERATOR lab.<<< (LEFTARG = text, RIGHTARG = text, FUNCTION = lab.s)",
    );
    let mut admin = db.admin();
    for operator in ["lab.===(text,text)", "lab.<<<(text,text)"] {
        admin.refused(&format!("SELECT watertight.trust_operator('{operator}', 'x')"), "0A000");
    }
    for function in ["lab.p(text,text)", "lab.s(text,text)", "pg_catalog.textlike(text,text)", "now()"] {
        admin.refused(&format!("SELECT watertight.trust_function('{function}', 'x')"), "0A000");
    }
    admin.refused("SELECT watertight.trust_operator('<@(cube,cube)', '')", "22023");
    admin.refused("SELECT watertight.trust_operator('<@(cube,cube)', '  ')", "22023");
    admin.refused("SELECT watertight.trust_operator('<@(cube,cube)', NULL)", "22004|22023");
    admin.refused("SELECT watertight.trust_operator(NULL, 'x')", "22004|22023");
    assert_eq!(admin.number("SELECT count(*) FROM watertight.trusted_operators"), 0);
}

#[test]
fn only_superusers_trust() {
    let db = prepared();
    let mut admin = db.admin();
    let role = db.own_role("CREATEROLE CREATEDB");
    admin.script(&format!(
        "GRANT watertight_admin TO {role};
         GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA watertight TO {role};
         GRANT USAGE ON SCHEMA watertight TO {role}"
    ));
    for name in ["app", "keeper", role.as_str()] {
        let mut session = db.client(name);
        session.refused(TRUST, "42501");
        session.refused(DISTRUST, "42501");
        session.refused("SELECT watertight.trust_function('cube_contained(cube,cube)', 'x')", "42501");
        session.refused("SELECT watertight.distrust_function('cube_contained(cube,cube)')", "42501");
        for sql in [
            "INSERT INTO watertight.trusted_operators (library, symbol, function, reason) VALUES ('a', 'b', 'c', 'd')",
            "UPDATE watertight.trusted_operators SET reason = 'x'",
            "DELETE FROM watertight.trusted_operators",
            "TRUNCATE watertight.trusted_operators",
            "ALTER TABLE watertight.trusted_operators DISABLE TRIGGER ALL",
        ] {
            session.refused(sql, "42501");
        }
    }
    assert_eq!(admin.number("SELECT count(*) FROM watertight.trusted_operators"), 0);
}

#[test]
fn every_change_is_in_the_log() {
    let db = prepared();
    let mut admin = db.admin();
    let reason = format!("read for {}", db.name);
    admin.run(&format!("SELECT watertight.trust_operator('<@(cube,cube)', '{reason}')"));
    admin.run(DISTRUST);
    let log = db.cluster.log();
    let lines: Vec<_> = log.lines().filter(|line| line.contains(&reason) && line.contains("LOG:")).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("(cube_contained in cube) is trusted by \"postgres\""), "{lines:?}");
    assert!(lines[1].contains("is no longer trusted by \"postgres\""), "{lines:?}");
}

#[test]
fn a_dump_keeps_what_is_trusted() {
    let db = prepared();
    db.admin().run(TRUST);
    let dump = db.cluster.pg_dump(&db.name, "postgres", &[], "").output();
    let name = blank(db.cluster);
    db.cluster.psql(&name, "postgres", &dump).output();
    let kept =
        db.cluster.admin(&name).column("SELECT symbol || ': ' || reason FROM watertight.trusted_operators");
    assert_eq!(kept, ["cube_contained: read in cube.c"]);
    let mut b = db.cluster.session(&name, "app").with_token(&db.token(B));
    b.script("SET enable_seqscan = off");
    let plan =
        b.column("EXPLAIN (COSTS OFF) SELECT id FROM places WHERE stored <@ '(7),(8)'::cube").join("\n");
    assert!(plan.contains("Index Cond: (stored"), "{plan}");
    drop(b);
    db.cluster.admin("postgres").run(&format!("DROP DATABASE {name} WITH (FORCE)"));
}
