//! D50 to D52: plans that are kept, parallel or computed too early.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_tests::database::{A, B};
use watertight_tests::{COUNT, Database, Mode, Session, for_each_protocol, for_each_wall};

/// A larger table, partitioned, so that parallel plans are real ones.
fn readings(db: &Database) {
    db.keeper().script(
        "CREATE TABLE readings (id bigint, sensor int, note text, tenant_id uuid) PARTITION BY HASH (id);
         CREATE TABLE readings_0 PARTITION OF readings FOR VALUES WITH (modulus 2, remainder 0);
         CREATE TABLE readings_1 PARTITION OF readings FOR VALUES WITH (modulus 2, remainder 1);
         SELECT watertight.protect('readings');
         CREATE INDEX ON readings (sensor);
         GRANT SELECT, INSERT ON readings TO app",
    );
    for (tenant, note, from) in [(A, "CANARY-A-reading", 0), (B, "b-reading", 100_000)] {
        let rows =
            format!("SELECT n, n % 7, '{note}-' || n FROM generate_series({from} + 1, {from} + 20000) n");
        db.app()
            .with_token(&db.token(tenant))
            .run(&format!("INSERT INTO readings (id, sensor, note) {rows}"));
    }
    db.admin().run("ANALYZE readings");
}

fn parallel(session: &mut Session) {
    session.script(
        "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
         SET min_parallel_index_scan_size = 0; SET max_parallel_workers_per_gather = 2;
         SET enable_partitionwise_join = on; SET enable_partitionwise_aggregate = on",
    );
}

#[test]
fn d50_parallel_plans_give_what_serial_ones_give() {
    for_each_wall(|db| {
        readings(db);
        let queries = [
            "SELECT count(*), min(note), max(note) FROM readings",
            "SELECT count(*), min(note) FROM readings WHERE sensor = 3",
            "SELECT count(*), max(r.note) FROM readings r JOIN readings s USING (id)",
            "SELECT sensor, count(*), min(note) FROM readings GROUP BY sensor ORDER BY sensor",
            "SELECT count(*) FROM readings WHERE id IN (SELECT id FROM readings WHERE sensor < 3)",
        ];
        for shape in [
            "",
            "SET enable_seqscan = off",
            "SET enable_hashjoin = off; SET enable_indexscan = off",
            "SET parallel_leader_participation = off",
        ] {
            let mut serial = db.attacker(Mode::Extended);
            serial.script("SET max_parallel_workers_per_gather = 0");
            let mut b = db.attacker(Mode::Extended);
            parallel(&mut b);
            b.script(shape);
            for sql in queries {
                assert_eq!(b.run(sql), serial.run(sql), "{sql}");
            }
            assert_eq!(b.number("SELECT count(*) FROM readings"), 20_000);
        }
        let mut b = db.attacker(Mode::Simple);
        parallel(&mut b);
        let plan =
            b.column("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT count(*) FROM readings").join("\n");
        assert!(
            plan.contains("Workers Launched: ") && !plan.contains("Workers Launched: 0"),
            "the control: {plan}"
        );
        let mut a = db.a(Mode::Extended);
        parallel(&mut a);
        a.leaks("SELECT max(note) FROM readings");
    });
}

#[test]
fn d50_a_worker_has_the_leader_s_context_and_no_other() {
    for_each_wall(|db| {
        readings(db);
        for mode in [Mode::Parallel, Mode::Extended] {
            let mut b = db.attacker(mode);
            parallel(&mut b);
            let check = |b: &mut Session, n| assert_eq!(b.number("SELECT count(*) FROM readings"), n);
            check(&mut b, 20_000);
            b.run("BEGIN");
            b.run(&format!("SET LOCAL watertight.token = '{}'", db.token(A)));
            check(&mut b, 20_000);
            assert_eq!(b.one("SELECT min(tenant_id::text) FROM readings"), db.a, "the control");
            b.run("COMMIT");
            assert_eq!(b.one("SELECT min(tenant_id::text) FROM readings"), db.b);
            b.run("RESET watertight.token");
            b.refused("SELECT count(*) FROM readings", "28000");
            b.refused("SELECT max(note) FROM readings", "28000");
        }
    });
}

#[test]
fn d51_a_generic_plan_serves_each_tenant_its_own_rows() {
    for_each_wall(|db| {
        for query in [
            "SELECT * FROM patients WHERE id > $1",
            "SELECT * FROM patients WHERE id > $1 ORDER BY tenant_id, id LIMIT 100",
            "SELECT p.* FROM patients p JOIN visits v ON v.patient_id = p.id WHERE p.id > $1",
            "SELECT x.* FROM (SELECT * FROM patients WHERE tenant_id = watertight.tenant_id()) x WHERE id > $1",
        ] {
            let mut session = db.app();
            session.set_token(&db.token(A));
            let statement = session.prepare(query);
            for round in 0..30 {
                let (tenant, rows, canary) = if round / 7 % 2 == 0 { (A, 20, true) } else { (B, 10, false) };
                session.set_token(&db.token(tenant));
                let found = session.execute(&statement, &[&0_i64]).unwrap();
                assert_eq!(found.len(), rows, "round {round}: {query}");
                assert_eq!(format!("{found:?}").contains("CANARY"), canary, "round {round}: {query}");
            }
            session.run("RESET watertight.token");
            session.execute(&statement, &[&0_i64]).unwrap_err().is("28000");
        }
    });
}

#[test]
fn d51_plans_inside_functions_follow_the_tenant() {
    for_each_wall(|db| {
        db.keeper().script(
        "CREATE FUNCTION names_sql() RETURNS SETOF text STABLE LANGUAGE sql AS 'SELECT name FROM patients';
         CREATE FUNCTION names_std() RETURNS SETOF text STABLE LANGUAGE sql BEGIN ATOMIC SELECT name FROM patients; END;
         CREATE FUNCTION names_pl() RETURNS SETOF text LANGUAGE plpgsql AS
             'BEGIN RETURN QUERY SELECT name FROM patients; END';
         CREATE FUNCTION mine() RETURNS text STABLE LANGUAGE sql AS 'SELECT watertight.tenant()'",
    );
        for_each_protocol(|mode| {
            let mut session = db.app().mode(mode);
            for round in 0..24 {
                let (tenant, rows) = if round / 7 % 2 == 0 { (A, 20) } else { (B, 10) };
                session.set_token(&db.token(tenant));
                for function in ["names_sql", "names_std", "names_pl"] {
                    let found = session.run(&format!("SELECT * FROM {function}()"));
                    assert_eq!(found.len(), rows, "round {round}: {function}");
                    assert_eq!(format!("{found:?}").contains("CANARY"), tenant == A);
                }
                assert_eq!(session.one("SELECT mine()"), tenant);
            }
        });
    });
}

#[test]
fn d51_a_plan_made_by_a_role_without_row_security_is_made_anew() {
    for_each_wall(|db| {
        let member = db.own_role("");
        db.admin().script(&format!("GRANT SELECT ON patients TO {member}"));
        let mut session = db.admin();
        session.run("PREPARE p AS SELECT * FROM patients");
        for _ in 0..7 {
            session.run("EXECUTE p");
        }
        session.run(&format!("SET ROLE {member}"));
        session.set_token(&db.token(B));
        let mut session = session.watched();
        assert_eq!(session.run("EXECUTE p").len(), 10);
        session.run("RESET watertight.token");
        session.refused("EXECUTE p", "28000");
    });
}

#[test]
fn d51_protection_added_later_reaches_plans_already_made() {
    // (Rows without a tenant cannot be protected, so among tenants only.)
    let db = Database::shared();
    let mut b = db.attacker(Mode::Simple);
    b.leaks("SELECT * FROM open_patients");
    let mut b = db.app().with_token(&db.token(B));
    b.run("PREPARE p AS SELECT * FROM open_patients");
    for _ in 0..7 {
        assert_eq!(b.run("EXECUTE p").len(), 30, "the control");
    }
    db.keeper().run("SELECT watertight.protect('open_patients')");
    let mut b = b.watched();
    assert_eq!(b.run("EXECUTE p").len(), 10);
}

#[test]
fn d52_what_depends_on_the_session_is_never_immutable() {
    for_each_wall(|db| {
        let functions = db.truth(
            "SELECT p.oid::regprocedure::text FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname LIKE 'watertight%'
        AND p.provolatile = 'i' AND p.prorettype <> 'internal'::regtype
        -- They depend on their arguments alone.
        AND p.proname NOT IN ('bounded', 'compartment_schema', 'key_id')
        -- Two sealed values, by what stands in them.
        AND NOT (p.proname LIKE 'searchable%' AND p.proargtypes[0]::regtype::text = 'watertight.searchable_text'
                 AND p.proargtypes[1]::regtype::text IS DISTINCT FROM 'text')",
        );
        assert!(functions.is_empty(), "immutable: {functions:?}");
        let mut keeper = db.keeper();
        for call in [
            "watertight.tenant_id()::text",
            "watertight.tenant()",
            "watertight.user_id()",
            "watertight.visible(tenant_id)::text",
            "watertight.writable(tenant_id)::text",
            "watertight.claims()::text",
        ] {
            keeper.refused(&format!("CREATE INDEX ON patients (({call}))"), "42P17");
            keeper.refused(&format!("CREATE INDEX ON patients (id) WHERE ({call}) = 'x'"), "42P17");
            let generated =
                format!("ALTER TABLE patients ADD COLUMN g text GENERATED ALWAYS AS ({call}) STORED");
            keeper.refused(&generated, "42P17");
            let partition = format!("CREATE TABLE bad (tenant_id uuid) PARTITION BY LIST (({call}))");
            keeper.refused(&partition, "42P17");
        }
        // Nothing of the context is folded into a plan.
        let mut a = db.a(Mode::Simple);
        let plan = a.column(&format!("EXPLAIN (VERBOSE) {COUNT}")).join("\n");
        assert!(!plan.contains(&db.a) && plan.contains("tenant_id()"), "{plan}");
    });
}
