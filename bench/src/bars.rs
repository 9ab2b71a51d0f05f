//! What Watertight has to reach, and whether it did.

use crate::contestant::WATERTIGHT;
use crate::context::{SETUPS, Step};
use crate::results::Results;
use crate::statements::{WORKLOADS, Way};
use crate::stats::{Spread, wall};
use crate::tenants::{MODES, Mode};
use crate::{cold, contestant::Work};

/// One promise.
pub struct Bar {
    /// What is compared with what.
    pub what: String,
    limit: Limit,
    measured: Spread,
}

#[derive(Clone, Copy)]
enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

impl Bar {
    /// The limit in words.
    pub fn limit(&self) -> String {
        match self.limit {
            Limit::AtLeast(limit) => format!("at least {limit:.2}"),
            Limit::AtMost(limit) => format!("at most {limit:.2}"),
        }
    }

    /// What was measured.
    pub fn measured(&self) -> Spread {
        self.measured
    }

    /// `PASS`, or by how much it is missed.
    pub fn verdict(&self) -> String {
        let (limit, over) = match self.limit {
            Limit::AtLeast(limit) => (limit, limit - self.measured.median),
            Limit::AtMost(limit) => (limit, self.measured.median - limit),
        };
        if over <= 0.0 { "PASS".into() } else { format!("MISSED by {:.1} %", over / limit * 100.0) }
    }
}

/// All of them.
pub fn all(results: &Results) -> Vec<Bar> {
    let mut bars = statements(results);
    bars.extend(context(results));
    for (algorithm, series) in results.algorithms.iter().zip(&results.cold) {
        let figure = |begin, [plain, library]: [f64; 2]| (begin - plain) / library;
        bars.push(Bar {
            what: format!("cold verification, {algorithm}, in the bare library call's time"),
            limit: Limit::AtMost(1.3),
            measured: series[cold::BEGIN].with([&series[cold::PLAIN], &series[cold::LIBRARY]], wall, figure),
        });
    }
    let sizes = results.tenants.len();
    for (place, (title, mode)) in MODES.iter().enumerate() {
        if matches!(mode, Mode::Session | Mode::Pool) {
            let all = &results.sizes[place * sizes..(place + 1) * sizes];
            bars.push(Bar {
                what: format!(
                    "point reads with {} tenants, relative to {}: {title}",
                    results.tenants[sizes - 1],
                    results.tenants[0]
                ),
                limit: Limit::AtLeast(0.95),
                measured: all[sizes - 1].speed(&all[0], wall),
            });
        }
    }
    bars
}

fn statements(results: &Results) -> Vec<Bar> {
    let mut bars = Vec::new();
    for (workload, series) in WORKLOADS.iter().zip(&results.statements) {
        let (hand, ours) = (&series[0], &series[WATERTIGHT]);
        if workload.way == Way::Prepared && workload.work != Work::Aggregate {
            bars.push(Bar {
                what: format!("{}, relative to the hand-written `WHERE`", workload.title),
                limit: Limit::AtLeast(0.97),
                measured: ours.speed(hand, wall),
            });
        }
        if workload.way == Way::Scan {
            bars.push(Bar {
                what: format!("{}, in the hand-written `WHERE`'s time", workload.title),
                limit: Limit::AtMost(1.05),
                measured: ours.with([hand], wall, |own, [hand]| own / hand),
            });
        }
    }
    bars
}

fn context(results: &Results) -> Vec<Bar> {
    let of = |step: Step| {
        let place = SETUPS.iter().position(|(_, s)| *s == step).unwrap_or_default();
        (SETUPS[place].0, &results.setups[place])
    };
    let (_, nothing) = of(Step::Nothing);
    let pairs = [
        (Step::SetToken, Step::SetId),
        (Step::SetToken, Step::SetText),
        (Step::Begin, Step::ConfigId),
        (Step::Begin, Step::ConfigText),
    ];
    pairs
        .map(|(ours, plain)| {
            let ((own, ours), (other, plain)) = (of(ours), of(plain));
            Bar {
                what: format!("warm context: what {own} adds to a transaction, in the cost of {other}"),
                limit: Limit::AtMost(1.5),
                measured: ours.with([plain, nothing], wall, |own, [plain, nothing]| {
                    (own - nothing) / (plain - nothing)
                }),
            }
        })
        .into()
}
