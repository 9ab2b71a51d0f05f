//! Work that may fail and be undone while the transaction goes on.

use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgSqlErrorCode, PgTryBuilder, pg_sys};
use std::panic::AssertUnwindSafe;

/// Runs `f` in a subtransaction, waiting for any lock `milliseconds` at most. `None`, and nothing is done, if it did not get one
/// in time or would have waited for ever. Other errors undo it as well, and are raised.
pub fn within<R>(milliseconds: u32, f: impl FnOnce() -> R) -> Option<R> {
    match undoable(milliseconds, f) {
        Ok(value) => Some(value),
        Err(error) if is_about_locks(&error) => None,
        Err(error) => error.rethrow(),
    }
}

/// The same; what went wrong is returned as a text. A cancellation is raised.
pub fn told<R>(milliseconds: u32, f: impl FnOnce() -> R) -> Result<R, String> {
    undoable(milliseconds, f).map_err(|error| match *error {
        CaughtError::PostgresError(report) | CaughtError::ErrorReport(report)
            if report.sql_error_code() != PgSqlErrorCode::ERRCODE_QUERY_CANCELED =>
        {
            report.message().to_owned()
        }
        other => other.rethrow(),
    })
}

fn undoable<R>(milliseconds: u32, f: impl FnOnce() -> R) -> Result<R, Box<CaughtError>> {
    // SAFETY: what PL/pgSQL does around a block with EXCEPTION: the memory context and the resource owner are the caller's
    // again afterwards, whatever the subtransaction did.
    unsafe {
        let (context, owner) = (pg_sys::CurrentMemoryContext, pg_sys::CurrentResourceOwner);
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(context);
        let result = PgTryBuilder::new(AssertUnwindSafe(|| Ok(timed(milliseconds, f))))
            .catch_others(|error| Err(Box::new(error)))
            .catch_rust_panic(|error| Err(Box::new(error)))
            .execute();
        match &result {
            Ok(_) => pg_sys::ReleaseCurrentSubTransaction(),
            Err(_) => pg_sys::RollbackAndReleaseCurrentSubTransaction(),
        }
        pg_sys::MemoryContextSwitchTo(context);
        pg_sys::CurrentResourceOwner = owner;
        result
    }
}

fn is_about_locks(error: &CaughtError) -> bool {
    let (CaughtError::PostgresError(report) | CaughtError::ErrorReport(report)) = error else { return false };
    matches!(
        report.sql_error_code(),
        PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE | PgSqlErrorCode::ERRCODE_T_R_DEADLOCK_DETECTED
    )
}

// The level of settings is left here, or by the subtransaction's abort.
fn timed<R>(milliseconds: u32, f: impl FnOnce() -> R) -> R {
    let value = std::ffi::CString::new(milliseconds.to_string()).unwrap_or_default();
    // SAFETY: opens a level that is left below, and sets a setting of the server in it as SET LOCAL would.
    let level = unsafe {
        let level = pg_sys::NewGUCNestLevel();
        pg_sys::set_config_option(
            c"lock_timeout".as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        );
        level
    };
    let result = f();
    // SAFETY: leaves the level opened above.
    unsafe { pg_sys::AtEOXact_GUC(true, level) };
    result
}

/// Waits, and can be cancelled.
pub fn pause(milliseconds: u32) {
    // SAFETY: sleeps; an interrupt raises as in any statement.
    unsafe { pg_sys::pg_usleep(i64::from(milliseconds) * 1_000) };
    pgrx::check_for_interrupts!();
}
