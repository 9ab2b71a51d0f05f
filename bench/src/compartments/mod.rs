//! Compartments: what it costs to make and to destroy them, to log in to them, to have many of them, and to keep rows apart
//! in them.

mod activity;
pub mod bars;
mod bloat;
mod crowd;
mod house;
mod lives;
mod logins;
mod meter;
pub mod report;
mod rows;
mod template;

pub use rows::ROOMS;

use crate::data::Keys;
use crate::options::Options;
use crate::plans::Checks;
use crate::results::{Raced, rows_of};
use crate::stats::{Dice, Series, run};
use crate::{Result, cold, context, progress, statements};
use bloat::Weight;

/// Everything that was measured.
pub struct Results {
    /// Making, by contestant.
    made: Vec<Series>,
    /// Destroying, in the same rounds.
    destroyed: Vec<Series>,
    /// Logging in and what comes next, by step and contestant.
    logins: Vec<Vec<Series>>,
    /// Rounds a sitting had.
    login_rounds: usize,
    /// By mode, with few compartments and with many.
    crowd: Vec<Series>,
    /// How many are few, and how many are many.
    live: [usize; 2],
    /// Statements on tables with a compartment column.
    pub rows: Raced,
    /// The context alone, with sessions' tokens.
    setups: Vec<Series>,
    /// Sessions' tokens that the backend does not remember, by where the session is.
    cold: Vec<Vec<Series>>,
    /// Who is active, by way and contestant.
    activity: Vec<Vec<Series>>,
    /// The catalogs.
    bloat: Vec<Weight>,
}

impl Results {
    /// Nothing yet.
    pub fn new() -> Results {
        Results {
            made: rows_of(lives::LIVES.len()),
            destroyed: rows_of(lives::LIVES.len()),
            logins: vec![rows_of(logins::LOGINS.len()); logins::STEPS.len()],
            login_rounds: 1,
            crowd: rows_of(crowd::MODES.len() * 2),
            live: [0; 2],
            rows: rows::raced(),
            setups: rows_of(context::SETUPS.len()),
            cold: vec![rows_of(cold::TURNS); rows::COLD.len()],
            activity: vec![rows_of(activity::TOKENS.len()); activity::WAYS.len()],
            bloat: Vec::new(),
        }
    }

    /// Whether everybody did what they should, and was measured.
    fn is_measured(&self) -> bool {
        self.live != [0; 2]
    }

    /// Making and destroying, together.
    fn lives(&self) -> Vec<Series> {
        self.made.iter().zip(&self.destroyed).map(|(made, destroyed)| made.and(destroyed)).collect()
    }

    /// All races, with names.
    pub fn races(&self) -> impl Iterator<Item = (String, &Vec<Series>)> {
        let others = [
            ("compartments made", &self.made),
            ("compartments destroyed", &self.destroyed),
            ("live compartments", &self.crowd),
            ("context of sessions", &self.setups),
        ];
        let others = others.into_iter().map(|(title, series)| (title.to_owned(), series));
        let logins = logins::STEPS.iter().map(|step| format!("logins, {step}")).zip(&self.logins);
        let cold = rows::COLD.iter().map(|place| format!("cold, {place}")).zip(&self.cold);
        let activity = activity::WAYS.iter().map(|(way, ..)| format!("activity, {way}")).zip(&self.activity);
        others.chain(cold).chain(logins).chain(activity).chain(self.rows.races("in compartments, "))
    }
}

/// Makes the databases, and measures everything.
pub fn all(options: &Options, keys: &Keys, checks: &mut Checks) -> Result<Results> {
    let (servers, scale) = ([&options.server, &options.without], &options.scale);
    house::make_roles(servers)?;
    let rooms = rows::Rooms::make(servers, scale, keys)?;
    let crowds = crowd::make(servers[0], scale, keys)?;
    let lives = lives::House::make(servers, keys)?;
    let hall = logins::Hall::make(servers[0], keys)?;

    progress("compartments: rows and plans");
    rooms.check(servers[0], checks)?;
    crowd::check(servers[0], &crowds, checks)?;
    lives.check(servers, checks)?;
    hall.check(servers[0], checks)?;
    let mut results = Results::new();
    if checks.failed > 0 {
        return Ok(results);
    }
    results.live = scale.live;
    results.login_rounds = scale.rounds;
    let mut dice = Dice::new(22);
    let mut next_id = 1_000_000_000;
    for sitting in 1..=scale.sittings {
        let at = |what: &str| progress(&format!("{sitting} of {}: {what}", scale.sittings));
        if sitting > 1 {
            at("moving the tables");
            rooms.move_tables(servers, &mut dice)?;
            crowd::move_tables(servers[0], &crowds, &mut dice)?;
        }
        let with = |what: &str| at(&format!("in compartments, {what}"));
        let (rows, data) = (&mut results.rows, &rooms.data);
        statements::sit(rows, data, servers, scale.rounds, (&mut next_id, &mut dice), &with)?;
        at("context of sessions");
        let mut race = context::Setups::open(servers, data)?;
        run(&mut race, scale.rounds, &mut dice, &mut results.setups)?;
        for (place, series) in results.cold.iter_mut().enumerate() {
            at("cold sessions");
            let mut race = rooms.cold(servers[0], place)?;
            run(&mut race, scale.rounds.div_ceil(2), &mut dice, series)?;
        }
        for (way, series) in activity::WAYS.iter().zip(&mut results.activity) {
            at("activity of sessions");
            let mut race = activity::Activity::open(servers[0], &rooms, way, keys)?;
            run(&mut race, scale.rounds, &mut dice, series)?;
        }
        at("few compartments and many");
        let mut race = crowd::Crowds::open(servers[0], &crowds)?;
        run(&mut race, scale.rounds, &mut dice, &mut results.crowd)?;
        at("making and destroying compartments");
        let mut race = lives::Lives::open(servers, &lives)?;
        race.run(scale.rounds.div_ceil(4), &mut dice, &mut results.made, &mut results.destroyed)?;
        at("logins");
        let mut race = logins::Logins::open(servers[0], &hall)?;
        race.run(scale.rounds, &mut dice, &mut results.logins)?;
    }
    results.bloat = bloat::weigh(servers, scale, options.small, keys)?;
    Ok(results)
}
