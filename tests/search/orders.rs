//! Orders that an index could give, by expressions that may fail: not taken from the index, and planned all the same.

use watertight_tests::Database;
use watertight_tests::database::A;

use crate::cluster;

#[test]
fn an_order_that_is_not_examined_is_planned_without_the_index() {
    let db = Database::without_tables(cluster());
    let mut admin = db.admin();
    admin.script("CREATE EXTENSION pg_trgm; GRANT ALL ON SCHEMA public TO keeper");
    db.keeper().script(
        "CREATE TABLE texts (id bigint, tenant_id uuid, stored text, place point);
         SELECT watertight.protect('texts');
         CREATE INDEX texts_stored ON texts USING gist (stored gist_trgm_ops);
         CREATE INDEX texts_place ON texts USING gist (place);
         GRANT SELECT ON texts TO app",
    );
    admin.script(&format!(
        "INSERT INTO texts SELECT n, t, 'zebra' || n || md5(n::text), point(n % 200, n / 200)
         FROM generate_series(1, 10000) n, (VALUES ('{}'::uuid), ('{}')) v(t);
         ANALYZE texts",
        db.a, db.b
    ));
    let queries = [
        "SELECT id FROM texts ORDER BY stored <->> 'zebra1234', id LIMIT 3",
        "SELECT id FROM texts WHERE stored LIKE '%zebra1234%' ORDER BY stored <->> 'zebra1234', id LIMIT 3",
        "SELECT id FROM texts WHERE stored LIKE '%zebra1234%' ORDER BY stored <->> 'zebra1234'",
        "SELECT id FROM texts WHERE place <@ box '((1,1),(3,3))' ORDER BY place <-> point(1, 1), id LIMIT 3",
        "SELECT id FROM texts WHERE place <@ box '((1,1),(1,1))' ORDER BY place <-> point(1, 1)",
        "SELECT id FROM texts ORDER BY place <-> point(1, 1), id LIMIT 3",
    ];
    let mut plain = db.app().with_token(&db.token(A));
    plain.script("SET enable_indexscan = off; SET enable_bitmapscan = off");
    let mut failures = Vec::new();
    for settings in
        ["SELECT 1", "SET enable_bitmapscan = off", "SET enable_seqscan = off", "SET random_page_cost = 0.01"]
    {
        let mut a = db.app().with_token(&db.token(A));
        a.script(settings);
        for query in queries {
            match a.attempt(query) {
                Ok(rows) => assert_eq!(rows, plain.run(query), "{query}, {settings}"),
                Err(failure) => failures.push(format!("{query}, {settings}: {failure}")),
            }
            let lines = a.attempt(&format!("EXPLAIN (COSTS OFF) {query}")).unwrap_or_default();
            let lines = format!("{lines:?}");
            assert!(!lines.contains("Order By: "), "{query}, {settings}: {lines}");
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
