//! What nobody has examined stays behind the tenant's predicate, whatever stands beside it and whatever plan is forced.
//!
//! Here B attacks: its functions tell what they are called with, and nothing of A may be told. Every attack is first
//! made on an unprotected table with the same rows, where it must succeed.

use watertight_tests::database::{A, B};
use watertight_tests::{Database, Mode, Session, for_each_path};

use crate::cluster;

/// Examined and other conditions have indexes; `NOTES` is the table.
const TABLE: &str = "
    CREATE TABLE NOTES (id bigint, tenant_id uuid, name text, body text, doc tsvector, tags text[], amount numeric,
        data jsonb, place point, during int4range, fixed character(40), twin text);
    CREATE INDEX ON NOTES USING gin (doc);
    CREATE INDEX ON NOTES USING gin (tags);
    CREATE INDEX ON NOTES USING gin (data);
    CREATE INDEX ON NOTES USING gin (name gin_trgm_ops);
    CREATE INDEX ON NOTES USING gist (place);
    CREATE INDEX ON NOTES USING gist (during);
    CREATE INDEX ON NOTES (amount);
    CREATE INDEX ON NOTES (name text_pattern_ops);
    CREATE INDEX ON NOTES (lower(name));
    CREATE INDEX ON NOTES (id);
    CREATE INDEX ON NOTES (fixed);
    GRANT ALL ON NOTES TO app";

/// Rows that every examined condition of the attacks finds, with a canary in A's.
fn rows(table: &str, tenant: &str, says: &str, from: i32) -> String {
    format!(
        "INSERT INTO {table}
         SELECT n, '{tenant}', '{says}-' || n, '({says}-' || n, to_tsvector('simple', 'zebra x' || n),
             ARRAY['zebra', '{says}'], 7, jsonb_build_object('zebra', '{says}'), point(1, 1), int4range(1, 9),
             '{says}-' || n, '{says}-' || n
         FROM generate_series({from}, {from} + 59) AS n"
    )
}

fn prepared() -> Database<'static> {
    let db = Database::without_tables(cluster());
    let mut admin = db.admin();
    admin.script("CREATE EXTENSION pg_trgm; GRANT ALL ON SCHEMA public TO keeper");
    let mut keeper = db.keeper();
    keeper.script(&TABLE.replace("NOTES", "notes"));
    keeper.script(&TABLE.replace("NOTES", "open_notes"));
    // What B may see, for what B's own rows cause.
    keeper.script(&TABLE.replace("NOTES", "own_notes"));
    keeper.script("SELECT watertight.protect('notes')");
    for table in ["notes", "open_notes", "own_notes"] {
        if table != "own_notes" {
            admin.script(&rows(table, &db.a, "CANARY-A", 1));
        }
        admin.script(&rows(table, &db.b, "b", 1001));
        admin.script(&format!("ANALYZE {table}"));
    }
    db.app().script(SPIES);
    db
}

/// Functions that tell what they see, and everything that can be made to call them.
const SPIES: &str = include_str!("spies.sql");

const PLANS: [&str; 6] = [
    "SELECT 1",
    "SET enable_seqscan = off",
    "SET enable_seqscan = off; SET enable_indexscan = off; SET work_mem = '64kB'",
    "SET enable_seqscan = off; SET enable_bitmapscan = off",
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off",
    "SET plan_cache_mode = force_generic_plan; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
     SET min_parallel_table_scan_size = 0; SET min_parallel_index_scan_size = 0",
];

/// Makes the attacks in every plan over every protocol; each within a transaction that is rolled back.
fn attack(attacks: &[&str]) {
    let db = prepared();
    for_each_path(|mode| {
        for plan in PLANS {
            let mut b = db.attacker(mode);
            b.script(plan);
            for attack in attacks {
                each(&mut b, mode, &attack.replace("NOTES", "notes"));
            }
        }
        let mut b = db.app().with_token(&db.token(B)).mode(mode);
        for attack in attacks {
            b.run("BEGIN");
            b.leaks(&attack.replace("NOTES", "open_notes"));
            b.run("ROLLBACK");
        }
    });
    // The spies would tell A's rows to A.
    let mut a = db.a(Mode::Simple);
    for attack in attacks {
        a.run("BEGIN");
        a.leaks(&attack.replace("NOTES", "notes"));
        a.run("ROLLBACK");
    }
}

fn each(b: &mut Session, mode: Mode, sql: &str) {
    b.run("BEGIN");
    b.run("SAVEPOINT s");
    b.run(sql);
    b.run("ROLLBACK TO s");
    if mode == Mode::Simple && sql.starts_with("SELECT") {
        b.run(&format!("PREPARE p AS {sql}"));
        b.run("EXECUTE p");
        b.run("EXPLAIN EXECUTE p");
        b.run("DEALLOCATE p");
    }
    b.run("ROLLBACK");
}

#[test]
fn a_function_of_the_attacker_beside_an_examined_condition() {
    attack(&[
        "SELECT id FROM NOTES WHERE lab.tell(name)",
        "SELECT id FROM NOTES WHERE doc @@ 'zebra'::tsquery AND lab.tell(name)",
        "SELECT id FROM NOTES WHERE lab.tell(name) AND amount = 7 AND tags @> '{zebra}'",
        "SELECT id FROM NOTES WHERE lab.tell_volatile(name) AND doc @@ 'zebra'::tsquery",
        "SELECT id FROM NOTES WHERE name LIKE '%A%' AND lab.tell(name)",
        "SELECT id FROM NOTES WHERE lower(name) >= 'a' AND lab.tell(name)",
        "SELECT id FROM NOTES WHERE place <@ box '((0,0),(2,2))' AND lab.tell(name)",
        "SELECT id FROM NOTES WHERE during && '[1,5)' AND lab.tell(name)",
        "SELECT id FROM NOTES WHERE data ? 'zebra' AND lab.tell(data::text)",
        "SELECT id FROM NOTES WHERE amount = 7 AND id + 0 > 0 AND lab.tell(name)",
    ]);
}

#[test]
fn a_function_of_the_attacker_around_and_inside_an_examined_one() {
    attack(&[
        "SELECT id FROM NOTES WHERE lab.echo(name) LIKE '%A%'",
        "SELECT id FROM NOTES WHERE lower(lab.echo(name)) >= 'a'",
        "SELECT id FROM NOTES WHERE name LIKE lab.echo(name)",
        "SELECT id FROM NOTES WHERE to_tsvector('simple', lab.echo(name)) @@ 'a'::tsquery OR amount = 7",
        "SELECT id FROM NOTES WHERE tags @> ARRAY[lab.echo(name)] OR amount = 7",
        "SELECT id FROM NOTES WHERE ARRAY[lab.echo(name)] && tags OR amount = 7",
        "SELECT id FROM NOTES WHERE data @> jsonb_build_object('zebra', lab.echo(name)) OR amount = 7",
        "SELECT id FROM NOTES WHERE CASE WHEN doc @@ 'zebra'::tsquery THEN lab.tell(name) END",
        "SELECT id FROM NOTES WHERE CASE WHEN lab.tell(name) THEN doc @@ 'zebra'::tsquery END",
        "SELECT id FROM NOTES WHERE COALESCE(lab.tell(name), doc @@ 'zebra'::tsquery)",
        "SELECT id FROM NOTES WHERE (ARRAY[doc @@ 'zebra'::tsquery, lab.tell(name)])[1]",
        "SELECT id FROM NOTES WHERE ROW(lab.echo(name), amount) >= ROW('a', 7)",
        "SELECT id FROM NOTES WHERE (lab.tell(name)) IS NOT FALSE AND amount = 7",
        "SELECT id FROM NOTES WHERE amount = 7 AND NOT NOT lab.tell(name)",
        "SELECT id FROM NOTES WHERE name LIKE ANY (ARRAY['%A%', lab.echo(name)])",
        "SELECT id FROM NOTES WHERE GREATEST(lab.echo(name), 'a') >= 'a' AND amount = 7",
        "SELECT id FROM NOTES WHERE NULLIF(lab.echo(name), 'a') IS NOT NULL AND amount = 7",
    ]);
}

#[test]
fn operators_with_estimators_that_look_at_statistics() {
    attack(&[
        "SELECT id FROM NOTES WHERE name OPERATOR(lab.===) 'x'",
        "SELECT id FROM NOTES WHERE 'x' OPERATOR(lab.===) name AND amount = 7",
        "SELECT id FROM NOTES WHERE name OPERATOR(lab.<<<) 'x' AND doc @@ 'zebra'::tsquery",
        "SELECT id FROM NOTES WHERE name OPERATOR(lab.~~~) 'x' AND tags @> '{zebra}'",
        "SELECT id FROM NOTES WHERE name OPERATOR(lab.~=~) 'x%' AND name LIKE '%A%'",
        "SELECT id FROM NOTES WHERE upper(name) OPERATOR(lab.===) 'x' AND amount = 7",
    ]);
}

#[test]
fn operators_and_functions_that_bear_examined_names() {
    attack(&[
        "SELECT id FROM NOTES WHERE name OPERATOR(lab.~~) 'x%'",
        "SELECT id FROM NOTES WHERE name OPERATOR(lab.=) 'x' AND amount = 7",
        "SELECT id FROM NOTES WHERE doc OPERATOR(lab.@@) 'zebra'::tsquery AND lab.tell(name)",
        "SELECT id FROM NOTES WHERE data OPERATOR(lab.@>) '{}'::jsonb",
        "SELECT id FROM NOTES WHERE tags OPERATOR(lab.&&) '{zebra}'::text[]",
        "SELECT id FROM NOTES WHERE lab.textlike(name, 'x%')",
        "SELECT id FROM NOTES WHERE lab.similarity_op(name, 'x') AND amount = 7",
        "SELECT id FROM NOTES WHERE lab.lower(name) = 'x' OR amount = 7",
    ]);
}

#[test]
fn a_search_path_that_finds_the_attacker_s_operators_first() {
    let db = prepared();
    let attacks = [
        "SELECT id FROM public.NOTES WHERE name ~~ 'x%'",
        "SELECT id FROM public.NOTES WHERE name = 'x'",
        "SELECT id FROM public.NOTES WHERE data @> '{}'::jsonb",
        "SELECT id FROM public.NOTES WHERE tags && '{zebra}'::text[]",
        "SELECT id FROM public.NOTES WHERE lower(name) = 'x'",
        "SELECT id FROM public.NOTES WHERE textlike(name, 'x%')",
    ];
    for_each_path(|mode| {
        for plan in PLANS {
            let mut b = db.attacker(mode);
            b.script(plan);
            b.script("SET search_path = lab, pg_catalog, public");
            for attack in attacks {
                b.leaks(&attack.replace("NOTES", "open_notes"));
                b.run(&attack.replace("NOTES", "notes"));
            }
        }
    });
}

#[test]
fn casts_and_domains_that_run_the_attacker_s_code() {
    attack(&[
        "SELECT id FROM NOTES WHERE name::lab.shown LIKE '%A%'",
        "SELECT id FROM NOTES WHERE name::lab.shown = 'x' OR amount = 7",
        "SELECT id FROM NOTES WHERE data::lab.shown_json ? 'zebra'",
        "SELECT id FROM NOTES WHERE data::lab.shown_json @> '{}' AND amount = 7",
        "SELECT id FROM NOTES WHERE tags::lab.shown_array @> '{zebra}'",
        "SELECT id FROM NOTES WHERE name::lab.code OPERATOR(lab.##) ROW('x')::lab.code",
        "SELECT id FROM NOTES WHERE name OPERATOR(lab.##) ROW('x')::lab.code AND amount = 7",
        "SELECT id FROM NOTES WHERE (name::lab.code) < ROW('zzz')::lab.code",
        "SELECT id FROM NOTES WHERE ARRAY[name::lab.shown] && ARRAY['x']::lab.shown[] OR amount = 7",
    ]);
}

#[test]
fn select_lists_orders_and_limits() {
    attack(&[
        "SELECT lab.tell(name) FROM NOTES WHERE doc @@ 'zebra'::tsquery ORDER BY id LIMIT 1",
        "SELECT lab.tell(name) FROM NOTES WHERE amount = 7 ORDER BY id LIMIT 3",
        "SELECT lab.tell(name), row_number() OVER (ORDER BY lab.echo(name)) FROM NOTES WHERE tags @> '{zebra}'",
        "SELECT id FROM NOTES WHERE doc @@ 'zebra'::tsquery ORDER BY lab.echo(name) LIMIT 1",
        "SELECT DISTINCT lab.tell(name) FROM NOTES WHERE during && '[1,5)'",
        "SELECT count(*) FILTER (WHERE lab.tell(name)) FROM NOTES WHERE amount = 7",
        "SELECT amount FROM NOTES WHERE amount = 7 GROUP BY amount HAVING bool_and(lab.tell(name))",
        "SELECT lab.tell(min(name)) FROM NOTES WHERE doc @@ 'zebra'::tsquery",
    ]);
}

#[test]
fn joins_in_both_directions() {
    attack(&[
        "SELECT 1 FROM NOTES a JOIN NOTES b ON a.tags @> b.tags AND lab.tell(b.name)",
        "SELECT 1 FROM NOTES a JOIN NOTES b ON a.tags && b.tags AND lab.two(a.name, b.name) LIMIT 5",
        "SELECT 1 FROM NOTES a JOIN NOTES b ON a.amount = b.amount AND lab.tell(a.name) LIMIT 5",
        "SELECT 1 FROM NOTES a LEFT JOIN NOTES b ON a.name LIKE b.name AND lab.tell(b.name)",
        "SELECT 1 FROM (VALUES ('zebra'::tsquery)) q(q) JOIN NOTES a ON a.doc @@ q.q AND lab.tell(a.name)",
        "SELECT 1 FROM NOTES a JOIN (VALUES ('{zebra}'::text[])) q(q) ON a.tags @> q.q WHERE lab.tell(a.name)",
        "SELECT 1 FROM NOTES a JOIN NOTES b ON a.name OPERATOR(lab.===) b.name LIMIT 5",
        "SELECT 1 FROM NOTES a FULL JOIN NOTES b ON a.id = b.id WHERE lab.tell(a.name) OR lab.tell(b.name)",
        "SELECT 1 FROM NOTES a WHERE a.name IN (SELECT lab.echo(b.name) FROM NOTES b WHERE b.amount = 7)",
    ]);
}

#[test]
fn alternatives_with_or() {
    attack(&[
        "SELECT id FROM NOTES WHERE doc @@ 'nothing'::tsquery OR lab.tell(name)",
        "SELECT id FROM NOTES WHERE lab.tell(name) OR amount = 8",
        "SELECT id FROM NOTES WHERE (amount = 7 AND lab.tell(name)) OR (doc @@ 'zebra'::tsquery AND lab.tell(name))",
        "SELECT id FROM NOTES WHERE (tags @> '{zebra}' OR doc @@ 'zebra'::tsquery) AND name OPERATOR(lab.===) 'x'",
        "SELECT id FROM NOTES WHERE amount = 8 OR name OPERATOR(lab.~=~) 'x' OR tags @> '{none}'",
    ]);
}

#[test]
fn sub_selects() {
    attack(&[
        "SELECT 1 FROM NOTES a, LATERAL (SELECT 1 FROM NOTES b WHERE b.tags @> a.tags AND lab.tell(b.name) LIMIT 2) x",
        "SELECT 1 FROM NOTES a WHERE EXISTS (SELECT 1 FROM NOTES b WHERE b.amount = a.amount AND lab.tell(b.name))",
        "SELECT (SELECT lab.tell(b.name) FROM NOTES b WHERE b.amount = 7 ORDER BY id LIMIT 1)",
        "SELECT 1 FROM (SELECT * FROM NOTES WHERE amount = 7 OFFSET 0) x WHERE lab.tell(name)",
        "SELECT 1 FROM NOTES a WHERE a.amount = (SELECT avg(amount) FROM NOTES b WHERE lab.tell(b.name))",
        "SELECT 1 FROM NOTES a WHERE a.amount = ANY (ARRAY(SELECT amount FROM NOTES b WHERE lab.tell(b.name)))",
        "WITH x AS MATERIALIZED (SELECT * FROM NOTES WHERE tags @> '{zebra}') SELECT 1 FROM x WHERE lab.tell(name)",
        "WITH x AS NOT MATERIALIZED (SELECT * FROM NOTES WHERE tags @> '{zebra}') SELECT 1 FROM x WHERE lab.tell(name)",
        "SELECT 1 FROM NOTES WHERE amount = 7 AND lab.tell(name) UNION ALL SELECT 1 FROM NOTES WHERE lab.tell(name)",
    ]);
}

#[test]
fn views_above_and_below() {
    attack(&[
        "SELECT 1 FROM lab.plain_NOTES WHERE doc @@ 'zebra'::tsquery",
        "SELECT 1 FROM lab.barrier_NOTES WHERE amount = 7",
        "SELECT 1 FROM lab.above_NOTES WHERE lab.tell(name) AND tags @> '{zebra}'",
        "SELECT 1 FROM lab.above_NOTES WHERE name OPERATOR(lab.===) 'x'",
        "SELECT 1 FROM lab.group_NOTES WHERE amount = 7 AND told",
        "SELECT 1 FROM lab.barrier_NOTES a JOIN lab.above_NOTES b ON a.tags @> b.tags AND lab.tell(b.name)",
    ]);
}

#[test]
fn statements_that_write() {
    attack(&[
        "UPDATE NOTES SET amount = 7 WHERE doc @@ 'zebra'::tsquery AND lab.tell(name)",
        "UPDATE NOTES SET amount = 8 WHERE lab.tell(name)",
        "UPDATE NOTES SET amount = 7 WHERE amount = 7 RETURNING lab.tell(name)",
        "DELETE FROM NOTES WHERE tags @> '{zebra}' AND lab.tell(name)",
        "DELETE FROM NOTES a USING NOTES b WHERE a.amount = b.amount AND lab.tell(b.name)",
        "DELETE FROM NOTES WHERE name LIKE '%A%' OR lab.tell(name) RETURNING lab.tell(body)",
        "MERGE INTO NOTES a USING (VALUES (7::numeric)) v(v) ON a.amount = v.v AND lab.tell(a.name)
         WHEN MATCHED THEN DO NOTHING",
        "MERGE INTO NOTES a USING (VALUES (7::numeric)) v(v) ON a.amount = v.v
         WHEN MATCHED AND lab.tell(a.name) THEN DELETE",
        "WITH x AS (UPDATE NOTES SET amount = 9 WHERE amount = 7 RETURNING name) SELECT 1 FROM x WHERE lab.tell(name)",
    ]);
}

#[test]
fn errors_that_only_some_rows_can_cause() {
    let db = prepared();
    let attacks = [
        // A pattern that ends in an escape is an error for the texts that match up to it.
        "SELECT 1 FROM NOTES WHERE name LIKE 'CANARY-A-1\\'",
        "SELECT 1 FROM NOTES WHERE name ILIKE 'canary-a-1\\' AND doc @@ 'zebra'::tsquery",
        "SELECT 1 FROM NOTES WHERE name NOT LIKE ALL (ARRAY['zzz', 'CANARY-A-1\\'])",
        // A pattern that is another column.
        "SELECT 1 FROM NOTES WHERE 'x' LIKE replace(name, 'CANARY-A-7', '\\')",
        "SELECT 1 FROM NOTES WHERE name ~ body",
        "SELECT 1 FROM NOTES WHERE name ~* body AND amount = 7",
        "SELECT 1 FROM NOTES WHERE 'x' ~ body OR tags @> '{none}'",
        "SELECT 1 FROM NOTES a JOIN NOTES b ON a.name ~ b.body",
        "SELECT 1 FROM NOTES WHERE name::int = 1 AND doc @@ 'zebra'::tsquery",
        "SELECT 1 FROM NOTES WHERE 1 / (id - 7) = 0 AND amount = 7",
        "SELECT 1 FROM NOTES WHERE (amount / (id - 7)) = 0",
        "SELECT 1 FROM NOTES WHERE (data ->> 'zebra')::numeric = 7 AND data ? 'zebra'",
        "SELECT 1 FROM NOTES WHERE jsonb_path_exists(data, 'strict $.zebra.a') AND data ? 'zebra'",
        "SELECT 1 FROM NOTES WHERE (data -> 'zebra')::int = 1",
        "SELECT 1 FROM NOTES WHERE to_tsquery('simple', name || ' (') @@ 'a'::tsvector OR amount = 8",
        "SELECT 1 FROM NOTES WHERE int4range((id * 2)::int, 60) && during",
    ];
    for_each_path(|mode| {
        for plan in PLANS {
            let mut b = db.attacker(mode);
            let mut control = db.app().with_token(&db.token(B)).mode(mode);
            b.script(plan);
            for attack in attacks {
                if plan == PLANS[0] {
                    control.attempt(&attack.replace("NOTES", "open_notes")).expect_err(attack);
                }
                // B's own rows must not be the cause of it.
                let own = attack.replace("NOTES", "own_notes");
                let same = control.attempt(&own).err().map(|failure| failure.sqlstate);
                let told = b.attempt(&attack.replace("NOTES", "notes")).err().map(|failure| failure.sqlstate);
                assert_eq!(told, same, "{attack}\n{plan}");
            }
        }
    });
}

#[test]
fn the_tables_are_what_they_seem() {
    let db = prepared();
    let mut b = db.attacker(Mode::Simple);
    assert_eq!(b.number("SELECT count(*) FROM notes"), 60);
    b.script("SET enable_seqscan = off");
    for condition in ["doc @@ 'zebra'::tsquery", "amount = 7", "tags @> '{zebra}'", "name LIKE 'b%'"] {
        let plan =
            b.column(&format!("EXPLAIN (COSTS OFF) SELECT id FROM notes WHERE {condition}")).join("\n");
        assert!(plan.contains("Index Cond"), "{condition} is not examined, and proves nothing:\n{plan}");
    }
    assert_eq!(db.truth(&format!("SELECT count(*) FROM notes WHERE tenant_id = '{}'", db.a)), ["60"], "{A}");
}
