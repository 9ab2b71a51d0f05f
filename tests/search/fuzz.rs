//! Random values and constants. A round follows from its seed alone: `WATERTIGHT_FUZZ_SEED` repeats one.
//!
//! The test of every day tries the same seeds each time, so that it fails for a change and not by chance;
//! `WATERTIGHT_FUZZ_SECONDS` searches that long among seeds nobody has tried.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::cases::{Case, Clause};
use crate::generate::{Random, mutated, quoted, value};
use crate::observe::{ask, ask_all, differences};
use crate::store::{Staff, Store};

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Failures by case, each with the first seed that found it.
type Found = Mutex<BTreeMap<String, String>>;

#[test]
fn no_random_value_changes_what_another_tenant_observes() {
    let store = Store::new();
    // PostGIS's SP-GiST of more dimensions crashes the server while random shapes are stored, whoever stores them.
    let crashes = |case: &Case| {
        case.index.contains("spgist") && (case.kind.starts_with("geography") || case.index.contains("_nd"))
    };
    let cases: Vec<_> = store.cases().into_iter().filter(|case| !crashes(case)).collect();
    let found = Found::default();
    let (rounds, values) = (AtomicU64::new(0), AtomicU64::new(0));
    if let Some(seed) = setting("WATERTIGHT_FUZZ_SEED") {
        round(&store, &mut store.staff(), &cases, seed, &found);
    } else {
        let hunt = setting("WATERTIGHT_FUZZ_SECONDS");
        let until = Instant::now() + Duration::from_secs(hunt.unwrap_or(15));
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seeds = Mutex::new(Random(hunt.map_or(1, |_| now.as_secs())));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut staff = store.staff();
                    while Instant::now() < until {
                        let seed = seeds.lock().unwrap().next();
                        let one = AssertUnwindSafe(|| round(&store, &mut staff, &cases, seed, &found));
                        match catch_unwind(one) {
                            Ok(stored) => drop(values.fetch_add(stored, Ordering::Relaxed)),
                            Err(_) => {
                                drop(
                                    found
                                        .lock()
                                        .unwrap()
                                        .insert(format!("stopped, seed {seed}"), String::new()),
                                );
                                break;
                            }
                        }
                        rounds.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
    }
    let found = found.into_inner().unwrap();
    println!("{rounds:?} rounds, {values:?} values stored");
    let list: Vec<_> = found.iter().map(|(what, details)| format!("{what}\n{details}")).collect();
    assert!(list.is_empty(), "{} failures:\n{}", list.len(), list.join("\n"));
}

/// One table. Returns how many random values could be stored.
fn round(store: &Store, staff: &mut Staff, cases: &[Case], seed: u64, found: &Found) -> u64 {
    let mut random = Random(seed);
    let mut case = random.pick(cases).clone();
    case.lossy = false;
    let table = format!("f{seed}");
    let list = store.list(&mut staff.admin, &case);
    if store.create(staff, &case, &table).is_err() {
        return 0;
    }
    // PostGIS prints bytes, which are no good beginning for another shape.
    let text = if case.kind.starts_with("geo") { "ST_AsEWKT(v)" } else { "v::text" };
    let listed =
        staff.admin.column(&format!("SELECT {text} FROM {list} WHERE length({text}) < 300 ORDER BY n"));
    case.clauses = clauses(&mut random, &case);
    store.insert_a(staff, &case, &table, &list);
    // A constant that has been changed may be no constant of its type, or fail for A's own rows.
    let works = |clause: &Clause| ask(&mut staff.app, &clause.select(&table)).error.is_none();
    let (works, _): (Vec<_>, Vec<_>) = case.clauses.into_iter().partition({
        let mut works = works;
        move |clause| works(clause)
    });
    case.clauses = works;
    let mut stored = 0;
    if !case.clauses.is_empty() {
        let alone = ask_all(&mut staff.app, &case, &table);
        let values: Vec<_> = (0..40).map(|_| value(&mut random, case.kind, &listed)).collect();
        stored = store.insert_random(staff, &case, &table, &values);
        if random.once_in(3) {
            store.multiply_b(staff, &table, 400, 40);
        }
        if random.once_in(2) {
            staff.app.script("DEALLOCATE ALL"); // Planning again repeats the notices of constants.
            let _ = staff.admin.attempt(&format!("ANALYZE {table}"));
        }
        let later = ask_all(&mut staff.app, &case, &table);
        for difference in differences(&case, &alone, &later, case.is_approximate()) {
            let what = difference.split(", ").next().unwrap_or_default().to_owned();
            let details = format!("seed {seed}: {difference}\n  {values:?}");
            found.lock().unwrap().entry(what).or_insert(details);
        }
    }
    staff.app.script("DEALLOCATE ALL");
    staff.keeper.script(&format!("DROP TABLE {table}"));
    stored
}

/// Some clauses of the case, half of them with another constant.
fn clauses(random: &mut Random, case: &Case) -> Vec<Clause> {
    let mut chosen = Vec::new();
    for _ in 0..4 {
        let mut clause = random.pick(&case.clauses).clone();
        // An index on an expression serves that expression only: its constants stay.
        if random.once_in(2) && !case.index.contains('\'') {
            clause.sql = changed(random, &clause.sql);
        }
        chosen.push(clause);
    }
    chosen
}

/// The same with the last quoted literal changed.
fn changed(random: &mut Random, sql: &str) -> String {
    let parts: Vec<&str> = sql.split('\'').collect();
    // Escapes of any kind are left alone.
    if parts.len() < 3 || parts.len().is_multiple_of(2) || parts.contains(&"") {
        return sql.to_owned();
    }
    let last = parts.len() - 2;
    let constant = quoted(&mutated(random, &[parts[last].to_owned(), "zebra".to_owned()]));
    format!("{}{constant}{}", parts[..last].join("'"), parts[last + 1..].join("'"))
}
