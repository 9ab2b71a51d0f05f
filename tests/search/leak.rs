//! No stored value changes what another tenant observes.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::cases::{Case, Clause};
use crate::observe::{ask_all, differences, is_indexed, is_lossy};
use crate::store::{Staff, Store};

/// What has been done, for the summary.
#[derive(Default)]
struct Sum {
    clauses: usize,
    observations: usize,
    refused: i64,
    rows: i64,
    harmful: BTreeMap<&'static str, i64>,
    failures: Vec<String>,
}

#[test]
fn no_stored_value_changes_what_another_tenant_observes() {
    let store = Store::new();
    let cases = store.cases();
    let next = AtomicUsize::new(0);
    let sum = Mutex::new(Sum::default());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut staff = store.staff();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(number) else { break };
                    examine(&store, &mut staff, case, &format!("c{number}"), &sum);
                }
            });
        }
    });
    let sum = sum.into_inner().unwrap();
    println!(
        "{} cases, {} clauses, {} observations, {} rows, {} values refused",
        cases.len(),
        sum.clauses,
        sum.observations,
        sum.rows,
        sum.refused
    );
    println!("stored values that make a clause fail where it is evaluated on them: {:?}", sum.harmful);
    for family in ["geometric", "json"] {
        assert!(sum.harmful[family] > 0, "the control: nothing that B stores is harmful to {family}");
    }
    assert!(sum.failures.is_empty(), "{} failures:\n{}", sum.failures.len(), sum.failures.join("\n"));
}

/// Values of hundreds of megabytes, which copies in wide characters do not fit; minutes and gigabytes, so only if asked for.
#[test]
fn no_huge_value_changes_what_another_tenant_observes() {
    if std::env::var("WATERTIGHT_SEARCH_HUGE").is_err() {
        return println!("skipped: WATERTIGHT_SEARCH_HUGE is not set");
    }
    let store = Store::new();
    let mut staff = store.staff();
    let sum = Mutex::new(Sum::default());
    for (number, index, clauses) in [
        (
            1,
            "USING gin (stored gin_trgm_ops)",
            &["stored ILIKE '%'", "stored ~* 'ZEB'", "stored % 'zebra'"][..],
        ),
        (2, "USING hash (lower(stored))", &["lower(stored) = 'zebra'"]),
    ] {
        let mut case = store.cases().into_iter().find(|case| case.lists == ["text"]).unwrap();
        case.lists = vec!["huge"];
        (case.family, case.index, case.lossy) = ("huge", index, false);
        case.clauses = clauses.iter().map(|sql| Clause { sql: (*sql).to_owned(), behind: false }).collect();
        examine(&store, &mut staff, &case, &format!("h{number}"), &sum);
    }
    let Sum { failures, rows, refused, .. } = sum.into_inner().unwrap();
    println!("{rows} rows, {refused} values refused");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// One case: what A is told before B stores anything, after, and with statistics of it.
fn examine(store: &Store, staff: &mut Staff, case: &Case, table: &str, sum: &Mutex<Sum>) {
    let list = store.list(&mut staff.admin, case);
    if let Err(failure) = store.create(staff, case, table) {
        let failure = format!("{}: {} {}: {failure}", case.family, case.kind, case.index);
        return sum.lock().unwrap().failures.push(failure);
    }
    store.insert_a(staff, case, table, &list);
    let alone = ask_all(&mut staff.app, case, table);

    let refused = store.insert_b(staff, table, &list);
    let harmful = store.harmful(staff, case, table);
    if case.lossy {
        store.multiply_b(staff, table, 16_000, 8);
    } else {
        store.multiply_b(staff, table, 300, 20);
    }
    let mut failures = Vec::new();
    let mut observations = alone.len();
    for statistics in [false, true] {
        // Some values make ANALYZE itself fail.
        if statistics {
            staff.app.script("DEALLOCATE ALL"); // Planning again repeats the notices of constants.
        }
        if statistics && staff.admin.attempt(&format!("ANALYZE {table}")).is_err() {
            break;
        }
        let told = ask_all(&mut staff.app, case, table);
        observations += told.len();
        failures.extend(differences(case, &alone, &told, case.is_approximate()));
    }
    for clause in &case.clauses {
        if is_indexed(&mut staff.app, clause, table) == clause.behind {
            failures.push(format!(
                "{}: {} {} {}: {}",
                case.family,
                case.kind,
                case.index,
                clause.sql,
                if clause.behind { "an index answers it" } else { "no index answers it" }
            ));
        }
    }
    if case.lossy && !is_lossy(&mut staff.app, case, table) {
        failures.push(format!("{}: {} {}: no bitmap is inexact", case.family, case.kind, case.index));
    }
    let rows = staff.admin.number(&format!("SELECT count(*) FROM {table}"));
    staff.app.script("DEALLOCATE ALL");
    staff.keeper.script(&format!("DROP TABLE {table}"));

    let mut sum = sum.lock().unwrap();
    sum.clauses += case.clauses.len();
    sum.observations += observations;
    sum.refused += refused;
    sum.rows += rows;
    *sum.harmful.entry(case.family).or_default() += harmful;
    sum.failures.extend(failures);
}
