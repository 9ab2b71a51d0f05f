//! Measures Watertight beside its alternatives. `bench/run.sh` starts the servers it needs, and this.

mod bars;
mod cold;
mod compartments;
mod contestant;
mod context;
mod data;
mod keys;
mod machine;
mod options;
mod plans;
mod report;
mod request;
mod results;
mod search;
mod server;
mod statements;
mod stats;
mod table;
mod tenants;
mod wire;

use contestant::CONTESTANTS;
use data::{APP, AUDIENCE, DATABASE, Data, ISSUER, Keys, Order};
use options::{Only, Options};
use results::Results;
use stats::Dice;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Instant;

/// Why there is nothing to report.
#[derive(Debug)]
pub struct Failure(pub String);

/// What may fail here.
pub type Result<T> = std::result::Result<T, Failure>;

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure(error.to_string())
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(Failure(what)) => {
            progress(&format!("error: {what}"));
            ExitCode::FAILURE
        }
    }
}

/// Says what goes on.
pub fn progress(what: &str) {
    static START: OnceLock<Instant> = OnceLock::new();
    let seconds = START.get_or_init(Instant::now).elapsed().as_secs();
    eprintln!("[{:3}m{:02}s] {what}", seconds / 60, seconds % 60);
}

fn run() -> Result<bool> {
    let options = Options::read(std::env::args().skip(1))?;
    let keys = Keys::generate();
    let scale = &options.scale;
    let tables: Vec<&str> = CONTESTANTS.iter().filter(|c| c.loaded).map(|c| c.table).collect();
    let server = &options.server;
    data::make_roles(server, true)?;
    data::make_roles(&options.without, false)?;
    match options.only {
        Only::All => {}
        Only::Search => return only_search(&options, &keys),
        Only::Compartments => return only_compartments(&options, &keys),
        Only::Keys => return only_keys(&options, &keys),
        Only::Rotation => return only_rotation(&options, &keys),
    }
    let main = data::make(server, DATABASE, &tables, Order::Mixed, (scale.tenants, scale.rows), &keys)?;
    data::make_without(&options.without, &main)?;

    progress("rows and plans");
    let mut checks = plans::Checks::default();
    plans::check(server, &main, &CONTESTANTS, &mut checks)?;
    if checks.failed > 0 {
        println!("{} passed, {} failed", checks.passed, checks.failed);
        return Ok(false);
    }
    let sizes = [scale.few, scale.tenants, scale.many].map(|tenants| {
        let rows = scale.tenants * scale.rows / tenants;
        let tables = ["by_hand", "watertight"];
        data::make(server, &format!("tenants_{tenants}"), &tables, Order::ByTenant, (tenants, rows), &keys)
    });
    let [few, some, many] = sizes;
    let mut results = measure(&options, &main, [&few?, &some?, &many?], &keys)?;
    results.search = search::all(&options, &keys, &mut checks)?;
    results.compartments = compartments::all(&options, &keys, &mut checks)?;
    results.keys = keys::all(&options, &keys, &mut checks)?;

    let report = report::text(&options, &results, &machine::Machine::look(server, DATABASE)?);
    println!("{report}");
    if let Some(path) = &options.out {
        std::fs::write(path, &report)?;
        progress(&format!("written: {path}"));
    }
    if let Some(path) = &options.laps {
        std::fs::write(path, results.laps())?;
    }
    println!("{} passed, {} failed", checks.passed, checks.failed);
    Ok(checks.failed == 0)
}

fn only_search(options: &Options, keys: &Keys) -> Result<bool> {
    let mut checks = plans::Checks::default();
    let outcomes = search::all(options, keys, &mut checks)?;
    let machine = machine::Machine::look(&options.server, search::BY_HAND)?;
    println!("{}", report::of_searches(options, &outcomes, &machine));
    println!("{} passed, {} failed", checks.passed, checks.failed);
    Ok(checks.failed == 0)
}

fn only_compartments(options: &Options, keys: &Keys) -> Result<bool> {
    let mut checks = plans::Checks::default();
    let results = compartments::all(options, keys, &mut checks)?;
    if checks.failed > 0 {
        println!("{} passed, {} failed", checks.passed, checks.failed);
        return Ok(false);
    }
    let machine = machine::Machine::look(&options.server, compartments::ROOMS)?;
    println!("{}", report::of_compartments(options, &results, &machine));
    println!("{} passed, {} failed", checks.passed, checks.failed);
    Ok(checks.failed == 0)
}

fn only_keys(options: &Options, keys: &Keys) -> Result<bool> {
    let mut checks = plans::Checks::default();
    let results = keys::all(options, keys, &mut checks)?;
    if checks.failed == 0 {
        let machine = machine::Machine::look(&options.server, keys::DATABASE)?;
        println!("{}", report::of_keys(options, &results, &machine));
    }
    println!("{} passed, {} failed", checks.passed, checks.failed);
    Ok(checks.failed == 0)
}

fn only_rotation(options: &Options, keys: &Keys) -> Result<bool> {
    let mut checks = plans::Checks::default();
    println!("{}", keys::rotation::run(options, keys, &mut checks)?.text());
    println!("{} passed, {} failed", checks.passed, checks.failed);
    Ok(checks.failed == 0)
}

fn measure(options: &Options, main: &Data, sizes: [&Data; 3], keys: &Keys) -> Result<Results> {
    let (server, scale) = (&options.server, &options.scale);
    let tokens: Vec<_> = keys.all().iter().map(|key| cold::tokens(main, key)).collect();
    let mut dice = Dice::new(20);
    let mut next_id = 1_000_000_000;
    let mut results = Results::new(sizes.map(|data| data.tenants.len()), keys);
    for sitting in 1..=scale.sittings {
        let at = |what: &str| progress(&format!("{sitting} of {}: {what}", scale.sittings));
        if sitting > 1 {
            at("moving the tables");
            main.move_tables(&options.without, &data::WITHOUT, &mut dice)?;
            for data in [main].iter().chain(&sizes) {
                data.move_tables(server, &data.tables, &mut dice)?;
            }
        }
        let servers = [server, &options.without];
        statements::sit(
            &mut results.statements,
            main,
            servers,
            scale.rounds,
            (&mut next_id, &mut dice),
            &at,
        )?;
        at("context");
        let mut race = context::Setups::open([server, &options.without], main)?;
        stats::run(&mut race, scale.rounds, &mut dice, &mut results.setups)?;
        at("whole transactions");
        let mut race = context::Transactions::open(server, main)?;
        stats::run(&mut race, scale.rounds, &mut dice, &mut results.transactions)?;
        for ((key, tokens), series) in keys.all().iter().zip(&tokens).zip(&mut results.cold) {
            at(&format!("cold tokens, {}", key.algorithm()));
            let mut race = cold::Cold::open(server, (APP, DATABASE), key, (ISSUER, Some(AUDIENCE)), tokens)?;
            stats::run(&mut race, scale.rounds.div_ceil(2), &mut dice, series)?;
        }
        at("few tenants and many");
        let mut race = tenants::Sizes::open(server, &sizes)?;
        stats::run(&mut race, scale.rounds, &mut dice, &mut results.sizes)?;
    }
    Ok(results)
}
