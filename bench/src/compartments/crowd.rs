//! Ten live compartments, a thousand: context and point reads in one of them, while the others are there.

use super::house::{self, FORGETFUL, TEMPLATE};
use super::template::{FIRST, TABLES};
use crate::contestant::{Contestant, Work};
use crate::context::{Step, prepare, transaction, warm};
use crate::data::{APP, Data, Keys, Order, Tenant};
use crate::options::Scale;
use crate::plans::Checks;
use crate::request::{Param, Request};
use crate::server::{Backend, Lap, Server};
use crate::stats::{Dice, Race};
use crate::{Result, progress};

const LAP: usize = 100;
/// Compartments are divided among so many tenants.
const TENANTS: usize = 10;
/// A backend works in so many compartments, however many there are.
const VISITED: usize = 10;
/// Rows of a compartment's own table.
const OWN_ROWS: usize = 100;
/// Reads of a session stay within as many rows everywhere.
const ROWS: usize = 20;
/// A backend of its own creates so many, so that none remembers too much.
const A_BACKEND: usize = 100;

const TENANT_AND_ROOM: &[&str] = &["tenant_id", "compartment_id"];
const BY_HAND: Contestant = Contestant::by_hand("by_hand", "hand-written `WHERE`", TENANT_AND_ROOM, true);
const OURS: Contestant = Contestant::fenced("watertight", "Watertight", APP, true);
const OWN: &str = "own";

/// What is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// Nothing: what there is without.
    Nothing,
    /// A shared table, by hand.
    ByHand,
    /// A shared table with a compartment column.
    Shared,
    /// A table of the compartment's own schema.
    Own,
}

/// In which compartments, one after the other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// A session stays where it is.
    Stays,
    /// Another one of ten each transaction, with `begin()`.
    Moves,
    /// Another one of all each transaction.
    Roams,
    /// Another one of ten each transaction, and the backend remembers no token.
    Forgets,
    /// Another one of all each transaction, and the backend remembers no token.
    RoamsForgetting,
    /// None.
    Nowhere,
}

/// What is measured.
pub struct Mode {
    /// Its name in the report.
    pub title: &'static str,
    /// What is read.
    pub read: Read,
    /// Where.
    pub place: Where,
}

const fn mode(title: &'static str, read: Read, place: Where) -> Mode {
    Mode { title, read, place }
}

/// All of them. The first is what the set-up is added to.
pub const MODES: [Mode; 11] = [
    mode("an empty transaction", Read::Nothing, Where::Nowhere),
    mode("`begin()`, ten known tokens", Read::Nothing, Where::Moves),
    mode("`begin()`, ten tokens, none remembered", Read::Nothing, Where::Forgets),
    mode("shared table, hand-written `WHERE`", Read::ByHand, Where::Stays),
    mode("shared table, a session stays", Read::Shared, Where::Stays),
    mode("shared table, one of ten each transaction", Read::Shared, Where::Moves),
    mode("own schema, a session stays", Read::Own, Where::Stays),
    mode("own schema, one of ten each transaction", Read::Own, Where::Moves),
    mode("`begin()`, tokens of all, none remembered", Read::Nothing, Where::RoamsForgetting),
    mode("shared table, one of all each transaction", Read::Shared, Where::Roams),
    mode("own schema, one of all each transaction", Read::Own, Where::Roams),
];

/// The databases, with few compartments and with many.
pub fn make(server: &Server, scale: &Scale, keys: &Keys) -> Result<[Data; 2]> {
    let [few, many] = scale.live;
    let rows = scale.tenants * scale.rows / 10;
    Ok([fill(server, few, rows / few, keys)?, fill(server, many, rows / many, keys)?])
}

fn fill(server: &Server, count: usize, rows: usize, keys: &Keys) -> Result<Data> {
    let database = format!("live_{count}");
    progress(&format!(
        "{database}: {count} compartments of {TABLES} tables, and {rows} rows each in a shared table"
    ));
    let users = house::make(server, &database, TENANTS, keys)?;
    house::furnish(server, &database, TEMPLATE)?;
    let mut rooms: Vec<Tenant> = Vec::new();
    let names: Vec<String> = (0..count).map(|n| format!("room-{n}")).collect();
    for names in names.chunks(A_BACKEND) {
        let mut app = server.open(APP, &database)?;
        for name in names {
            let user = &users[rooms.len() % TENANTS];
            let room = house::room(&mut app, user, name, Some(TEMPLATE))?;
            app.wire.run(&format!(
                "begin; select from watertight.begin('{}');
                 insert into {FIRST} (name, amount)
                     select watertight.compartment_id() || '-' || n, n from generate_series(1, {OWN_ROWS}) as n;
                 commit",
                room.token
            ))?;
            rooms.push(room);
        }
    }
    let tables = vec![BY_HAND.table, OURS.table];
    let (order, rows) = (Order::ByTenant, i64::try_from(rows)?);
    let data = Data { database, tables, order, tenants: rooms, rooms: true, rows };
    let mut admin = server.open("postgres", &data.database)?;
    data.fill(&mut admin, &data.tables)?;
    data.fence(&mut admin, OURS.table)?;
    Ok(data)
}

/// Writes the shared tables anew.
pub fn move_tables(server: &Server, houses: &[Data; 2], dice: &mut Dice) -> Result<()> {
    houses.iter().try_for_each(|data| data.move_tables(server, &data.tables, dice))
}

/// Whether all find their compartment's rows, and no others.
pub fn check(server: &Server, houses: &[Data; 2], checks: &mut Checks) -> Result<()> {
    for data in houses {
        let mut app = server.open(APP, &data.database)?;
        for room in data.tenants.iter().take(3) {
            let (token, id) = (&room.token, &room.room_uuid);
            app.wire.run(&format!("set watertight.token = '{token}'"))?;
            let own = app.wire.rows(&format!("select count(*), min(name), max(amount) from {FIRST}"))?;
            let expected = [OWN_ROWS.to_string(), format!("{id}-1"), OWN_ROWS.to_string()].map(Some);
            checks.that(own == [expected], "a compartment's own table has its rows", &format!("{own:?}"));
            let shared =
                [&BY_HAND, &OURS].map(|who| app.wire.rows(&who.unprepared(Work::Aggregate, room, 0)));
            let [by_hand, ours] = shared;
            let (by_hand, ours) = (by_hand?, ours?);
            let count = by_hand.first().and_then(|row| row[0].clone());
            checks.that(
                by_hand == ours && count == Some(data.rows.to_string()),
                "a shared table has the compartment's rows",
                &format!("{by_hand:?} {ours:?}"),
            );
        }
    }
    let mut admin = server.open("postgres", &houses[1].database)?;
    house::look_everywhere(&mut admin)?;
    let tables =
        admin.wire.value("select count(*) from pg_class where relname ~ '^t[0-9]{2}$' and relkind = 'r'")?;
    let expected = (houses[1].tenants.len() + 1) * TABLES;
    checks.that(tables == expected.to_string(), "all compartments are there", &tables);
    Ok(())
}

/// All modes in both databases; contestant = mode * 2 + database.
pub struct Crowds<'a> {
    houses: Vec<(&'a Data, [Backend; 2])>,
}

impl<'a> Crowds<'a> {
    /// New backends, which have seen the tokens and have found their plans.
    pub fn open(server: &Server, houses: &'a [Data; 2]) -> Result<Crowds<'a>> {
        let mut opened = Vec::new();
        for data in houses {
            let mut pair = [server.open(APP, &data.database)?, server.open(FORGETFUL, &data.database)?];
            for backend in &mut pair {
                prepare(backend, true)?;
                for who in [BY_HAND, OURS] {
                    let prepare = Request::new().prepare(who.table, &who.sql(Work::Point));
                    backend.wire.exchange(&prepare.sync())?;
                }
                // The name means another table in each compartment.
                let own = format!("select amount, name from {FIRST} where id = $1");
                backend.wire.run(&format!("set watertight.token = '{}'", data.tenants[0].token))?;
                backend.wire.exchange(&Request::new().prepare(OWN, &own).sync())?;
            }
            warm(&mut pair[0], &data.tenants)?;
            for room in &data.tenants {
                let read = |r: Request| r.execute(OWN, &[Param::Int8(1)]);
                let request = transaction(Request::new(), Step::Begin, room, read).sync();
                pair[0].wire.exchange(&request)?;
            }
            opened.push((data, pair));
        }
        let mut race = Crowds { houses: opened };
        for place in 0..MODES.len() * houses.len() {
            race.lap(place, &mut Dice::new(0))?;
        }
        Ok(race)
    }
}

impl Race for Crowds<'_> {
    fn lap(&mut self, contestant: usize, dice: &mut Dice) -> Result<Lap> {
        let count = self.houses.len();
        let (data, pair) = &mut self.houses[contestant % count];
        let Mode { read, place, .. } = MODES[contestant / count];
        let backend = &mut pair[usize::from(matches!(place, Where::Forgets | Where::RoamsForgetting))];
        let rooms = &data.tenants;
        let roams = matches!(place, Where::Roams | Where::RoamsForgetting);
        let visited = if roams { rooms.len() } else { VISITED };
        let stays = &rooms[dice.below(visited)];
        // What a transaction without a context would find there.
        backend.wire.run(&match place {
            Where::Stays => format!("set watertight.token = '{}'", stays.token),
            _ => "reset watertight.token".to_owned(),
        })?;
        let step = if matches!(place, Where::Stays | Where::Nowhere) { Step::Nothing } else { Step::Begin };
        let mut one = || {
            let room = if place == Where::Stays { stays } else { &rooms[dice.below(visited)] };
            let id = dice.below(ROWS) as i64 + 1;
            let read = |request: Request| match read {
                Read::Nothing => request.execute("nothing", &[]),
                Read::ByHand => BY_HAND.execute(request, Work::Point, room, id),
                Read::Shared => OURS.execute(request, Work::Point, room, id),
                Read::Own => request.execute(OWN, &[Param::Int8(id)]),
            };
            if place == Where::Stays {
                return read(Request::new()).sync();
            }
            transaction(Request::new(), step, room, read).sync()
        };
        let requests: Vec<Request> = (0..LAP).map(|_| one()).collect();
        backend.lap(&requests, LAP, LAP * (1 + step.rows()))
    }
}
