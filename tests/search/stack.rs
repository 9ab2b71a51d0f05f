//! A session that has used up most of its stack beforehand must not learn from "stack depth limit exceeded" how far a
//! recursive function went on a row of another tenant.

use watertight_tests::database::B;
use watertight_tests::{Database, Session};

use crate::cluster;

/// A search whose recursion goes as deep as the row makes it go.
struct Search {
    name: &'static str,
    kind: &'static str,
    index: &'static str,
    /// A condition with a constant.
    condition: String,
    /// What A stores: here the search goes all the way down, there it stops at once.
    deep: String,
    shallow: &'static str,
}

fn searches() -> Vec<Search> {
    let words = |count: usize, by: &str| -> String {
        (0..count).map(|n| format!("w{n:03}")).collect::<Vec<_>>().join(by)
    };
    let chain = (1..450).fold("w000".to_owned(), |query, n| format!("w{n:03} & ({query})"));
    vec![
        Search {
            name: "like",
            kind: "text",
            index: "(stored text_pattern_ops)",
            condition: format!("stored LIKE 'a{}b'", "%a".repeat(480)),
            deep: format!("repeat('a', 700) || '{}'", "c"),
            shallow: "'aX'",
        },
        Search {
            name: "words",
            kind: "tsvector",
            index: "USING gin (stored)",
            condition: format!("stored @@ '{chain}'::tsquery"),
            deep: format!("'{}'::tsvector", words(449, " ")),
            shallow: "'w449'::tsvector",
        },
        Search {
            name: "phrase",
            kind: "tsvector",
            index: "USING gist (stored)",
            condition: format!("stored @@ '{}'::tsquery", words(330, " & !")),
            deep: "'w000 x'::tsvector".into(),
            shallow: "'y'::tsvector",
        },
        Search {
            name: "document",
            kind: "jsonb",
            index: "USING gin (stored)",
            condition: format!("stored @> '{}1{}'", "[".repeat(900), "]".repeat(900)),
            deep: format!("'{}1, 2{}'", "[".repeat(900), "]".repeat(900)),
            shallow: "'[]'",
        },
    ]
}

/// Uses up stack by two kinds of frames, then runs a statement whose plan is kept.
const DIVE: &str = "
    CREATE FUNCTION lab.dive_TABLE(levels int, steps int) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE found bigint;
    BEGIN
        IF levels > 0 THEN RETURN lab.dive_TABLE(levels - 1, steps); END IF;
        IF steps > 0 THEN RETURN lab.step_TABLE(steps); END IF;
        SELECT count(*) INTO found FROM TABLE WHERE CONDITION;
        RETURN found;
    END $$;
    CREATE FUNCTION lab.step_TABLE(steps int) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE told text;
    BEGIN
        EXECUTE format('SELECT lab.dive_TABLE(0, %s)', steps - 1) INTO told;
        RETURN told;
    END $$";

fn told(b: &mut Session, table: &str, levels: usize, steps: usize) -> String {
    match b.attempt(&format!("SELECT lab.dive_{table}({levels}, {steps})")) {
        Ok(rows) => format!("{rows:?}"),
        Err(failure) => format!("{} {} {:?}", failure.sqlstate, failure.message, failure.hint),
    }
}

#[test]
fn a_used_up_stack_tells_nothing_of_hidden_rows() {
    let db = Database::without_tables(cluster());
    let mut admin = db.admin();
    admin.script("GRANT ALL ON SCHEMA public TO keeper");
    for search in searches() {
        let tables = ["deep", "shallow"].map(|what| format!("{}_{what}", search.name));
        for (table, stored) in tables.iter().zip([search.deep.as_str(), search.shallow]) {
            db.keeper().script(&format!(
                "CREATE TABLE {table} (id bigint, tenant_id uuid, stored {});
                 SELECT watertight.protect('{table}');
                 CREATE INDEX {table}_stored ON {table} {};
                 GRANT ALL ON {table} TO app",
                search.kind, search.index
            ));
            admin.script(&format!(
                "INSERT INTO {table} SELECT n, '{}', {stored} FROM generate_series(1, 30) n;
                 INSERT INTO {table} SELECT n, '{}', {} FROM generate_series(100, 110) n",
                db.a, db.b, search.shallow
            ));
            db.app().script(&DIVE.replace("TABLE", table).replace("CONDITION", &search.condition));
        }
        for plan in ["SET enable_indexscan = off", "SET enable_bitmapscan = off"] {
            let mut b = db.app().with_token(&db.token(B)).watched();
            b.script(&format!("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; {plan}"));
            let [deep, shallow] = &tables;
            // Plans are made with room enough, and kept.
            let first = told(&mut b, deep, 0, 0);
            assert_eq!(first, told(&mut b, shallow, 0, 0), "{}", search.name);
            let limit = (1..).step_by(8).find(|n| told(&mut b, deep, *n, 0).starts_with("54001")).unwrap();
            let mut errors = 0;
            for levels in limit.saturating_sub(24)..limit + 8 {
                for steps in 0..2 {
                    let (one, other) =
                        (told(&mut b, deep, levels, steps), told(&mut b, shallow, levels, steps));
                    assert_eq!(one, other, "{}: {levels} levels, {steps} steps, {plan}", search.name);
                    assert!(one == first || one.starts_with("54001"), "{}: {one}", search.name);
                    errors += usize::from(one != first);
                }
            }
            assert!(errors > 0 && errors < 2 * 32, "{}: the limit is elsewhere: {errors}", search.name);
            println!("{}, {plan}: limit at {limit} levels", search.name);
        }
    }
}
