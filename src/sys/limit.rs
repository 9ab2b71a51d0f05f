//! A bound of time for what runs a user's code in a worker: there is no client that could cancel it.

use super::local::Local;
use pgrx::pg_sys;

// Not in the bindings. The number is that of `STATEMENT_TIMEOUT` (utils/timeout.h) in all versions; InitPostgres gives it its handler.
const STATEMENT_TIMEOUT: i32 = 3;
unsafe extern "C-unwind" {
    fn RegisterTimeout(id: i32, handler: unsafe extern "C" fn()) -> i32;
    fn enable_timeout_after(id: i32, milliseconds: i32);
    fn disable_timeout(id: i32, keep_indicator: bool);
}

/// The number under which the last resort is registered.
static LAST: Local<Option<i32>> = Local::new(None);

/// A cancellation can be caught by what is cancelled (`EXCEPTION WHEN query_canceled`), the end of the process cannot.
unsafe extern "C" fn end_the_process() {
    // SAFETY: plain flags, which a signal's handler may set; who has called us sets the latch.
    unsafe {
        pg_sys::ProcDiePending = 1;
        pg_sys::InterruptPending = 1;
    }
}

/// Runs `f`, which must not raise. What it does is cancelled after so many milliseconds, as by `statement_timeout`; after twice as many
/// the process is ended.
pub fn within<R>(milliseconds: i32, f: impl FnOnce() -> R) -> R {
    let last = LAST.get().unwrap_or_else(|| {
        // SAFETY: any number from `USER_TIMEOUT` on asks for a free one.
        let id = unsafe { pg_sys::ffi::pg_guard_ffi_boundary(|| RegisterTimeout(i32::MAX, end_the_process)) };
        LAST.set(Some(id));
        id
    });
    // SAFETY: both are registered.
    unsafe {
        pg_sys::ffi::pg_guard_ffi_boundary(|| {
            enable_timeout_after(STATEMENT_TIMEOUT, milliseconds);
            enable_timeout_after(last, milliseconds.saturating_mul(2));
        });
    }
    let result = f();
    // SAFETY: as above; one that has fired, or not yet, is disabled alike. A cancellation that comes too late has nothing to cancel.
    unsafe {
        pg_sys::ffi::pg_guard_ffi_boundary(|| {
            disable_timeout(STATEMENT_TIMEOUT, false);
            disable_timeout(last, false);
        });
        pg_sys::QueryCancelPending = 0;
    }
    result
}
