//! A session while it is used: its slot in shared memory.

use super::lookup::{Stored, stored};
use crate::pg::ext::Tables;
use crate::sys::marks;
use crate::sys::slots::{self, Condition, Handle, Plain, View};
use crate::sys::{user, xact};
use uuid::Uuid;
use watertight_core::{Code, Fault};

/// What a backend remembers of a session it works for.
#[derive(Clone, Copy)]
pub struct Sitting {
    /// Its slot.
    pub handle: Handle,
    /// Its deadlines: the end, and how long it may be idle.
    limits: (i64, i64),
    /// The process it is bound to; 0: none.
    process: i32,
}

fn refuse(what: &str) -> Fault {
    Fault::new(Code::InvalidAuthorization, what).hint("Open another session with watertight.login().")
}

impl Sitting {
    /// Whether the session goes on at `now`; if so, it was active then. False if the slot is no more.
    ///
    /// # Errors
    /// 28000 for one that has ended or belongs to another connection.
    pub fn touch(&self, now: i64) -> Result<bool, Fault> {
        if self.process != 0 && self.process != user::process() {
            return Err(refuse("the session is bound to another connection"));
        }
        match slots::touch(self.handle, self.limits, now) {
            Condition::Good => Ok(true),
            Condition::Gone => Ok(false),
            Condition::Expired => Err(refuse("the session has expired")),
            Condition::Idle => Err(refuse("the session was idle for too long")),
            Condition::Ending => Err(super::ended()),
        }
    }
}

/// What the slot of a session says.
pub fn plain(row: &Stored, ephemeral: bool) -> Plain {
    Plain {
        key: *row.id.as_bytes(),
        database: user::database(),
        group: *row.compartment.as_bytes(),
        transient: ephemeral,
        until: row.expires_at,
        idle: row.idle,
        process: row.process,
    }
}

/// The session's slot; one that was opened before the server started gets another.
///
/// # Errors
/// 28000 for a session that has ended, 53400 if there is no slot left.
pub fn sit(tables: &Tables, row: &Stored, ephemeral: bool) -> Result<Sitting, Fault> {
    let sitting = |handle| Sitting { handle, limits: (row.expires_at, row.idle), process: row.process };
    if let Some(view) = slots::find(user::database(), row.id.as_bytes()) {
        return Ok(sitting(view.handle));
    }
    // The slot of a session of this start has been given up: it has ended, and its row is about to go. What was bound to a
    // connection of another start has lost it.
    if row.boot == slots::boot_id() || row.process != 0 {
        return Err(super::ended());
    }
    // It was ended before the server stopped, by a transaction that was rolled back.
    if marks::is_set(&mark(row.id)) {
        return Err(super::ended());
    }
    let take = || slots::take(plain(row, ephemeral), row.last_active_at);
    let handle = take().or_else(|| make_room(tables).then(take).flatten()).ok_or_else(too_many)?;
    // Somebody may have ended it since we read its row. Whoever ends one deletes the row before it gives up the slot.
    if stored(tables, row.id).is_none() {
        slots::give_up(handle);
        return Err(super::ended());
    }
    Ok(sitting(handle))
}

/// On a standby no worker gives up the slots of sessions that have ended on the primary: whoever needs one does. True if there may be
/// room now.
fn make_room(tables: &Tables) -> bool {
    if !xact::in_recovery() {
        return false;
    }
    let now = xact::statement_start();
    let over = |view: &View| {
        view.condition(now) != Condition::Good || stored(tables, Uuid::from_bytes(view.plain.key)).is_none()
    };
    let mut any = false;
    for view in slots::of_database(user::database()).iter().filter(|view| over(view)) {
        slots::give_up(view.handle);
        any = true;
    }
    any
}

/// What says that a session has ended, whatever becomes of the transaction that ended it, and of the server.
pub fn mark(id: Uuid) -> String {
    watertight_core::session::mark(user::database().to_u32(), id)
}

/// There is no slot left.
pub fn too_many() -> Fault {
    Fault::new(Code::ConfigurationLimitExceeded, "too many sessions").hint(
        "Raise watertight.max_sessions and restart the server, or shorten watertight.session_idle_timeout.",
    )
}
