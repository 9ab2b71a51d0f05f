//! Keys: what sealed values cost where they are made and read, in tables, and where they are looked for.

mod bare;
pub mod bars;
mod bulk;
mod ciphers;
mod house;
mod inserts;
mod lookups;
pub mod report;
pub mod rotation;
mod values;

pub use house::DATABASE;

use crate::data::Keys;
use crate::options::Options;
use crate::plans::Checks;
use crate::results::rows_of;
use crate::stats::{Dice, Series, Spread, busy, run};
use crate::{Result, progress};

/// Everything that was measured.
pub struct Results {
    /// Sealing and opening, in the order of [`values::races`].
    values: Vec<Vec<Series>>,
    /// By way.
    inserts: Vec<Vec<Series>>,
    /// By way.
    bulk: Vec<Vec<Series>>,
    /// By way.
    lookups: Vec<Vec<Series>>,
    /// Rows of the tables that are searched.
    rows: usize,
    /// Rows that came into a table at once.
    at_once: usize,
    /// Whether the server has it.
    pgcrypto: bool,
    rotation: Option<rotation::Rotation>,
}

impl Results {
    /// Nothing yet.
    pub fn new() -> Results {
        Results {
            values: vec![rows_of(values::TURNS); values::races().count()],
            inserts: vec![rows_of(inserts::TABLES.len()); inserts::WAYS.len()],
            bulk: vec![rows_of(bulk::TABLES.len()); bulk::WAYS.len()],
            lookups: vec![rows_of(lookups::TABLES.len()); lookups::WAYS.len()],
            rows: 0,
            at_once: 0,
            pgcrypto: false,
            rotation: None,
        }
    }

    /// Whether everybody did what they should, and was measured.
    fn is_measured(&self) -> bool {
        self.rows > 0
    }

    /// A lookup in one table of plain text beside the other.
    pub fn control(&self) -> Spread {
        let series = &self.lookups[0];
        series[1].speed(&series[0], busy)
    }

    /// All races, with names.
    pub fn races(&self) -> impl Iterator<Item = (String, &Vec<Series>)> {
        let values = values::races().map(|(title, _, size)| format!("keys, {title} {size} bytes"));
        let inserts = inserts::WAYS.iter().map(|(title, _)| format!("keys, {title}")).zip(&self.inserts);
        let bulk = bulk::WAYS.iter().map(|(title, _)| format!("keys, {title}")).zip(&self.bulk);
        let lookups =
            lookups::WAYS.iter().map(|(title, _)| format!("keys, lookup, {title}")).zip(&self.lookups);
        values.zip(&self.values).chain(inserts).chain(bulk).chain(lookups)
    }
}

/// Makes the database, and measures everything.
pub fn all(options: &Options, keys: &Keys, checks: &mut Checks) -> Result<Results> {
    let (server, scale) = (&options.server, &options.scale);
    let rows = scale.sealed_rows / scale.searchers;
    progress(&format!("{DATABASE}: {} tenants, {rows} rows each", scale.searchers));
    let tenants = house::make(server, scale.searchers, keys)?;
    let mut admin = server.open("postgres", DATABASE)?;
    let installed = "select exists (select from pg_available_extensions where name = 'pgcrypto')";
    let pgcrypto = admin.wire.value(installed)? == "t";
    values::make(&mut admin, &tenants[0], scale.sealed_values, pgcrypto)?;
    inserts::make(&mut admin, &tenants[0], rows)?;
    bulk::make(&mut admin, &tenants[0], rows, scale.sealed_at_once)?;
    lookups::make(&mut admin, &tenants, rows)?;
    admin.wire.run("checkpoint")?;

    progress("keys: rows and plans");
    values::check(server, &tenants[0], pgcrypto, checks)?;
    inserts::check(server, &tenants[0], checks)?;
    bulk::check(server, &tenants[0], scale.sealed_at_once, checks)?;
    lookups::check(server, &tenants, rows, options.small, checks)?;
    let mut results = Results::new();
    if checks.failed > 0 {
        return Ok(results);
    }
    (results.rows, results.pgcrypto) = (rows * tenants.len(), pgcrypto);
    results.at_once = scale.sealed_at_once;
    let mut dice = Dice::new(23);
    let mut next_id = 1_000_000_000;
    for sitting in 1..=scale.sittings {
        let at = |what: &str| progress(&format!("{sitting} of {}: {what}", scale.sittings));
        if sitting > 1 {
            at("moving the tables");
            let kept: Vec<_> = inserts::TABLES.iter().chain(&bulk::TABLES).chain(&lookups::TABLES).collect();
            house::move_tables(server, &kept, &mut dice)?;
        }
        for ((title, direction, size), series) in values::races().zip(&mut results.values) {
            at(&format!("{title} {size} bytes"));
            let (values, what) = ((scale.sealed_values, pgcrypto), (direction, size));
            let mut race = values::Values::open(server, &tenants, what, values)?;
            run(&mut race, scale.rounds.div_ceil(6), &mut dice, series)?;
        }
        for ((title, way), series) in inserts::WAYS.into_iter().zip(&mut results.inserts) {
            at(title);
            let mut race = inserts::Inserts::open(server, &tenants[0], way, &mut next_id)?;
            run(&mut race, scale.rounds, &mut dice, series)?;
        }
        for ((title, way), series) in bulk::WAYS.into_iter().zip(&mut results.bulk) {
            at(title);
            let mut race = bulk::Bulk::open(server, &tenants[0], way, scale.sealed_at_once, &mut next_id)?;
            run(&mut race, scale.rounds.div_ceil(6), &mut dice, series)?;
        }
        for ((title, way), series) in lookups::WAYS.into_iter().zip(&mut results.lookups) {
            at(&format!("lookup, {title}"));
            let mut race = lookups::Lookups::open(server, &tenants, (rows, options.small), way)?;
            run(&mut race, scale.rounds, &mut dice, series)?;
        }
    }
    results.rotation = Some(rotation::run(options, keys, checks)?);
    Ok(results)
}
