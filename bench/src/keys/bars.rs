//! What sealing has to reach.

use super::ciphers::{BY_HAND, CIPHERS, OURS, PGP};
use super::{Results, bulk, inserts, lookups, rotation, values};
use crate::bars::{Bar, Limit};
use crate::stats::{Clock, Spread};

/// All of them.
pub fn all(results: &Results) -> Vec<Bar> {
    if !results.is_measured() {
        return Vec::new();
    }
    let mut bars = of_values(results);
    for ((title, _), series) in inserts::WAYS.iter().zip(&results.inserts) {
        // The first two are plain text; there is no index, so a searchable column is not what is promised.
        let sealed = inserts::TABLES
            .iter()
            .zip(series)
            .skip(2)
            .filter(|(kept, _)| kept.kind.ends_with("encrypted_text"));
        for (kept, own) in sealed {
            let what = format!("{title}, {}, relative to `text`", kept.title);
            let figure = |clock| own.with_either([&series[0], &series[1]], clock, |own, plain| plain / own);
            bars.push(Bar::new(what, Limit::AtLeast(0.9), figure));
        }
    }
    for ((title, _), series) in bulk::WAYS.iter().zip(&results.bulk) {
        let what = format!("{title}, {}, relative to `text`", bulk::TABLES[bulk::SEALED].title);
        let own = &series[bulk::SEALED];
        let figure = |clock| own.with_either([&series[0], &series[1]], clock, |own, plain| plain / own);
        bars.push(Bar::new(what, Limit::AtLeast(0.9), figure));
    }
    for ((title, _), series) in lookups::WAYS.iter().zip(&results.lookups) {
        let what = format!(
            "lookup by an index in {} rows, `searchable_text`, {title}, in times of `text`",
            results.rows
        );
        let own = &series[lookups::SEALED];
        let figure = |clock| own.with_either([&series[0], &series[1]], clock, |own, plain| own / plain);
        bars.push(Bar::new(what, Limit::AtMost(1.3), figure));
    }
    if let Some(rotation) = &results.rotation {
        let longest = rotation.longest();
        let what = format!("{}: the longest transaction of a client", rotation.title());
        let figure = |_: Clock| Spread { median: longest, low: longest, high: longest };
        bars.push(Bar::new(what, Limit::Within(rotation::STALL), figure));
    }
    bars
}

fn of_values(results: &Results) -> Vec<Bar> {
    let mut bars = Vec::new();
    let missing = (!results.pgcrypto).then_some("pgcrypto is not installed");
    for ((title, _, size), series) in values::races().zip(&results.values) {
        for (other, limit) in [(PGP, 100.0), (BY_HAND, 3.0)] {
            let what = format!("{title} {size} bytes, values a second relative to {}", CIPHERS[other].title);
            let figure = |clock| values::times(series, [OURS, other], clock);
            bars.push(Bar::new(what, Limit::AtLeast(limit), figure).unless(missing));
        }
        let what = format!("{title} {size} bytes, in turns of a bare loop");
        bars.push(Bar::new(what, Limit::AtMost(2.0), |clock| values::in_bare(series, OURS, clock)));
    }
    bars
}
