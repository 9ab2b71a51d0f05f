//! D: every way to read a protected table.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_tests::database::A;
use watertight_tests::{COUNT, Mode, for_each_path, for_each_protocol, for_each_wall};

/// Each returns one row per visible patient, with the name in it; `@` is the table.
const READS: &[&str] = &[
    "SELECT * FROM @",
    "TABLE @",
    "SELECT name FROM @ WHERE true OR id > 0",
    "SELECT p.name FROM @ p JOIN @ q USING (id)",
    "SELECT p.name FROM @ p LEFT JOIN visits v ON v.patient_id = p.id",
    "SELECT q.name FROM (VALUES (1)) v(n) CROSS JOIN @ q",
    "SELECT name FROM @ p WHERE EXISTS (SELECT FROM @ q WHERE q.id = p.id)",
    "SELECT name FROM @ WHERE id IN (SELECT id FROM @)",
    "SELECT (SELECT name FROM @ q WHERE q.id = p.id) FROM @ p",
    "SELECT x.name FROM @ p, LATERAL (SELECT name FROM @ q WHERE q.id = p.id) x",
    "WITH c AS (SELECT * FROM @) SELECT * FROM c",
    "WITH c AS MATERIALIZED (SELECT * FROM @) SELECT * FROM c",
    "WITH c AS NOT MATERIALIZED (SELECT * FROM @) SELECT * FROM c",
    "WITH RECURSIVE r AS (SELECT id, name FROM @ UNION SELECT r.id, r.name FROM r JOIN @ USING (id)) TABLE r",
    "SELECT name FROM @ UNION SELECT name FROM @",
    "SELECT name FROM @ INTERSECT SELECT name FROM @",
    "SELECT name FROM @ EXCEPT SELECT '' ORDER BY 1",
    "SELECT first_value(name) OVER (PARTITION BY id), name FROM @",
    "SELECT name, count(*) FROM @ GROUP BY GROUPING SETS ((name))",
    "SELECT DISTINCT ON (id) name FROM @ ORDER BY id",
    "SELECT unnest(array_agg(name)) FROM @",
    "SELECT * FROM @ TABLESAMPLE BERNOULLI (100)",
    "SELECT * FROM @ TABLESAMPLE SYSTEM (100)",
    "SELECT ctid, xmin, tableoid, * FROM @ WHERE ctid >= '(0,0)'",
    "SELECT * FROM @ WHERE ctid = ANY (ARRAY(SELECT format('(%s,%s)', b, n)::tid
        FROM generate_series(0, 3) b, generate_series(1, 200) n))",
    "SELECT p FROM @ p",
    "SELECT (p.*)::text FROM @ p",
    "SELECT row_to_json(p) FROM @ p",
    "SELECT name FROM @ ORDER BY id LIMIT 100 OFFSET 0",
    "SELECT * FROM @ FOR UPDATE",
    "SELECT * FROM @ FOR KEY SHARE SKIP LOCKED",
    "SELECT name FROM ONLY @",
    "SELECT name FROM @ WHERE tenant_id IS NOT NULL OR tenant_id IS NULL",
    "SELECT name FROM @ WHERE name LIKE '%' OR name ~ '.*'",
    "SELECT name FROM @ WHERE id BETWEEN 1 AND 1000",
    "SELECT name FROM @ WHERE email >= ''",
];

#[test]
fn d34_no_form_of_select_reads_another_tenant() {
    for_each_wall(|db| {
        for_each_path(|mode| {
            let (mut a, mut b) = (db.a(mode), db.attacker(mode));
            let mut keeper = db.attacker_as("keeper", mode);
            for read in READS {
                let sql = read.replace('@', "patients");
                a.leaks(&sql);
                assert_eq!(b.run(&sql).len(), 10, "{sql}");
                assert_eq!(keeper.run(&sql).len(), 10, "as the owner: {sql}");
                b.leaks(&read.replace('@', "open_patients"));
            }
        });
    });
}

#[test]
fn d34_without_a_context_every_form_of_select_fails() {
    for_each_wall(|db| {
        for_each_path(|mode| {
            for role in ["app", "keeper"] {
                let mut nobody = db.client(role).mode(mode).watched();
                for read in READS {
                    nobody.refused(&read.replace('@', "patients"), "28000");
                }
            }
        });
    });
}

#[test]
fn d34_aggregates_count_only_what_is_visible() {
    for_each_wall(|db| {
        for_each_path(|mode| {
            let mut b = db.attacker(mode);
            assert_eq!(b.one("SELECT min(id)::text || ' ' || max(id) FROM patients"), "101 110");
            assert_eq!(b.number("SELECT count(DISTINCT tenant_id) FROM patients"), 1);
            assert_eq!(b.number("SELECT count(*) FILTER (WHERE id < 100) FROM patients"), 0);
            assert_eq!(
                b.number("SELECT count(*) FROM patients WHERE tenant_id <> watertight.tenant_id()"),
                0
            );
            assert_eq!(b.number("SELECT count(*) FROM patients p JOIN visits v ON v.patient_id <> p.id"), 90);
            assert_eq!(b.number(&format!("SELECT count(*) FROM patients WHERE tenant_id = '{}'", db.a)), 0);
            assert_eq!(b.number("SELECT count(*) FROM patients WHERE id = 1"), 0);
        });
    });
}

#[test]
fn d40_locking_clauses_are_no_lock_oracle() {
    for_each_wall(|db| {
        let mut a = db.a(Mode::Simple);
        a.run("BEGIN");
        a.run("SELECT * FROM patients WHERE id = 1 FOR UPDATE");
        for_each_protocol(|mode| {
            let mut b = db.attacker(mode);
            b.run("SET lock_timeout = '2s'");
            for lock in
                ["FOR UPDATE", "FOR NO KEY UPDATE NOWAIT", "FOR SHARE SKIP LOCKED", "FOR KEY SHARE NOWAIT"]
            {
                assert_eq!(b.run(&format!("SELECT * FROM patients WHERE id = 1 {lock}")).len(), 0, "{lock}");
            }
            assert_eq!(b.run("UPDATE patients SET age = 1 WHERE id = 1 RETURNING id").len(), 0);
            // The control: on the same row, its owner waits.
            let mut other = db.a(mode);
            other.refused("SELECT * FROM patients WHERE id = 1 FOR UPDATE NOWAIT", "55P03");
        });
    });
}

#[test]
fn d41_copy_gives_and_takes_only_own_rows() {
    for_each_wall(|db| {
        for role in ["app", "keeper"] {
            let mut b = db.attacker_as(role, Mode::Simple);
            assert_eq!(b.copy_out("COPY patients TO STDOUT").unwrap().lines().count(), 10);
            assert_eq!(
                b.copy_out("COPY patients (name) TO STDOUT (FORMAT csv)").unwrap().lines().count(),
                10
            );
            assert_eq!(b.copy_out("COPY (SELECT * FROM patients) TO STDOUT").unwrap().lines().count(), 10);
            assert_eq!(
                b.copy_out("COPY (TABLE patients) TO STDOUT (FORMAT csv)").unwrap().lines().count(),
                10
            );
            b.refused("COPY patients TO '/tmp/watertight-stolen'", "42501");
            b.refused("COPY patients TO PROGRAM 'cat'", "42501");
            b.refused("COPY patients FROM '/etc/passwd'", "42501");
            let line = format!("900\tforged\tx@x\tw\t1\t{}\n", db.a);
            b.copy_in("COPY patients (id, name, email, ward, age, tenant_id) FROM STDIN", &line)
                .unwrap_err()
                .is("0A000|42501");
            let mut nobody = db.client(role).watched();
            nobody.copy_out("COPY patients TO STDOUT").unwrap_err().is("28000");
        }
        assert_eq!(db.truth("SELECT count(*) FROM patients"), ["30"]);
        assert!(
            db.a(Mode::Simple).copy_out("COPY patients TO STDOUT").unwrap().contains("CANARY"),
            "the control"
        );
    });
}

#[test]
fn d45_views_show_only_own_rows() {
    for_each_wall(|db| {
        db.keeper().script(
            "CREATE VIEW plain AS SELECT * FROM patients;
         CREATE VIEW barrier WITH (security_barrier) AS SELECT * FROM patients;
         CREATE VIEW invoker WITH (security_invoker) AS SELECT * FROM patients;
         CREATE VIEW checked AS SELECT * FROM patients WHERE age < 1000 WITH CASCADED CHECK OPTION;
         CREATE VIEW nested AS SELECT * FROM plain;
         CREATE VIEW ruled AS SELECT * FROM patients;
         CREATE RULE r AS ON INSERT TO ruled DO INSTEAD INSERT INTO patients (id, name, tenant_id)
             VALUES (NEW.id, NEW.name, NEW.tenant_id);
         GRANT ALL ON plain, barrier, invoker, checked, nested, ruled TO app",
        );
        for_each_path(|mode| {
            let (mut a, mut b) = (db.a(mode), db.attacker(mode));
            for view in ["plain", "barrier", "invoker", "checked", "nested", "ruled"] {
                a.leaks(&format!("SELECT * FROM {view}"));
                assert_eq!(b.run(&format!("SELECT * FROM {view}")).len(), 10, "{view}");
                let forged =
                    format!("INSERT INTO {view} (id, name, tenant_id) VALUES (900, 'forged', '{}')", db.a);
                b.refused(&forged, "42501");
                if view != "ruled" {
                    let own = format!("UPDATE {view} SET tenant_id = '{}' WHERE id = 101", db.a);
                    b.refused(&own, "42501|44000");
                    assert_eq!(
                        b.run(&format!("UPDATE {view} SET age = 5 WHERE id = 1 RETURNING id")).len(),
                        0
                    );
                    assert_eq!(b.run(&format!("DELETE FROM {view} WHERE id = 1 RETURNING id")).len(), 0);
                }
                db.app().watched().refused(&format!("SELECT * FROM {view}"), "28000");
            }
        });
    });
}

#[test]
fn d46_what_a_client_copies_is_only_its_own() {
    for_each_wall(|db| {
        for_each_protocol(|mode| {
            let mut b = db.attacker(mode);
            b.run("CREATE TABLE lab.loot AS SELECT * FROM patients");
            b.run("SELECT * INTO lab.loot2 FROM patients");
            b.run("CREATE TABLE lab.like_it (LIKE public.patients INCLUDING ALL)");
            for table in ["lab.loot", "lab.loot2"] {
                assert_eq!(b.number(&format!("SELECT count(*) FROM {table}")), 10);
            }
            b.run("DROP TABLE lab.loot, lab.loot2, lab.like_it");
            b.attempt("CREATE TABLE lab.child () INHERITS (public.patients)")
                .expect_err("a stranger adds a child");
        });
    });
}

#[test]
fn d46_a_materialised_view_of_a_protected_table_is_refused() {
    for_each_wall(|db| {
        db.keeper().run("CREATE VIEW seen AS SELECT name FROM patients");
        db.admin().run("GRANT SELECT ON seen TO app");
        for role in ["app", "keeper", "postgres"] {
            let mut session = db.client(role).with_token(&db.token(A));
            let schema = if role == "app" { "lab" } else { "public" };
            for query in
                ["SELECT * FROM patients", "SELECT name FROM seen", "SELECT (SELECT max(name) FROM patients)"]
            {
                let made = session.attempt(&format!("CREATE MATERIALIZED VIEW {schema}.m AS {query}"));
                made.expect_err("a materialised view keeps one tenant's rows for all")
                    .is("0A000|42501|55000|42809");
            }
            session
                .attempt(&format!(
                    "CREATE MATERIALIZED VIEW {schema}.m AS SELECT * FROM patients WITH NO DATA"
                ))
                .expect_err("a materialised view keeps one tenant's rows for all");
            // The control: an unprotected one.
            session.run(&format!("CREATE MATERIALIZED VIEW {schema}.m AS SELECT * FROM open_patients"));
            session.run(&format!("DROP MATERIALIZED VIEW {schema}.m"));
        }
    });
}

#[test]
fn d47_definer_functions_of_the_owner_see_only_the_caller_s_tenant() {
    for_each_wall(|db| {
        db.keeper().script(
        "CREATE FUNCTION all_names() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS 'SELECT name FROM patients';
         CREATE FUNCTION all_names2() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS
             'BEGIN RETURN QUERY EXECUTE ''SELECT name FROM patients''; END';
         CREATE FUNCTION all_names3() RETURNS SETOF text STABLE LANGUAGE sql AS 'SELECT name FROM patients'",
    );
        for_each_path(|mode| {
            let (mut a, mut b) = (db.a(mode), db.attacker(mode));
            for function in ["all_names", "all_names2", "all_names3"] {
                let sql = format!("SELECT * FROM {function}()");
                a.leaks(&sql);
                assert_eq!(b.run(&sql).len(), 10, "{function}");
                db.app().watched().refused(&sql, "28000");
            }
        });
    });
}

#[test]
fn d48_a_loop_back_connection_has_no_context() {
    for_each_wall(|db| {
        let (host, port) = (db.cluster.socket().display(), db.cluster.port());
        db.admin().script(&format!(
        "CREATE EXTENSION postgres_fdw;
         CREATE SERVER back FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{host}', port '{port}', dbname '{}');
         CREATE USER MAPPING FOR app SERVER back OPTIONS (user 'app', password_required 'false');
         CREATE FOREIGN TABLE back_patients (id bigint, name text) SERVER back
             OPTIONS (schema_name 'public', table_name 'patients');
         CREATE FOREIGN TABLE back_open (id bigint, name text) SERVER back
             OPTIONS (schema_name 'public', table_name 'open_patients');
         GRANT SELECT ON back_patients, back_open TO app",
        db.name
    ));
        for_each_protocol(|mode| {
            let mut b = db.attacker(mode);
            b.leaks("SELECT * FROM back_open");
            b.refused("SELECT * FROM back_patients", "28000");
            // A has a context here, but not there.
            db.a(mode).refused("SELECT * FROM back_patients", "28000");
            assert_eq!(b.number(COUNT), 10);
        });
    });
}
