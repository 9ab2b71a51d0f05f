//! Not hearing a cancellation for a while: who must not be interrupted just now looks for himself whether there was one.

use pgrx::pg_sys;

/// While this is there a cancellation of the statement waits. The end of the process does not.
pub struct Deaf(());

impl Deaf {
    /// From now on.
    pub fn new() -> Deaf {
        // SAFETY: a plain global of this process, as HOLD_CANCEL_INTERRUPTS() raises it.
        unsafe { pg_sys::QueryCancelHoldoffCount += 1 };
        Deaf(())
    }

    /// Whether somebody has cancelled the statement.
    pub fn is_cancelled(&self) -> bool {
        // SAFETY: a plain flag of this process, which a signal sets.
        unsafe { std::ptr::read_volatile(&raw const pg_sys::QueryCancelPending) != 0 }
    }

    /// It came too late.
    pub fn forget(&self) {
        // SAFETY: as above.
        unsafe { std::ptr::write_volatile(&raw mut pg_sys::QueryCancelPending, 0) };
    }
}

impl Drop for Deaf {
    fn drop(&mut self) {
        // SAFETY: as above. An error on the way has set it to zero.
        unsafe { pg_sys::QueryCancelHoldoffCount = pg_sys::QueryCancelHoldoffCount.saturating_sub(1) };
    }
}
