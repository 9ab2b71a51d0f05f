//! Searches that an index answers: with row security, and with a `WHERE` by hand.

pub mod contestants;
mod data;
pub mod families;
mod race;
pub mod report;
mod topics;

pub use data::BY_HAND;
pub use race::How;

use crate::data::Keys;
use crate::options::Options;
use crate::plans::Checks;
use crate::server::Server;
use crate::stats::{Dice, Series, run};
use crate::{Result, progress};
use contestants::{CONTESTANTS, CONTROL};
use data::Data;
use families::{FAMILIES, Family};
use race::Search;

/// What was measured of a search.
pub struct Outcome {
    /// The search.
    pub family: &'static Family,
    /// Whether anything could be measured.
    pub state: State,
    /// How each contestant searches.
    pub hows: Vec<How>,
    /// In the order of the contestants.
    pub series: Vec<Series>,
}

/// Whether a search could be measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// All find the same, by the plans they should have.
    Measured,
    /// They do not.
    Failed,
    /// The server does not have the extension.
    Missing(&'static str),
}

impl Outcome {
    /// By hand, in both backends.
    pub fn by_hand(&self) -> [&Series; 2] {
        [&self.series[0], &self.series[CONTROL]]
    }
}

/// Makes the databases, and measures all searches.
pub fn all(options: &Options, keys: &Keys, checks: &mut Checks) -> Result<Vec<Outcome>> {
    let (servers, scale) = ([&options.server, &options.without], &options.scale);
    let data = Data::make(servers, scale, options.small, keys)?;
    progress("searches: rows and plans");
    let mut outcomes = check(servers, &data, options, checks)?;
    let mut dice = Dice::new(21);
    for sitting in 1..=scale.sittings {
        progress(&format!("{sitting} of {}: searches", scale.sittings));
        measure(servers, &data, scale.search_rounds, &mut dice, &mut outcomes)?;
    }
    Ok(outcomes)
}

/// Checks all searches that there can be; only those that are as they should be are measured.
fn check(servers: [&Server; 2], data: &Data, options: &Options, checks: &mut Checks) -> Result<Vec<Outcome>> {
    let mut dice = Dice::new(5);
    let mut outcomes = Vec::new();
    for family in &FAMILIES {
        let series = vec![Series::default(); CONTESTANTS.len()];
        let mut outcome = Outcome { family, state: State::Measured, hows: Vec::new(), series };
        if let Some(extension) = data.missing(family.table) {
            progress(&format!("{}: {extension} is not installed", family.title));
            outcome.state = State::Missing(extension);
        } else {
            let mut search = Search::open(family, servers, data, &mut dice)?;
            let before = checks.failed;
            outcome.hows = search.check(checks, &mut dice)?;
            if checks.failed > before {
                outcome.state = State::Failed;
            }
            if options.explain {
                eprintln!("{}", search.explained()?);
            }
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// Another sitting of all searches.
fn measure(
    servers: [&Server; 2],
    data: &Data,
    rounds: usize,
    dice: &mut Dice,
    outcomes: &mut [Outcome],
) -> Result<()> {
    for outcome in outcomes.iter_mut().filter(|outcome| outcome.state == State::Measured) {
        let mut search = Search::open(outcome.family, servers, data, dice)?;
        run(&mut search, rounds, dice, &mut outcome.series)?;
    }
    Ok(())
}
