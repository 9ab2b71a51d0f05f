//! What the report says of searches.

use super::contestants::{CONTESTANTS, CONTROL};
use super::families::{FAMILIES, Plan};
use super::{How, Outcome, State};
use crate::options::Options;
use crate::stats::{Spread, busy};
use crate::table::{Table, micros, spread};

/// By hand in one backend beside by hand in another.
pub fn control(outcomes: &[Outcome]) -> Spread {
    let mut measured = outcomes.iter().filter(|outcome| outcome.state == State::Measured);
    let first = measured.next().or(outcomes.first());
    first.map_or(Spread { median: f64::NAN, low: f64::NAN, high: f64::NAN }, |outcome| {
        outcome.series[CONTROL].speed(&outcome.series[0], busy)
    })
}

/// The section.
pub fn text(outcomes: &[Outcome]) -> String {
    format!(
        "## Search indexes\n\n\
         Searches that an index answers, where it has rows of all tenants. How fast, relative to the hand-written \
         `WHERE tenant_id = $1 AND ...` without row security (1 is as fast, 2 twice as fast), by processor time of client \
         and backend together. There are two backends that search by hand, each in a copy of the tables: what the second says beside \
         the first is the error of the measurement, and the others are compared with both.\n\n{}\n\
         Whether they search by that index, and whether they keep one plan for all arguments:\n\n{}\n\
         With patterns ({}), all plan each execution anew (`plan_cache_mode = force_custom_plan`): a plan \
         for all patterns keeps them behind the predicate, because some patterns fail for some texts, and \
         PostgreSQL would choose it, or not, by its own estimates. All others are left to PostgreSQL (`auto`).\n",
        speeds(outcomes),
        plans(outcomes),
        patterns()
    )
}

fn speeds(outcomes: &[Outcome]) -> String {
    let titles = CONTESTANTS.iter().skip(1).map(|who| who.title);
    let mut table = Table::new(["", "hand-written, us"].into_iter().chain(titles));
    for outcome in outcomes {
        let (series, by_hand) = (&outcome.series, outcome.by_hand());
        let mut row = vec![outcome.family.title.to_owned()];
        if let Some(why) = unmeasured(outcome) {
            row.push(why);
            row.resize(CONTESTANTS.len() + 1, "-".into());
        } else {
            row.push(micros(by_hand[0].median(busy)));
            row.push(spread(series[CONTROL].speed(&series[0], busy)));
            let others = series[CONTROL + 1..].iter();
            row.extend(others.map(|s| spread(s.with_either(by_hand, busy, |own, hand| hand / own))));
        }
        table.row(row);
    }
    table.text()
}

fn unmeasured(outcome: &Outcome) -> Option<String> {
    match outcome.state {
        State::Measured => None,
        State::Failed => Some("not measured".into()),
        State::Missing(extension) => Some(format!("{extension} is not installed")),
    }
}

fn plans(outcomes: &[Outcome]) -> String {
    let shown = || CONTESTANTS.iter().enumerate().filter(|(place, _)| *place != CONTROL);
    let mut table = Table::new([""].into_iter().chain(shown().map(|(_, who)| who.title)));
    for outcome in outcomes {
        let how = |(place, _)| outcome.hows.get(place).map_or("-".to_owned(), words);
        table.row([outcome.family.title.to_owned()].into_iter().chain(shown().map(how)));
    }
    table.text()
}

fn words(how: &How) -> String {
    let index = if how.by_index { "index" } else { "no index" };
    let plan = if how.kept { "kept plan" } else { "new plans" };
    format!("{index}, {plan}")
}

fn patterns() -> String {
    let titles = FAMILIES.iter().filter(|family| family.plan == Plan::EachTime).map(|family| family.title);
    titles.collect::<Vec<_>>().join("; ")
}

/// How it is measured.
pub fn method(options: &Options) -> String {
    let scale = &options.scale;
    format!(
        "* Searches: {} tenants x {} rows in each table, mixed, with a primary key `(tenant_id, id)` and the index searched \
         by; most searches find 3 rows of the tenant, and in the index those of the 19 others. PostGIS, pgvector and the others \
         are measured where they are installed. Before anything is measured, all must find the same rows, and both the \
         hand-written and Watertight's searches must use the index. Each contestant has a backend of its own, because \
         plans depend on settings; all databases of a server are copies of the same files, and are not written anew. The server without the library \
         has statistics of another sample, and so now and then another plan. \
         Arguments are text, which the server reads. {} rounds of {} sittings; who takes long repeats less in a round.\n\
         * The nearest vectors: `hnsw.iterative_scan = strict_order`, `hnsw.ef_search = 200` for all, so that the index \
         finds ten of the tenant.\n",
        scale.searchers, scale.search_rows, scale.search_rounds, scale.sittings
    )
}
