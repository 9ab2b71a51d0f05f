//! How often a key may still seal.

use super::provider::sentence;
use super::rows::DataKeyRow;
use super::wish::{self, Kind};
use super::{kept, make, rotate, rows};
use crate::pg::error::OrRaise;
use crate::pg::{role, spi};
use crate::sys::{process, user, uses as counters};
use pgrx::spi::Spi;
use std::cell::Cell;
use uuid::Uuid;
use watertight_core::keys::uses::{SHARE, Uses};
use watertight_core::keys::{KeyId, State};
use watertight_core::{Code, Fault};

/// How many values this process may seal with a key now, without asking again. They count as sealed from now on. 0: the key seals no
/// more, there is another one in force. `transient`: the compartment, of a key that is nowhere but in shared memory.
///
/// # Errors
/// 53400 if nothing is left, and nothing more is given in time.
pub fn take(id: KeyId, transient: Option<Uuid>) -> Result<u64, Fault> {
    if let Some(compartment) = transient {
        return match kept::take_transient(compartment, SHARE) {
            0 => Err(used_up()),
            taken => Ok(taken),
        };
    }
    // What is sealed on a standby is a constant of a query and nothing else: nobody can store it.
    if process::in_recovery() {
        return Ok(SHARE);
    }
    if let Some(taken) = from_counter(id) {
        return Ok(taken);
    }
    let tables = make::installed()?;
    let is_active = |row: DataKeyRow| row.state == State::Active;
    wish::grant(Kind::Reserve { id }, || match from_counter(id) {
        Some(taken) => Some(taken),
        None if rows::data_key(&tables, id).is_some_and(is_active) => None,
        None => Some(0),
    })
    .map_err(|fault| used_up().detail(sentence(&fault.message)))
}

fn used_up() -> Fault {
    Fault::new(Code::ConfigurationLimitExceeded, "the key has sealed as many values as were reserved for it")
        .hint("The background worker reserves more, or makes another key: try again. See watertight.worker_status.")
}

fn from_counter(id: KeyId) -> Option<u64> {
    let low = Cell::new(false);
    let taken = counters::take(user::database(), id.get(), |taken, reserved| {
        let mut uses = Uses { taken, reserved };
        let share = uses.available(SHARE);
        uses.taken += share;
        low.set(uses.next_mark().is_some() || uses.successor_due());
        share
    })
    .filter(|taken| *taken > 0);
    if low.get() && taken.is_some() {
        wish::make(Kind::Reserve { id });
    }
    taken
}

/// The worker's part, in a transaction of its own: moves the mark up, or has another key take over. What it returns is to be called
/// when that is committed, and not before.
pub fn move_mark(id: KeyId) -> impl FnOnce() {
    let moved = role::as_extension_owner(|| try_move(id));
    move || {
        if let Some((old, new)) = moved {
            counters::allow(user::database(), id.get(), old, new);
        }
    }
}

/// Whose key it is.
pub fn whose(id: KeyId) -> Option<Uuid> {
    make::installed().ok().and_then(|tables| rows::data_key(&tables, id)).map(|row| row.tenant)
}

fn try_move(id: KeyId) -> Option<(u64, u64)> {
    let row = Spi::get_one_with_args::<i64>(
        "SELECT reserved FROM watertight.data_keys
          WHERE id OPERATOR(pg_catalog.=) $1 AND state OPERATOR(pg_catalog.=) 'active' AND purpose OPERATOR(pg_catalog.=) 'data'",
        &[id.get().into()],
    );
    let written = u64::try_from(row.ok().flatten()?).ok()?;
    // What the counter says of a mark that is not the written one is not believed.
    let uses = match counters::get(user::database(), id.get()) {
        Some((taken, reserved)) if reserved == written => Uses { taken, reserved },
        _ => Uses::after_restart(written),
    };
    // The tenant first and its keys then, as everybody who changes them: so the key's row is not locked yet.
    if uses.successor_due() {
        rotate::succeed(id).or_raise();
        return None;
    }
    let mark = uses.next_mark()?;
    let number = |uses: u64| i64::try_from(uses).unwrap_or(i64::MAX);
    let moved = spi::one::<i64>(
        "UPDATE watertight.data_keys SET reserved = $2
          WHERE id OPERATOR(pg_catalog.=) $1 AND state OPERATOR(pg_catalog.=) 'active' AND reserved OPERATOR(pg_catalog.=) $3
         RETURNING reserved",
        &[id.get().into(), number(mark).into(), number(written).into()],
    );
    moved.map(|_| (written, mark))
}
