//! The report, as Markdown that is also readable as it stands.

use crate::bars;
use crate::cold;
use crate::contestant::{CONTESTANTS, CONTROL};
use crate::context::{SETUPS, TRANSACTIONS};
use crate::machine::Machine;
use crate::options::Options;
use crate::results::Results;
use crate::statements::WORKLOADS;
use crate::stats::{Clock, Series, Spread, server, wall};
use crate::tenants::MODES;

/// A table whose columns line up.
struct Table(Vec<Vec<String>>);

impl Table {
    fn new(titles: impl IntoIterator<Item = impl Into<String>>) -> Table {
        Table(vec![titles.into_iter().map(Into::into).collect()])
    }

    fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.push(cells.into_iter().collect());
    }

    fn text(&self) -> String {
        let width = |column: usize| self.0.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.0[0].len()).map(width).collect();
        let line = |row: &[String]| {
            let cells = row.iter().zip(&widths).enumerate().map(|(n, (cell, width))| {
                if n == 0 { format!(" {cell:<width$} ") } else { format!(" {cell:>width$} ") }
            });
            format!("|{}|\n", cells.collect::<Vec<_>>().join("|"))
        };
        let rule = widths
            .iter()
            .enumerate()
            .map(|(n, w)| if n == 0 { "-".repeat(w + 2) } else { format!("{}:", "-".repeat(w + 1)) });
        let rule = format!("|{}|\n", rule.collect::<Vec<_>>().join("|"));
        line(&self.0[0]) + &rule + &self.0[1..].iter().map(|row| line(row)).collect::<String>()
    }
}

fn spread(figure: Spread) -> String {
    format!("{:.3} ({:.2}-{:.2})", figure.median, figure.low, figure.high)
}

fn micros(nanos: f64) -> String {
    format!("{:.2}", nanos / 1000.0)
}

/// The whole report.
pub fn text(options: &Options, results: &Results, machine: &Machine) -> String {
    let parts = [
        "# Benchmarks\n\nWritten by `make bench`. Do not edit; measure again.\n".to_owned(),
        head(options, results, machine),
        promises(results),
        statements(results),
        context(results),
        transactions(results),
        verification(results),
        sizes(results),
        method(options, machine),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn head(options: &Options, results: &Results, machine: &Machine) -> String {
    let mut table = Table::new(["where and when", ""]);
    let mut say = |what: &str, value: String| table.row([what.to_owned(), value]);
    say("date", machine.date.clone());
    say("PostgreSQL", machine.postgres.clone());
    say("Watertight", machine.watertight.clone());
    say("processor", format!("{}, {} of them", machine.processor, machine.processors));
    say("memory", format!("{:.1} GiB", machine.memory));
    say("load while measuring (15 minutes' average; 1 is this benchmark)", machine.load.clone());
    let control = results.statements[0][CONTROL].speed(&results.statements[0][0], wall);
    say("control: the same point read twice, should be 1", spread(control));
    let mut text = table.text();
    if options.debug_build {
        text += "\n**The library carries debug information: if this was a debug build, the figures mean nothing.**\n";
    }
    if options.small {
        text += "\n**A smoke run: few rows, few rounds. The figures mean nothing.**\n";
    } else if (control.median - 1.0).abs() > 0.01 || control.low < 0.9 || control.high > 1.1 {
        text += "\n**The control is not 1: the machine was busy, and differences of a few percent mean nothing.**\n";
    }
    text
}

fn promises(results: &Results) -> String {
    let mut table = Table::new(["what was promised", "limit", "measured (p10-p90)", "verdict"]);
    for bar in bars::all(results) {
        table.row([bar.what.clone(), bar.limit(), spread(bar.measured()), bar.verdict()]);
    }
    format!("## Promises\n\n{}", table.text())
}

fn statements(results: &Results) -> String {
    let relative = |clock: Clock| {
        let titles = CONTESTANTS.iter().skip(1).map(|c| c.title);
        let mut table = Table::new(["", "hand-written, us"].into_iter().chain(titles));
        for (workload, series) in WORKLOADS.iter().zip(&results.statements) {
            let others = series.iter().skip(1).map(|s| spread(s.speed(&series[0], clock)));
            table.row([workload.title.to_owned(), micros(series[0].median(clock))].into_iter().chain(others));
        }
        table.text()
    };
    format!(
        "## Statements\n\n\
         In a session that has its context. How fast, relative to the hand-written `WHERE tenant_id = $1` without row \
         security (1 is as fast, 2 twice as fast), as a client sees it:\n\n{}\n\
         The same by the processor time of the backend alone, which neither the client nor other programs blur:\n\n{}",
        relative(wall),
        relative(server)
    )
}

fn context(results: &Results) -> String {
    let nothing = &results.setups[0];
    let mut table = Table::new(["", "adds, us (p10-p90)", "by processor time of the backend, us"]);
    for ((title, _), series) in SETUPS.iter().zip(&results.setups).skip(1) {
        let added = |clock: Clock| series.with([nothing], clock, |own, [nothing]| (own - nothing) / 1000.0);
        table.row([(*title).to_owned(), spread(added(wall)), spread(added(server))]);
    }
    format!(
        "## Context: what the set-up adds to a transaction\n\n\
         `BEGIN; set-up; SELECT 1; COMMIT`, pipelined, with tokens the backend has seen before. Without a set-up such a \
         transaction takes {} us. A `SET LOCAL` is parsed each time, `set_config` and `begin` are prepared.\n\n{}",
        micros(nothing.median(wall)),
        table.text()
    )
}

fn transactions(results: &Results) -> String {
    let first = &results.transactions[0];
    let mut table = Table::new(["", "us", "speed relative to the first"]);
    for ((title, ..), series) in TRANSACTIONS.iter().zip(&results.transactions) {
        table.row([(*title).to_owned(), micros(series.median(wall)), spread(series.speed(first, wall))]);
    }
    format!(
        "## Whole transactions\n\n\
         `BEGIN; set-up; point read; COMMIT` in one network round, of another tenant each time.\n\n{}",
        table.text()
    )
}

fn verification(results: &Results) -> String {
    let mut table = Table::new([
        "algorithm",
        "library call, us",
        "cold begin(), more than a plain setting, us",
        "ratio",
        "first use of a cold token adds, us",
    ]);
    for (algorithm, series) in results.algorithms.iter().zip(&results.cold) {
        let [plain, begin, used, library] =
            [cold::PLAIN, cold::BEGIN, cold::USED, cold::LIBRARY].map(|place| &series[place]);
        let more = |all: &Series, base: &Series| all.with([base], wall, |all, [base]| (all - base) / 1000.0);
        let ratio = begin.with([plain, library], wall, |begin, [plain, library]| (begin - plain) / library);
        table.row([
            (*algorithm).to_owned(),
            micros(library.median(wall)),
            spread(more(begin, plain)),
            spread(ratio),
            spread(more(used, begin)),
        ]);
    }
    format!(
        "## Cold tokens\n\n\
         Tokens that the backend does not remember: `watertight.begin($1)` less `set_config($1)` of a plain setting with \
         the same token, beside `jsonwebtoken::decode` of the same tokens with issuer and audience checked, in the \
         client, on the same processor. The first use asks the registry.\n\n{}",
        table.text()
    )
}

fn sizes(results: &Results) -> String {
    let count = results.tenants.len();
    let titles = results.tenants.iter().map(|n| format!("{n} tenants, us"));
    let (least, most) = (results.tenants[0], results.tenants[count - 1]);
    let last = format!("speed with {most}, relative to {least}");
    let mut table = Table::new([String::new()].into_iter().chain(titles).chain([last]));
    for ((title, _), series) in MODES.iter().zip(results.sizes.chunks(count)) {
        let times = series.iter().map(|s| micros(s.median(wall)));
        let last = spread(series[count - 1].speed(&series[0], wall));
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
         * The contestants of a workload share one backend, except the one whose server does not load the library. They \
         take turns in {} rounds of {} sittings, each time in a new random order; each sitting has new backends. A \
         figure is the median of the ratios of laps in the same round, with the range from the 10th to the 90th \
         percentile.\n\
         * Prepared statements have reached their generic plan. Writes are rolled back. Parameters are binary. The \
         client sends requests encoded beforehand and only counts what comes back.\n\
         * Settings: {}.\n",
        scale.tenants, scale.rows, scale.rounds, scale.sittings, machine.settings
    )
}
