//! Queries and plans that this backend has saved: prepared statements, those of functions.

use super::local::Local;
use pgrx::pg_sys;

static LATER: Local<bool> = Local::new(false);

/// The same as [`forget_plans`], for a query that is analysed now and will be saved: done before a plan of it is made.
pub fn forget_plans_later() {
    LATER.set(true);
}

pub(super) fn forget_plans_at_last() {
    if LATER.replace(false) {
        forget_plans();
    }
}

/// Makes this backend analyse all its saved queries anew: one that was analysed while row security was suspended has none. Raises
/// nothing, allocates nothing, reads no catalog: PostgreSQL does it while it takes in what others have changed.
pub fn forget_plans() {
    // SAFETY: marks the saved plans; they are looked at again when they are next used.
    unsafe { pg_sys::ResetPlanCache() }
}
