//! Ten tenants, a thousand, ten thousand: the same number of rows, more hospitals.

use crate::Result;
use crate::contestant::{CONTESTANTS, WATERTIGHT, Work};
use crate::context::{Step, prepare, transaction, warm};
use crate::data::{APP, Data, POOL, Tenant};
use crate::request::Request;
use crate::server::{Backend, Lap, Server};
use crate::stats::{Dice, Race};

const LAP: usize = 100;
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
}

impl<'a> Sizes<'a> {
    /// New backends; those of the pool have seen every token.
    pub fn open(server: &Server, databases: &[&'a Data]) -> Result<Sizes<'a>> {
        let mut opened = Vec::new();
        for data in databases {
            let mut pair = [server.open(APP, &data.database)?, server.open(POOL, &data.database)?];
            for backend in &mut pair {
                prepare(backend, true)?;
                for place in [0, WATERTIGHT] {
                    let who = &CONTESTANTS[place];
                    let prepare = Request::new().prepare(who.table, &who.sql(Work::Point));
                    backend.wire.exchange(&prepare.sync())?;
                }
                warm(backend, &data.tenants)?;
            }
            opened.push((*data, pair));
        }
        let mut race = Sizes { databases: opened };
        for place in 0..MODES.len() * databases.len() {
            race.lap(place, &mut Dice::new(0))?;
        }
        Ok(race)
    }
}

impl Race for Sizes<'_> {
    fn lap(&mut self, contestant: usize, dice: &mut Dice) -> Result<Lap> {
        let count = self.databases.len();
        let (data, pair) = &mut self.databases[contestant % count];
        let (_, mode) = MODES[contestant / count];
        let backend = &mut pair[usize::from(mode == Mode::Pool)];
        let rows = usize::try_from(data.rows)?;
        let tenants: &[Tenant] = &data.tenants;
        let hand = matches!(mode, Mode::HandSession | Mode::HandPool);
        let who = &CONTESTANTS[if hand { 0 } else { WATERTIGHT }];
        let requests: Vec<Request> = if matches!(mode, Mode::HandSession | Mode::Session) {
            let tenant = &tenants[dice.below(tenants.len())];
            backend.wire.run(&format!("set watertight.token = '{}'", tenant.token))?;
            let mut read = |_| {
                let id = dice.below(ROWS_IN_SESSION) as i64 + 1;
                who.execute(Request::new(), Work::Point, tenant, id).sync()
            };
            (0..LAP).map(&mut read).collect()
        } else {
            let step = if hand { Step::Nothing } else { Step::Begin };
            let mut read = |_| {
                let (tenant, id) = (&tenants[dice.below(tenants.len())], dice.below(rows) as i64 + 1);
                transaction(Request::new(), step, tenant, |r| who.execute(r, Work::Point, tenant, id)).sync()
            };
            (0..LAP).map(&mut read).collect()
        };
        let begins = if matches!(mode, Mode::Pool | Mode::DefaultPool) { 2 } else { 1 };
        backend.lap(&requests, LAP, begins * LAP)
    }
}
