//! The background workers: a launcher, and one for each database that has the extension.

mod activity;
mod launcher;
mod leave;
mod litter;
mod marked;
mod pool;
mod run;
mod shift;
mod status;
mod sweep;
mod unseen;

use crate::pg::{ext, settings};
use crate::sys::scan;
use crate::sys::{process, slots, user, workers};
pub use leave::leave;
pub use shift::Shift;

/// Seconds.
pub const HOUR: u64 = 3_600;

/// Has the server start the launcher; called once, while the library is loaded.
pub fn install() {
    workers::install();
    process::install(launcher::run, run::run);
}

/// So much was removed: a worker cleans catalogs after it. Must not raise.
pub fn count_removed(count: u64) {
    let database = user::database();
    let litter = workers::change(database, |worker| {
        worker.litter = worker.litter.saturating_add(count);
        worker.litter
    });
    if litter.is_some_and(litter::is_due) {
        workers::wake(database);
    }
}

/// Whether anything may be left of earlier starts of the server in this database. Asked before each query.
pub fn may_have_leftovers() -> bool {
    settings::compartments() && !process::is_worker() && !workers::is_clean()
}

/// Whether something is left of them that the present role must not see.
pub fn has_leftovers() -> bool {
    // A standby shows what the primary has.
    if !may_have_leftovers() || settings::bypass() || process::in_recovery() {
        return false;
    }
    let Some(tables) = ext::tables() else { return false };
    let boot = slots::boot_id();
    let mut found = false;
    // Columns of watertight.all_compartments, as sql/compartments.sql declares them: ephemeral, boot_id.
    scan::each(tables.compartments, None, |row| {
        let stale = row.get::<bool>(6) == Some(true)
            && row.get::<pgrx::Uuid>(7).is_none_or(|id| *id.as_bytes() != boot);
        found |= stale;
        !found
    });
    found
}
