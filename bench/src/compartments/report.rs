//! What the report says of compartments.

use super::Results;
use super::activity::{TOKENS, WAYS};
use super::bloat::Weight;
use super::crowd::MODES;
use super::lives::LIVES;
use super::logins::{LOGINS, POOL, STEPS};
use super::rows::COLD;
use crate::cold;
use crate::options::Options;
use crate::report::{relative, setups, verified};
use crate::server::Lap;
use crate::stats::{Clock, busy, percentile as of_figures, server, wall};
use crate::table::{Table, micros, spread};

/// The figure that this share of the laps does not exceed.
pub fn percentile(laps: &[Lap], clock: Clock, share: f64) -> f64 {
    of_figures(laps.iter().map(clock).collect(), share)
}

/// The section.
pub fn text(results: &Results) -> String {
    if !results.is_measured() {
        return String::new();
    }
    let parts = [
        "## Compartments\n".to_owned(),
        lives(results),
        logins(results),
        crowd(results),
        statements(results),
        sessions(results),
        activity(results),
        bloat(&results.bloat),
    ];
    parts.join("\n")
}

/// Nanoseconds as milliseconds.
fn millis(nanos: f64) -> String {
    format!("{:.2}", nanos / 1e6)
}

fn lives(results: &Results) -> String {
    let lives = results.lives();
    let titles = [
        "",
        "made, ms",
        "destroyed, ms",
        "together, ms",
        "processor, ms",
        "in times of the first",
        "on the wall",
    ];
    let mut table = Table::new(titles);
    for (place, life) in LIVES.iter().enumerate() {
        let bases = [&lives[0], &lives[1]];
        let times = |clock: Clock| {
            spread(match place {
                0 | 1 => lives[place].with([&lives[0]], clock, |own, [base]| own / base),
                _ => lives[place].with_either(bases, clock, |own, base| own / base),
            })
        };
        table.row([
            life.title.to_owned(),
            millis(results.made[place].median(wall)),
            millis(results.destroyed[place].median(wall)),
            millis(lives[place].median(wall)),
            millis(lives[place].median(busy)),
            times(busy),
            times(wall),
        ]);
    }
    format!(
        "### Made and destroyed\n\n\
         20 tables with a primary key, two more indexes, a foreign key, an identity, a comment and a grant each. The DDL is \
         sent in one piece, as the owner of the schema; compartments are cloned from a template. Made, destroyed and together \
         are by the clock on the wall, until nothing remains; the processor's time is that of client, backend and the library's \
         worker together, and the comparison is by it. For each unlogged sequence that \
         PostgreSQL creates it looks through all of `shared_buffers`; the sequences of a clone are logged.\n\n{}",
        table.text()
    )
}

fn logins(results: &Results) -> String {
    let mut table = Table::new(["", "step", "median, ms", "99th percentile, ms", "processor, ms"]);
    for (place, login) in LOGINS.iter().enumerate() {
        for (step, series) in STEPS.iter().zip(&results.logins) {
            let laps = series[place].laps();
            table.row([
                login.title.to_owned(),
                (*step).to_owned(),
                millis(percentile(laps, wall, 0.5)),
                millis(percentile(laps, wall, 0.99)),
                millis(percentile(laps, busy, 0.5)),
            ]);
        }
    }
    format!(
        "### Logging in\n\n\
         By the clock on the wall, one login at a time, {POOL} clones ready before; the worker makes new ones meanwhile, and the processor's \
         time includes what it does of that. A transaction is `BEGIN; begin(); a point read; COMMIT` in one network round. Nothing is \
         synced to disk here.\n\n{}",
        table.text()
    )
}

fn crowd(results: &Results) -> String {
    let [few, many] = results.live;
    let titles = [
        String::new(),
        format!("{few}, us"),
        format!("{many}, us"),
        format!("speed with {many}, relative to {few}"),
    ];
    let mut table = Table::new(titles);
    for (mode, series) in MODES.iter().zip(results.crowd.chunks(2)) {
        let speed = spread(series[1].speed(&series[0], busy));
        table.row([
            mode.title.to_owned(),
            micros(series[0].median(busy)),
            micros(series[1].median(busy)),
            speed,
        ]);
    }
    format!(
        "### Few live compartments and many\n\n\
         Databases with {few} and with {many} persistent compartments, each with 20 tables of its own, an open session, and rows \
         in a shared table, which has as many rows in both. A backend works in ten of them. (Where it says all, it has more to \
         remember: that is for information.) `begin()` is `BEGIN; begin(); SELECT 1; COMMIT`; the others read one row.\n\n{}",
        table.text()
    )
}

fn statements(results: &Results) -> String {
    format!(
        "### Statements on tables with a compartment column\n\n\
         In a session of a compartment, relative to the hand-written `WHERE tenant_id = $1 AND compartment_id = $2` without row \
         security, as in \"Statements\".\n\n{}\n\
         The same by the processor time of the backend alone:\n\n{}",
        relative(&results.rows, busy),
        relative(&results.rows, server)
    )
}

fn sessions(results: &Results) -> String {
    format!(
        "### Context: sessions' tokens\n\n\
         As in \"Context\" and \"Cold tokens\", with tokens that `login()` has given out (HS256, and a slot in shared memory). Where \
         compartments are switched on, `SET LOCAL` also enters the compartment, so it asks the registry at once.\n\n{}\n{}",
        setups(&results.setups),
        verified(COLD.into_iter().zip(&results.cold))
    )
}

fn activity(results: &Results) -> String {
    let mut table = Table::new(
        ["".to_owned(), format!("{}, us", TOKENS[0])]
            .into_iter()
            .chain(TOKENS[1..].iter().map(|title| format!("{title}, adds ns"))),
    );
    for ((way, ..), series) in WAYS.iter().zip(&results.activity) {
        let adds =
            |own: &crate::stats::Series| spread(own.with([&series[0]], busy, |own, [base]| own - base));
        let more = series[1..].iter().map(adds);
        table.row([(*way).to_owned(), micros(series[0].median(busy))].into_iter().chain(more));
    }
    format!(
        "### Activity\n\n\
         Each statement under a session's token says that the session is active, and asks whether it goes on. The same read of the \
         same rows under a token of the issuer that names the compartment:\n\n{}",
        table.text()
    )
}

fn bloat(weights: &[Weight]) -> String {
    let mut table = Table::new(["", "compartments, MB", "DDL, library not loaded, MB"]);
    let megabytes = |bytes: f64| format!("{:.1}", bytes / 1e6);
    for Weight { title, ours, bare } in weights {
        table.row([title.clone(), megabytes(*ours), megabytes(*bare)]);
    }
    format!(
        "### What is left in the catalogs\n\n\
         The size of a database's catalogs with their indexes while ephemeral compartments of 20 tables come and go, one after the other, and as \
         many schemas with the same tables in the server without the library. Autovacuum is on, with its defaults, in both.\n\n{}",
        table.text()
    )
}

/// How it is measured.
pub fn method(options: &Options) -> String {
    let scale = &options.scale;
    format!(
        "* Compartments: a database each for the parts above. Tables with a compartment column have {} compartments x {} rows, ten \
         compartments a tenant, a primary key `(tenant_id, compartment_id, id)`, an index `(tenant_id, compartment_id, created_at)`, and an open session in each \
         compartment. Making and destroying: {} rounds of {} sittings; before each turn the catalogs are vacuumed, for all alike. \
         All have made the same before (as many tables, columns, indexes, sequences, constraints, comments and grants) and left nothing. \
         Sessions are remembered by the server, not by the database: there are {} more of them than those in the compartments.\n",
        scale.tenants.div_ceil(10) * 10,
        scale.rows,
        scale.rounds.div_ceil(4),
        scale.sittings,
        2 * cold::TOKENS
    )
}
