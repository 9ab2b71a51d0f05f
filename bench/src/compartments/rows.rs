//! Tables with a compartment column: statements in a compartment, beside `WHERE tenant_id = $1 AND compartment_id = $2`.

use super::house;
use crate::cold::{self, Cold};
use crate::contestant::Contestant;
use crate::data::{APP, Data, Keys, Order, Tenant, WITHOUT};
use crate::options::Scale;
use crate::plans::{self, Checks};
use crate::results::Raced;
use crate::server::Server;
use crate::statements::{WORKLOADS, Way};
use crate::stats::Dice;
use crate::{Failure, Result, progress};
use watertight_mint::{Algorithm, Key};

/// The database.
pub const ROOMS: &str = "rooms";
/// Compartments of a tenant.
const EACH: usize = 10;
/// Where the sessions are whose tokens the backend does not remember.
pub const COLD: [&str; 2] =
    ["HS256, session in Global, compartments switched off", "HS256, session in a compartment"];
/// Who signs the tokens of sessions.
const ISSUER: &str = "watertight";

const BOTH: &[&str] = &["tenant_id", "compartment_id"];

/// The first two are the same, and what all others are compared with.
pub const CONTESTANTS: [Contestant; 5] = [
    Contestant::by_hand("by_hand", "hand-written `WHERE`", BOTH, true),
    Contestant::by_hand("control", "the same in another table", BOTH, true),
    Contestant::by_hand("by_hand", "the same, library not loaded", BOTH, false),
    Contestant::fenced("watertight", "Watertight", APP, true),
    Contestant::fenced("wide", "Watertight, `global_readable = on`", house::WIDE, false),
];

/// Row security, in the narrow form.
pub const fn ours() -> &'static Contestant {
    &CONTESTANTS[3]
}

/// The workloads that are measured here: those with a bar, and the server's own work.
pub fn raced() -> Raced {
    let workloads =
        WORKLOADS.iter().filter(|workload| workload.is_promised() || workload.way == Way::Pipelined);
    Raced::new(workloads, &CONTESTANTS)
}

/// A database full of compartments, with a session in each.
pub struct Rooms {
    /// The rows of all compartments; its "tenants" are the compartments.
    pub data: Data,
    /// The tenants' users, who own the compartments.
    pub users: Vec<Tenant>,
    /// Tokens of more sessions: in Global, and in the same compartments.
    tokens: [Vec<Tenant>; 2],
    key: Key,
}

impl Rooms {
    /// Makes it, and the hand-written table in the other server.
    pub fn make([server, without]: [&Server; 2], scale: &Scale, keys: &Keys) -> Result<Rooms> {
        let tenants = scale.tenants.div_ceil(EACH);
        progress(&format!("{ROOMS}: {tenants} tenants, {EACH} compartments each, {} rows each", scale.rows));
        let users = house::make(server, ROOMS, tenants, keys)?;
        let mut app = server.open(APP, ROOMS)?;
        let mut rooms = Vec::new();
        for user in &users {
            for n in 0..EACH {
                rooms.push(house::room(&mut app, user, &name(n), None)?);
            }
        }
        progress(&format!("{} sessions", 2 * cold::TOKENS));
        let mut tokens = [Vec::new(), Vec::new()];
        for n in 0..cold::TOKENS {
            let user = &users[n / EACH % users.len()];
            let token = app.wire.value(&house::login(user, "global", ""))?;
            tokens[0].push(user.with_token(token));
            let token = app.wire.value(&house::login(user, &name(n % EACH), ""))?;
            tokens[1].push(rooms[n % rooms.len()].with_token(token));
        }
        let mut tables: Vec<&str> = CONTESTANTS.iter().filter(|c| c.loaded).map(|c| c.table).collect();
        tables.dedup();
        let rows = i64::try_from(scale.rows)?;
        let data =
            Data { database: ROOMS.into(), tables, order: Order::Mixed, tenants: rooms, rooms: true, rows };
        let mut admin = server.open("postgres", ROOMS)?;
        data.fill(&mut admin, &data.tables)?;
        for table in &data.tables {
            data.fence(&mut admin, table)?;
        }
        crate::data::make_without(without, &data)?;
        let kept = admin.wire.rows("select kid, encode(secret, 'hex') from watertight.session_keys")?;
        let Some([Some(kid), Some(secret)]) = kept.first().map(Vec::as_slice) else {
            return Err(Failure("sessions have no key".into()));
        };
        let key = Key::from_private(Algorithm::Hs256, kid, &bytes(secret)?)?;
        Ok(Rooms { data, users, tokens, key })
    }

    /// Whether all find the same rows by the plans they should have.
    pub fn check(&self, server: &Server, checks: &mut Checks) -> Result<()> {
        plans::check(server, &self.data, &CONTESTANTS, checks)
    }

    /// Writes the tables anew.
    pub fn move_tables(&self, [server, without]: [&Server; 2], dice: &mut Dice) -> Result<()> {
        self.data.move_tables(without, &WITHOUT, dice)?;
        self.data.move_tables(server, &self.data.tables, dice)
    }

    /// Sessions that the backend does not remember, of one of [`COLD`].
    pub fn cold(&self, server: &Server, place: usize) -> Result<Cold<'_>> {
        let role = [house::OUTSIDE, APP][place];
        Cold::open(server, (role, ROOMS), &self.key, (ISSUER, None), &self.tokens[place])
    }
}

/// What a tenant's compartments are called.
pub fn name(n: usize) -> String {
    format!("room-{n}")
}

fn bytes(hex: &str) -> Result<Vec<u8>> {
    let pairs = (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16));
    Ok(pairs.collect::<std::result::Result<_, _>>()?)
}
