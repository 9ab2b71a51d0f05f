//! What Watertight has to reach, and whether it did.

use crate::context::{SETUPS, Step};
use crate::results::{Raced, Results};
use crate::search::{self, Outcome, State};
use crate::statements::Way;
use crate::stats::{Clock, Series, Spread, busy, wall};
use crate::tenants::{MODES, Mode};
use crate::{cold, compartments, keys};

/// One promise.
pub struct Bar {
    /// What is compared with what.
    pub what: String,
    /// By processor time of client and backend: the verdict goes by this.
    pub measured: Spread,
    /// By the clock on the wall.
    pub on_the_wall: Spread,
    limit: Limit,
    /// The verdict goes by the clock on the wall, for which a user waits.
    waits: bool,
    /// Why there is nothing to judge.
    unmeasured: Option<String>,
}

/// What a figure is held to.
#[derive(Clone, Copy)]
pub enum Limit {
    /// A ratio.
    AtLeast(f64),
    /// A ratio.
    AtMost(f64),
    /// A time, in milliseconds.
    Within(f64),
}

impl Bar {
    /// Holds a figure to a limit.
    pub fn new(what: String, limit: Limit, figure: impl Fn(Clock) -> Spread) -> Bar {
        let waits = matches!(limit, Limit::Within(_));
        Bar { what, limit, measured: figure(busy), on_the_wall: figure(wall), waits, unmeasured: None }
    }

    /// The same, if nothing that it needs is missing.
    pub fn unless(self, missing: Option<&str>) -> Bar {
        Bar { unmeasured: missing.map(str::to_owned), ..self }
    }

    /// The limit in words.
    pub fn limit(&self) -> String {
        match self.limit {
            Limit::AtLeast(limit) => format!("at least {limit:.2}"),
            Limit::AtMost(limit) => format!("at most {limit:.2}"),
            Limit::Within(limit) => format!("under {limit:.0} ms"),
        }
    }

    /// Whether there are figures.
    pub fn is_measured(&self) -> bool {
        self.unmeasured.is_none()
    }

    /// `PASS`, or by how much it is missed.
    pub fn verdict(&self) -> String {
        if let Some(why) = &self.unmeasured {
            return why.clone();
        }
        let median = if self.waits { self.on_the_wall.median } else { self.measured.median };
        let (limit, over) = match self.limit {
            Limit::AtLeast(limit) => (limit, limit - median),
            Limit::AtMost(limit) | Limit::Within(limit) => (limit, median - limit),
        };
        if over <= 0.0 { "PASS".into() } else { format!("MISSED by {:.1} %", over / limit * 100.0) }
    }
}

/// All of them.
pub fn all(results: &Results) -> Vec<Bar> {
    let mut bars = statements("", &results.statements);
    bars.extend(context("warm context", &results.setups));
    for (algorithm, series) in results.algorithms.iter().zip(&results.cold) {
        bars.push(verification(algorithm, series));
    }
    let sizes = results.tenants.len();
    let (least, most) = (results.tenants[0], results.tenants[sizes - 1]);
    for ((title, mode), series) in MODES.iter().zip(results.sizes.chunks(sizes)) {
        if matches!(mode, Mode::Session | Mode::Pool) {
            let what = format!("point reads with {most} tenants, relative to {least}: {title}");
            let figure = |clock| series[sizes - 1].speed(&series[0], clock);
            bars.push(Bar::new(what, Limit::AtLeast(0.95), figure));
        }
    }
    bars.extend(searches(&results.search));
    bars.extend(compartments::bars::all(&results.compartments));
    bars.extend(keys::bars::all(&results.keys));
    bars
}

/// A token that the backend has not seen.
pub fn verification(whose: &str, series: &[Series]) -> Bar {
    let what = format!("cold verification, {whose}: `SET LOCAL watertight.token`, in bare library calls");
    Bar::new(what, Limit::AtMost(1.3), |clock| cold::ratio(series, clock))
}

/// A search by an index is as fast as one by hand, or nearly.
pub fn searches(outcomes: &[Outcome]) -> Vec<Bar> {
    let bar = |outcome: &Outcome| {
        let what = format!("search, {}, in times of the hand-written `WHERE`", outcome.family.title);
        let ours = &outcome.series[search::contestants::WATERTIGHT];
        let figure = |clock| ours.with_either(outcome.by_hand(), clock, |own, hand| own / hand);
        let unmeasured = match outcome.state {
            State::Measured => None,
            State::Failed => Some("MISSED: not found as it should be".into()),
            State::Missing(extension) => Some(format!("{extension} is not installed")),
        };
        Bar { unmeasured, ..Bar::new(what, Limit::AtMost(1.1), figure) }
    };
    outcomes.iter().map(bar).collect()
}

/// Row security costs next to nothing.
pub fn statements(whose: &str, raced: &Raced) -> Vec<Bar> {
    let mut bars = Vec::new();
    for (place, workload) in raced.workloads.iter().enumerate().filter(|(_, w)| w.is_promised()) {
        let (hand, ours) = (raced.by_hand(place), raced.ours(place));
        let title = format!("{whose}{}", workload.title);
        if workload.way == Way::Scan {
            let what = format!("{title}, in times of the hand-written `WHERE`");
            let figure = |clock| ours.with_either(hand, clock, |own, hand| own / hand);
            bars.push(Bar::new(what, Limit::AtMost(1.05), figure));
        } else {
            let what = format!("{title}, relative to the hand-written `WHERE`");
            bars.push(Bar::new(what, Limit::AtLeast(0.97), |clock| {
                ours.with_either(hand, clock, |own, hand| hand / own)
            }));
        }
    }
    bars
}

/// Saying whose a transaction is costs little.
pub fn context(whose: &str, setups: &[Series]) -> Vec<Bar> {
    let of = |step: Step, loaded: bool| {
        let place = SETUPS.iter().position(|s| s.step == step && s.loaded == loaded).unwrap_or_default();
        (SETUPS[place].title, &setups[place])
    };
    let [(_, idle), (_, bare)] = [true, false].map(|loaded| of(Step::Nothing, loaded));
    let pairs = [
        (Step::SetToken, Step::SetId),
        (Step::SetToken, Step::SetText),
        (Step::Begin, Step::ConfigId),
        (Step::Begin, Step::ConfigText),
    ];
    pairs
        .map(|(ours, plain)| {
            let ((own, ours), (other, plain)) = (of(ours, true), of(plain, false));
            let what = format!("{whose}: what {own} adds to a transaction, in costs of {other}");
            Bar::new(what, Limit::AtMost(1.5), |clock| {
                ours.with([idle, plain, bare], clock, |own, [idle, plain, bare]| {
                    (own - idle) / (plain - bare)
                })
            })
        })
        .into()
}
