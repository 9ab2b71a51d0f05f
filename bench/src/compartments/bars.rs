//! What compartments have to reach.

use super::crowd::{MODES, Mode, Read, Where};
use super::lives::LIVES;
use super::logins::{LOGINS, POOLED, STEPS};
use super::{Results, report};
use crate::bars::{Bar, Limit, context, statements, verification};
use crate::stats::{Clock, Spread};

/// All of them.
pub fn all(results: &Results) -> Vec<Bar> {
    if !results.is_measured() {
        return Vec::new();
    }
    let mut bars = lives(results);
    bars.extend(logins(results));
    bars.extend(crowd(results));
    bars.extend(statements("in a compartment, ", &results.rows));
    bars.extend(context("warm context, session's token", &results.setups));
    // In a compartment it is also entered, which is more than verification.
    bars.push(verification("session's token (HS256)", &results.cold[0]));
    bars
}

fn lives(results: &Results) -> Vec<Bar> {
    let lives = results.lives();
    let ours = LIVES.iter().zip(&lives).filter(|(life, _)| life.is_ours());
    let bar = |(life, series): (&super::lives::Life, &crate::stats::Series)| {
        let what =
            format!("{}, 20 tables, in times of `CREATE SCHEMA`, DDL, `DROP SCHEMA CASCADE`", life.title);
        let bare = [&lives[0], &lives[1]];
        Bar::new(what, Limit::AtMost(1.5), |clock| series.with_either(bare, clock, |own, bare| own / bare))
    };
    ours.map(bar).collect()
}

fn logins(results: &Results) -> Vec<Bar> {
    let of = |share: f64, name: &str| {
        let what = format!("{} to a {}, {name}", STEPS[0], LOGINS[POOLED].title);
        Bar::new(what, Limit::Within(3.0), |clock| {
            let sittings = results.logins[0][POOLED].laps().chunks(results.login_rounds);
            Spread::of(sittings.map(|laps| report::percentile(laps, clock, share) / 1e6).collect())
        })
    };
    vec![of(0.5, "median"), of(0.99, "99th percentile")]
}

fn crowd(results: &Results) -> Vec<Bar> {
    let [few, many] = results.live;
    let idle = &results.crowd[..2];
    let mut bars = Vec::new();
    for (Mode { title, read, place }, series) in MODES.iter().zip(results.crowd.chunks(2)) {
        let (what, relation, limit, figure): (_, _, _, Box<dyn Fn(Clock) -> Spread>) = match (read, place) {
            (Read::Nothing, Where::Moves | Where::Forgets) => {
                let figure = |clock| {
                    series[1].with([&idle[1], &series[0], &idle[0]], clock, |many, [idle, few, bare]| {
                        (many - idle) / (few - bare)
                    })
                };
                ("context with", "in times of", Limit::AtMost(1.05), Box::new(figure))
            }
            (Read::Shared | Read::Own, Where::Stays | Where::Moves) => {
                let figure = |clock| series[1].speed(&series[0], clock);
                ("point reads with", "relative to", Limit::AtLeast(0.95), Box::new(figure))
            }
            _ => continue,
        };
        let what = format!("{what} {many} live compartments, {relation} {few}: {title}");
        bars.push(Bar::new(what, limit, figure));
    }
    bars
}
