//! The report, as Markdown that is also readable as it stands.

use crate::bars::{self, Bar};
use crate::cold;
use crate::compartments;
use crate::contestant::CONTROL;
use crate::context::{SETUPS, Step, TRANSACTIONS};
use crate::keys;
use crate::machine::Machine;
use crate::options::Options;
use crate::results::{Raced, Results};
use crate::search::{self, Outcome};
use crate::stats::{Clock, Series, Spread, busy, server};
use crate::table::{Table, micros, spread};
use crate::tenants::MODES;

/// The whole report.
pub fn text(options: &Options, results: &Results, machine: &Machine) -> String {
    let control = results.statements.control();
    let control = ("the hand-written point read in another table", control);
    let parts = [
        "# Benchmarks\n\nWritten by `make bench`. Do not edit; measure again.\n".to_owned(),
        head(options, machine, control),
        promises(&bars::all(results)),
        statements(results),
        context(results),
        transactions(results),
        verification(results),
        sizes(results),
        search::report::text(&results.search),
        compartments::report::text(&results.compartments),
        keys::report::text(&results.keys),
        method(options, machine),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
        + &search::report::method(options)
        + &compartments::report::method(options)
        + &keys::report::method(options)
}

/// A report of compartments alone.
pub fn of_compartments(options: &Options, results: &compartments::Results, machine: &Machine) -> String {
    let control = ("the hand-written point read in another table", results.rows.control());
    let parts = [
        head(options, machine, control),
        promises(&compartments::bars::all(results)),
        compartments::report::text(results),
        compartments::report::method(options),
    ];
    parts.join("\n")
}

/// A report of keys alone.
pub fn of_keys(options: &Options, results: &keys::Results, machine: &Machine) -> String {
    let parts = [
        head(options, machine, ("a lookup in another table of plain text", results.control())),
        promises(&keys::bars::all(results)),
        keys::report::text(results),
        keys::report::method(options),
    ];
    parts.join("\n")
}

/// A report of the searches alone.
pub fn of_searches(options: &Options, outcomes: &[Outcome], machine: &Machine) -> String {
    let control = ("a hand-written search in another backend", search::report::control(outcomes));
    let parts = [
        head(options, machine, control),
        promises(&bars::searches(outcomes)),
        search::report::text(outcomes),
        search::report::method(options),
    ];
    parts.join("\n")
}

fn head(options: &Options, machine: &Machine, (what, control): (&str, Spread)) -> String {
    let mut table = Table::new(["where and when", ""]);
    let mut say = |what: &str, value: String| table.row([what.to_owned(), value]);
    say("date", machine.date.clone());
    say("PostgreSQL", machine.postgres.clone());
    say("Watertight", machine.watertight.clone());
    say("processor", format!("{}, {} of them", machine.processor, machine.processors));
    say("memory", format!("{:.1} GiB", machine.memory));
    say("load while measuring (15 minutes' average; 1 is this benchmark)", machine.load.clone());
    say(&format!("control: {what}, should be 1"), spread(control));
    let mut text = table.text();
    if options.debug_build {
        text += "\n**The library carries debug information: if this was a debug build, the figures mean nothing.**\n";
    }
    if machine.asserts {
        text += "\n**This PostgreSQL was built with assertions: the figures mean nothing.**\n";
    }
    if options.small {
        text += "\n**A smoke run: few rows, few rounds. The figures mean nothing.**\n";
    } else if (control.median - 1.0).abs() > 0.01 || control.low < 0.9 || control.high > 1.1 {
        text += "\n**The control is not 1: the machine was busy, and differences of a few percent mean nothing.**\n";
    }
    text
}

fn promises(bars: &[Bar]) -> String {
    let mut table =
        Table::new(["what was promised", "limit", "measured (p10-p90)", "on the wall", "verdict"]);
    for bar in bars {
        let figures = [bar.measured, bar.on_the_wall];
        let [measured, wall] =
            figures.map(|figure| if bar.is_measured() { spread(figure) } else { "-".into() });
        table.row([bar.what.clone(), bar.limit(), measured, wall, bar.verdict()]);
    }
    let kept = bars.iter().filter(|bar| bar.verdict() == "PASS").count();
    let others: String = bars
        .iter()
        .filter(|bar| bar.verdict() != "PASS")
        .map(|bar| format!("* {}: {}\n", bar.what, bar.verdict()))
        .collect();
    format!(
        "## Promises\n\n\
         {kept} of {} are kept.{}\n\n{others}\n\
         Measured is the processor time of client and backend together. They take turns on one processor, so this is what \
         the clock on the wall shows when nothing else runs; beside it, what it did show. Where the library's worker takes part, its \
         processor time counts. For limits in milliseconds the verdict goes by the clock on the wall.\n\n{}",
        bars.len(),
        if others.is_empty() { "" } else { " Not:" },
        table.text()
    )
}

/// How fast everybody's statements are, relative to the hand-written ones.
pub fn relative(raced: &Raced, clock: Clock) -> String {
    let titles = raced.contestants.iter().skip(1).map(|c| c.title);
    let mut table = Table::new(["", "hand-written, us"].into_iter().chain(titles));
    for (place, (workload, series)) in raced.workloads.iter().zip(&raced.series).enumerate() {
        let by_hand = raced.by_hand(place);
        let mut row = vec![workload.title.to_owned(), micros(by_hand[0].median(clock))];
        row.push(spread(series[CONTROL].speed(&series[0], clock)));
        row.extend(
            series[CONTROL + 1..]
                .iter()
                .map(|s| spread(s.with_either(by_hand, clock, |own, hand| hand / own))),
        );
        table.row(row);
    }
    table.text()
}

fn statements(results: &Results) -> String {
    format!(
        "## Statements\n\n\
         In a session that has its context. How fast, relative to the hand-written `WHERE tenant_id = $1` without row \
         security (1 is as fast, 2 twice as fast), by processor time of client and backend together. There are two \
         hand-written tables: what the second says beside the first is the error of the measurement, and the others \
         are compared with both.\n\n{}\n\
         The same by the processor time of the backend alone:\n\n{}",
        relative(&results.statements, busy),
        relative(&results.statements, server)
    )
}

/// What the set-up adds.
pub fn setups(series: &[Series]) -> String {
    let mut table = Table::new(["", "adds, us (p10-p90)", "in the backend alone, us"]);
    let all = series;
    for (setup, series) in SETUPS.iter().zip(all).filter(|(setup, _)| setup.step != Step::Nothing) {
        let nothing = &all[usize::from(!setup.loaded)];
        let added = |clock: Clock| series.with([nothing], clock, |own, [nothing]| (own - nothing) / 1000.0);
        table.row([setup.title.to_owned(), spread(added(busy)), spread(added(server))]);
    }
    table.text()
}

fn context(results: &Results) -> String {
    format!(
        "## Context: what the set-up adds to a transaction\n\n\
         `BEGIN; set-up; SELECT 1; COMMIT`, pipelined, with tokens the backend has seen before. Without a set-up such a \
         transaction takes {} us, and {} us where the library is not loaded. A `SET LOCAL` is parsed each time, \
         `set_config` and `begin` are prepared.\n\n{}",
        micros(results.setups[0].median(busy)),
        micros(results.setups[1].median(busy)),
        setups(&results.setups)
    )
}

fn transactions(results: &Results) -> String {
    let first = &results.transactions[0];
    let mut table = Table::new(["", "us", "speed relative to the first"]);
    for ((title, ..), series) in TRANSACTIONS.iter().zip(&results.transactions) {
        table.row([(*title).to_owned(), micros(series.median(busy)), spread(series.speed(first, busy))]);
    }
    format!(
        "## Whole transactions\n\n\
         `BEGIN; set-up; point read; COMMIT` in one network round, of another tenant each time.\n\n{}",
        table.text()
    )
}

/// What tokens cost that the backend does not remember, by the algorithm of their signature.
pub fn verified<'a>(cold: impl Iterator<Item = (&'a str, &'a Vec<Series>)>) -> String {
    let mut table = Table::new([
        "algorithm",
        "library call, us",
        "cold SET LOCAL above a plain one, us",
        "in library calls",
        "cold begin() above set_config(), us",
    ]);
    let more = |all: &Series, base: &Series| all.with([base], busy, |all, [base]| (all - base) / 1000.0);
    for (algorithm, series) in cold {
        table.row([
            algorithm.to_owned(),
            micros(series[cold::LIBRARY].median(busy)),
            spread(more(&series[cold::TOKEN], &series[cold::PLAIN])),
            spread(cold::ratio(series, busy)),
            spread(more(&series[cold::BEGIN], &series[cold::CONFIG])),
        ]);
    }
    table.text()
}

fn verification(results: &Results) -> String {
    format!(
        "## Cold tokens\n\n\
         Tokens that the backend does not remember: `SET LOCAL watertight.token` less `SET LOCAL` of a plain setting with \
         another text of that length, which is the verification; beside it `jsonwebtoken::decode` of such tokens with issuer and \
         audience checked, in the client, on the same processor. `begin()` also asks the registry, which `SET LOCAL` \
         leaves to the first use.\n\n{}",
        verified(results.algorithms.iter().copied().zip(&results.cold))
    )
}

fn sizes(results: &Results) -> String {
    let count = results.tenants.len();
    let titles = results.tenants.iter().map(|n| format!("{n} tenants, us"));
    let (least, most) = (results.tenants[0], results.tenants[count - 1]);
    let last = format!("speed with {most}, relative to {least}");
    let mut table = Table::new([String::new()].into_iter().chain(titles).chain([last]));
    for ((title, _), series) in MODES.iter().zip(results.sizes.chunks(count)) {
        let times = series.iter().map(|s| micros(s.median(busy)));
        let last = spread(series[count - 1].speed(&series[0], busy));
        table.row([(*title).to_owned()].into_iter().chain(times).chain([last]));
    }
    format!(
        "## Few tenants and many\n\n\
         Point reads in tables with the same number of rows, divided among more tenants. A backend that serves more \
         tenants than `watertight.token_cache_size` verifies most tokens again.\n\n{}",
        table.text()
    )
}

fn method(options: &Options, machine: &Machine) -> String {
    let scale = &options.scale;
    format!(
        "## How it is measured\n\n\
         * One table a contestant, with the same {} tenants x {} rows in the same order, mixed as they are where tenants \
         work at the same time; a primary key `(tenant_id, id)` and an index `(tenant_id, created_at)`. Before anything \
         is measured, all contestants must find the same rows by the plans they should have.\n\
         * An ordinary role. Client and backend take turns on one processor, so that no time is spent on waking another.\n\
         * Between sittings all tables are written anew, because where in memory a table lies makes a difference.\n\
         * The contestants of a workload share one backend, except the one whose server does not load the library. They \
         take turns in {} rounds of {} sittings, each time in a new random order; each sitting has new backends. A \
         figure is the median of the ratios of laps in the same round, with the range from the 10th to the 90th \
         percentile.\n\
         * Prepared statements have reached their generic plan. Writes are committed, except inside a transaction, \
         where they are rolled back. Parameters are binary. The \
         client sends requests encoded beforehand and only counts what comes back.\n\
         * Settings: {}.\n",
        scale.tenants, scale.rows, scale.rounds, scale.sittings, machine.settings
    )
}
