//! What a value costs to seal and to open: one statement over many rows, less the same statement without cryptography.

use super::bare::Bare;
use super::ciphers::{CIPHERS, Direction, plain};
use super::house::{self, DATABASE};
use crate::Result;
use crate::data::{APP, Tenant};
use crate::plans::Checks;
use crate::request::Request;
use crate::server::{Backend, Lap, Server};
use crate::stats::{Clock, Dice, Race, Series, Spread};

/// Bytes of a value.
pub const SIZES: [usize; 3] = [16, 64, 256];
/// With their names in the report.
pub const DIRECTIONS: [(&str, Direction); 2] = [("seal", Direction::Seal), ("open", Direction::Open)];

/// Each cipher with its statement without cryptography, and the loop.
pub const TURNS: usize = CIPHERS.len() * 2 + 1;
const BARE: usize = CIPHERS.len() * 2;
const BARE_REPEATS: usize = 20;

/// All that is measured: one race each.
pub fn races() -> impl Iterator<Item = (&'static str, Direction, usize)> {
    DIRECTIONS.into_iter().flat_map(|(title, direction)| SIZES.map(|size| (title, direction, size)))
}

/// What the cryptography of a value costs in a statement.
pub fn cost(series: &[Series], cipher: usize, clock: Clock) -> Spread {
    series[cipher * 2].with([&series[cipher * 2 + 1]], clock, |all, [without]| all - without)
}

/// What it costs in the loop.
pub fn bare_cost(series: &[Series], clock: Clock) -> f64 {
    series[BARE].median(clock)
}

/// How many times as many values a second the first cipher does.
pub fn times(series: &[Series], [cipher, other]: [usize; 2], clock: Clock) -> Spread {
    let others = [&series[cipher * 2 + 1], &series[other * 2], &series[other * 2 + 1]];
    series[cipher * 2]
        .with(others, clock, |all, [without, other, other_without]| (other - other_without) / (all - without))
}

/// How many turns of the loop a value takes.
pub fn in_bare(series: &[Series], cipher: usize, clock: Clock) -> Spread {
    let others = [&series[cipher * 2 + 1], &series[BARE]];
    series[cipher * 2].with(others, clock, |all, [without, bare]| (all - without) / bare)
}

/// Makes the tables, of so many values each.
pub fn make(admin: &mut Backend, tenant: &Tenant, count: usize, pgcrypto: bool) -> Result<()> {
    if pgcrypto {
        admin.wire.run("create extension pgcrypto")?;
    }
    for size in SIZES {
        let table = plain(size);
        admin.wire.run(&format!(
            "create table {table} as select left(repeat(md5(n::text), 8), {size}) as v from generate_series(1, {count}) as n; \
             grant select on {table} to {APP}"
        ))?;
        admin.wire.run(&format!("vacuum (freeze, analyze) {table}"))?;
        for cipher in CIPHERS.iter().filter(|cipher| pgcrypto || !cipher.borrowed) {
            admin.wire.run(&house::enter(tenant))?;
            admin.wire.run(&cipher.make(size))?;
            let table = cipher.sealed(size);
            admin.wire.run(&format!("grant select on {table} to {APP}"))?;
            admin.wire.run(&format!("vacuum (freeze, analyze) {table}"))?;
        }
    }
    Ok(())
}

/// Whether everybody opens what was sealed.
pub fn check(server: &Server, tenant: &Tenant, pgcrypto: bool, checks: &mut Checks) -> Result<()> {
    let mut backend = server.open(APP, DATABASE)?;
    backend.wire.run(&house::enter(tenant))?;
    for size in SIZES {
        let all = format!("select md5(string_agg(v, ',' order by v)) from {}", plain(size));
        let plain = backend.wire.value(&all)?;
        for cipher in CIPHERS.iter().filter(|cipher| pgcrypto || !cipher.borrowed) {
            let opened = backend.wire.value(&cipher.opened(size))?;
            checks.that(
                opened == plain,
                &format!("{size} bytes, {}: opens what was sealed", cipher.title),
                &opened,
            );
        }
        backend.wire.run("reset watertight.token")?;
        let sealed = backend.wire.value(&format!(
            "select count(*) filter (where v::text like 'watertight:v1:%') = count(*) from sealed_{size}"
        ))?;
        checks.that(sealed == "t", "without a context there is no plain text", &sealed);
        backend.wire.run(&house::enter(tenant))?;
    }
    Ok(())
}

/// One direction and one size, all ciphers.
pub struct Values {
    backend: Backend,
    direction: Direction,
    count: usize,
    pgcrypto: bool,
    bare: Bare,
}

impl Values {
    /// A new backend that has its plans, and works for the first tenant.
    pub fn open(
        server: &Server,
        tenants: &[Tenant],
        (direction, size): (Direction, usize),
        (count, pgcrypto): (usize, bool),
    ) -> Result<Values> {
        let mut backend = server.open(APP, DATABASE)?;
        // The backend of a pool has the keys of many.
        for tenant in tenants.iter().rev() {
            backend.wire.run(&house::enter(tenant))?;
            let one = "select v::watertight.searchable_text::text from (select 'a value'::text as v offset 0) as one";
            backend.wire.run(one)?;
        }
        let mut prepare = Request::new();
        for (place, cipher) in CIPHERS.iter().enumerate().filter(|(_, cipher)| pgcrypto || !cipher.borrowed) {
            prepare = prepare
                .prepare(&name(place * 2), &cipher.statement(direction, size))
                .prepare(&name(place * 2 + 1), &cipher.without(direction, size));
        }
        backend.wire.exchange(&prepare.sync())?;
        let mut race = Values { backend, direction, count, pgcrypto, bare: Bare::new(size, count)? };
        for place in 0..TURNS {
            race.lap(place, &mut Dice::new(0))?;
        }
        Ok(race)
    }
}

fn name(place: usize) -> String {
    format!("turn_{place}")
}

impl Race for Values {
    fn lap(&mut self, place: usize, _: &mut Dice) -> Result<Lap> {
        if place == BARE {
            return match self.direction {
                Direction::Seal => self.bare.seal(BARE_REPEATS),
                Direction::Open => self.bare.open(BARE_REPEATS),
            };
        }
        let cipher = &CIPHERS[place / 2];
        if cipher.borrowed && !self.pgcrypto {
            return Ok(Lap { wall: f64::NAN, busy: f64::NAN, server: f64::NAN });
        }
        // Without cryptography nobody takes long.
        let repeats = if place % 2 == 1 { BARE_REPEATS } else { cipher.repeats };
        let requests: Vec<Request> =
            (0..repeats).map(|_| Request::new().execute(&name(place), &[]).sync()).collect();
        self.backend.lap(&requests, repeats * self.count, repeats)
    }
}
