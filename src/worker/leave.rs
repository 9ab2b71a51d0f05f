//! Databases that nobody may be connected to for a moment.

use crate::sys::{process, user, workers};
use std::ffi::CString;

/// How long a worker stays away, in microseconds: PostgreSQL itself waits five seconds for others to leave.
const AWAY: i64 = 10_000_000;

/// A statement is about to need a database for itself: our worker leaves it, and comes back later if it is still there. Only for
/// who may run such a statement.
pub fn leave(database: &str, copy: bool) {
    let Some(oid) = CString::new(database).ok().and_then(|name| user::database_called(&name)) else { return };
    let allowed = if copy { user::may_create_databases() } else { user::owns_database(oid) };
    if !allowed {
        return;
    }
    let vacuuming = workers::change(oid, |worker| {
        worker.not_before = process::now().saturating_add(AWAY);
        worker.leave = worker.process != 0 || worker.state == workers::State::Starting;
        (worker.state == workers::State::Vacuuming).then_some(worker.process)
    });
    if let Some(working) = vacuuming {
        // It can be repeated.
        if let Some(process) = working {
            crate::sys::slots::interrupt(process, false);
        }
        workers::wake(oid);
    }
}
