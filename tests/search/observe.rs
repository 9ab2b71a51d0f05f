//! Everything a client is told by a query, in every plan.

use watertight_tests::{Failure, Session};

use crate::cases::{Case, Clause};

/// What one query told.
#[derive(Clone, PartialEq, Debug)]
pub struct Told {
    /// The ids, sorted.
    pub rows: Vec<i64>,
    /// Everything in the error.
    pub error: Option<String>,
    /// Notices and warnings in order.
    pub notices: Vec<String>,
}

/// Ways to make the planner choose.
pub const PLANS: [(&str, &str); 6] = [
    ("as planned", "RESET enable_seqscan; RESET enable_indexscan; RESET enable_bitmapscan"),
    ("without sequential scans", "SET enable_seqscan = off"),
    ("by bitmap", "SET enable_indexscan = off"),
    ("by plain index scan", "SET enable_bitmapscan = off; SET enable_indexscan = on"),
    (
        "by sequential scan",
        "SET enable_seqscan = on; SET enable_indexscan = off; SET enable_bitmapscan = off",
    ),
    (
        "prepared",
        "SET plan_cache_mode = force_generic_plan; \
         SET enable_seqscan = off; SET enable_bitmapscan = on; SET enable_indexscan = on",
    ),
];

/// Where the plans that may use the index stand in [`PLANS`].
pub const BY_INDEX: std::ops::Range<usize> = 1..4;

/// Asks one query.
pub fn ask(app: &mut Session, sql: &str) -> Told {
    app.notices();
    let (rows, error) = match app.attempt(sql) {
        Ok(rows) => (rows, None),
        // A lost connection is no error of the query but a crash.
        Err(Failure { sqlstate, everything, .. }) if sqlstate == "08006" => panic!("{sql}\n{everything}"),
        Err(failure) => (Vec::new(), Some(failure.everything)),
    };
    let id = |row: Vec<Option<String>>| row.into_iter().next().flatten().and_then(|id| id.parse().ok());
    let mut rows: Vec<i64> = rows.into_iter().filter_map(id).collect();
    rows.sort_unstable();
    Told { rows, error, notices: app.notices() }
}

/// Asks all clauses of a case in all plans; with a prepared statement for each, which later calls execute again.
pub fn ask_all(app: &mut Session, case: &Case, table: &str) -> Vec<Told> {
    let mut told = Vec::new();
    for (plan, settings) in PLANS {
        app.script(settings);
        for (number, clause) in case.clauses.iter().enumerate() {
            let select = clause.select(table);
            if plan == "prepared" {
                let name = format!("p_{table}_{number}");
                if app.run(&format!("SELECT 1 FROM pg_prepared_statements WHERE name = '{name}'")).is_empty()
                {
                    app.run(&format!("PREPARE {name} AS {select}"));
                    // Planning repeats the notices of constants.
                    let _ = app.attempt(&format!("EXECUTE {name}"));
                }
                told.push(ask(app, &format!("EXECUTE {name}")));
            } else {
                told.push(ask(app, &select));
            }
        }
    }
    app.script("RESET plan_cache_mode");
    told
}

/// The two tellings must be the same, and no errors, for A's own rows are harmless; a list of what is not so. With `some_rows`, fewer may be found.
pub fn differences(case: &Case, before: &[Told], after: &[Told], some_rows: bool) -> Vec<String> {
    let mut found = Vec::new();
    let clauses = case.clauses.len();
    for (number, (alone, after)) in before.iter().zip(after).enumerate() {
        let clause = &case.clauses[number % clauses];
        let plan = PLANS[number / clauses].0;
        // A function that tells something of A's own rows tells it of those a plan hands it, and the plan follows
        // the statistics, which costs of NaN (from shapes at infinity) make choose even what is disabled.
        let notices_alike =
            before.iter().skip(number % clauses).step_by(clauses).any(|other| other.notices == after.notices);
        let alike = notices_alike
            && alone.error == after.error
            && (some_rows || alone.rows == after.rows)
            && after.rows.iter().all(|id| *id < 0);
        if !alike || alone.error.is_some() {
            found.push(format!(
                "{}: {} {} {}, {plan}\n  alone: {alone:?}\n  later: {after:?}",
                case.family, case.kind, case.index, clause.sql
            ));
        }
    }
    found
}

/// Whether a plan has the clause, or something derived from it, in an index.
pub fn is_indexed(app: &mut Session, clause: &Clause, table: &str) -> bool {
    let found = BY_INDEX.into_iter().any(|plan| {
        app.script(PLANS[plan].1);
        let lines = app.attempt(&format!("EXPLAIN (COSTS OFF) {}", clause.select(table)));
        lines.unwrap_or_default().into_iter().flatten().flatten().any(|line| {
            (line.contains("Index Cond: ") || line.contains("Order By: ")) && line.contains("stored")
        })
    });
    app.script(PLANS[0].1);
    found
}

/// Whether the bitmap of some clause becomes inexact.
pub fn is_lossy(app: &mut Session, case: &Case, table: &str) -> bool {
    app.script("SET enable_seqscan = off; SET enable_indexscan = off");
    let found = case.clauses.iter().any(|clause| {
        let explain =
            format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) {}", clause.select(table));
        app.attempt(&explain).is_ok_and(|lines| format!("{lines:?}").contains("lossy="))
    });
    app.script(PLANS[0].1);
    found
}
