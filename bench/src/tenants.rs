//! Ten tenants, a thousand, ten thousand: the same number of rows, more hospitals.

use crate::Result;
use crate::contestant::{CONTESTANTS, WATERTIGHT, Work};
use crate::context::{Step, prepare, transaction, warm};
use crate::data::{APP, Data, POOL, Tenant};
use crate::request::Request;
use crate::server::{Backend, Lap, Server};
use crate::stats::{Dice, Race};

const LAP: usize = 400;
/// In a session of one tenant, reads stay within as many rows everywhere: only the tenants differ.
const ROWS_IN_SESSION: usize = 100;

/// What is read, and how the tenant is said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// By hand, in a session that stays with a tenant.
    HandSession,
    /// Watertight, in a session that stays with a tenant.
    Session,
    /// By hand, another tenant each transaction.
    HandPool,
    /// Watertight, another tenant each transaction; the backend remembers all tokens.
    Pool,
    /// Watertight, another tenant each transaction; the backend remembers as many tokens as it does by default.
    DefaultPool,
}

/// With their names in the report.
pub const MODES: [(&str, Mode); 5] = [
    ("a session stays with its tenant, hand-written `WHERE`", Mode::HandSession),
    ("a session stays with its tenant, Watertight", Mode::Session),
    ("another tenant each transaction, hand-written `WHERE`", Mode::HandPool),
    ("another tenant each transaction, Watertight, every token remembered", Mode::Pool),
    ("another tenant each transaction, Watertight, default token cache (1,024)", Mode::DefaultPool),
];

/// All modes in databases of different size; contestant = mode * databases + database.
pub struct Sizes<'a> {
    databases: Vec<(&'a Data, [Backend; 2])>,
    drawn: Vec<(usize, usize)>,
}

impl<'a> Sizes<'a> {
    /// New backends; those of the pool have seen every token.
    pub fn open(server: &Server, databases: &[&'a Data]) -> Result<Sizes<'a>> {
        let mut opened = Vec::new();
        for data in databases {
            let mut pair = [server.open(APP, &data.database)?, server.open(POOL, &data.database)?];
            for backend in &mut pair {
                prepare(backend)?;
                for place in [0, WATERTIGHT] {
                    let who = &CONTESTANTS[place];
                    let prepare = Request::new().prepare(who.table, &who.sql(Work::Point));
                    backend.wire.exchange(&prepare.sync())?;
                }
                warm(backend, &data.tenants)?;
            }
            opened.push((*data, pair));
        }
        let mut race = Sizes { databases: opened, drawn: Vec::new() };
        race.prepare(&mut Dice::new(0))?;
        for place in 0..race.contestants() {
            race.lap(place)?;
        }
        Ok(race)
    }

    /// How many take turns.
    pub fn contestants(&self) -> usize {
        MODES.len() * self.databases.len()
    }
}

impl Race for Sizes<'_> {
    fn prepare(&mut self, dice: &mut Dice) -> Result<()> {
        // Large enough for every size to take a share of it.
        self.drawn = (0..LAP).map(|_| (dice.below(1 << 30), dice.below(1 << 30))).collect();
        Ok(())
    }

    fn lap(&mut self, contestant: usize) -> Result<Lap> {
        let count = self.databases.len();
        let (data, pair) = &mut self.databases[contestant % count];
        let (_, mode) = MODES[contestant / count];
        let backend = &mut pair[usize::from(mode == Mode::Pool)];
        let rows = usize::try_from(data.rows)?;
        let tenants: &[Tenant] = &data.tenants;
        let id = |n: usize, limit: usize| (n % limit) as i64 + 1;
        let hand = matches!(mode, Mode::HandSession | Mode::HandPool);
        let who = &CONTESTANTS[if hand { 0 } else { WATERTIGHT }];
        let requests: Vec<Request> = if matches!(mode, Mode::HandSession | Mode::Session) {
            let tenant = &tenants[self.drawn[0].0 % tenants.len()];
            backend.wire.run(&format!("set watertight.token = '{}'", tenant.token))?;
            let read = |n| who.execute(Request::new(), Work::Point, tenant, id(n, ROWS_IN_SESSION)).sync();
            self.drawn.iter().map(|(_, row)| read(*row)).collect()
        } else {
            let step = if hand { Step::Nothing } else { Step::Begin };
            let read = |(t, row): &(usize, usize)| {
                let tenant = &tenants[t % tenants.len()];
                transaction(Request::new(), step, tenant, |r| {
                    who.execute(r, Work::Point, tenant, id(*row, rows))
                })
            };
            self.drawn.iter().map(|drawn| read(drawn).sync()).collect()
        };
        let begins = if matches!(mode, Mode::Pool | Mode::DefaultPool) { 2 } else { 1 };
        backend.lap(&requests, LAP, begins * LAP)
    }
}
