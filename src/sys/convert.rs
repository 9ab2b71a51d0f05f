//! The server's own conversions of bytea and jsonb, without what their errors would say of the value.

use super::varlena;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::pg_sys::{self, Datum};
use pgrx::{PgSqlErrorCode, PgTryBuilder, direct_function_call_as_datum};
use std::ffi::CString;
use std::panic::AssertUnwindSafe;

/// Runs a conversion that needs nothing but memory. `None` if the value is at fault; other errors are raised.
fn attempt(f: impl FnOnce() -> Option<Datum>) -> Option<Datum> {
    // SAFETY: the memory context is put back after an error.
    let context = unsafe { pg_sys::CurrentMemoryContext };
    let is_about_value = |error: &CaughtError| {
        let (CaughtError::PostgresError(report) | CaughtError::ErrorReport(report)) = error else {
            return false;
        };
        !matches!(
            report.sql_error_code(),
            PgSqlErrorCode::ERRCODE_QUERY_CANCELED
                | PgSqlErrorCode::ERRCODE_ADMIN_SHUTDOWN
                | PgSqlErrorCode::ERRCODE_CRASH_SHUTDOWN
                | PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY
                | PgSqlErrorCode::ERRCODE_STATEMENT_TOO_COMPLEX
        )
    };
    PgTryBuilder::new(AssertUnwindSafe(f))
        .catch_others(move |error| {
            if !is_about_value(&error) {
                error.rethrow();
            }
            // SAFETY: see above.
            unsafe { pg_sys::MemoryContextSwitchTo(context) };
            None
        })
        .execute()
}

/// Calls `function`, one of the server's with a single argument.
///
/// # Safety
/// The argument must be what the function takes.
unsafe fn call(function: unsafe fn(pg_sys::FunctionCallInfo) -> Datum, argument: Datum) -> Option<Datum> {
    // SAFETY: by the caller.
    unsafe { direct_function_call_as_datum(function, &[Some(argument)]) }
}

/// The content of a bytea, from its text form.
pub fn bytea_from_text<'a>(text: &[u8]) -> Option<&'a [u8]> {
    let text = CString::new(text).ok()?;
    // SAFETY: a C string, and a bytea in the current memory context.
    attempt(|| unsafe { call(pg_sys::byteain, Datum::from(text.as_ptr())) })
        .map(|value| unsafe { varlena::whole(value.value()) })
}

/// The text form of a bytea, as `bytea_output` says.
pub fn text_from_bytea(value: Datum) -> Option<Datum> {
    // SAFETY: a bytea.
    unsafe { call(pg_sys::byteaout, value) }
}

/// A jsonb, from a text.
pub fn jsonb_from_text(text: &[u8]) -> Option<Datum> {
    let text = CString::new(text).ok()?;
    jsonb_from_cstring(Datum::from(text.as_ptr()))
}

/// A jsonb, from a C string.
pub fn jsonb_from_cstring(text: Datum) -> Option<Datum> {
    // SAFETY: a C string.
    attempt(|| unsafe { call(pg_sys::jsonb_in, text) })
}

/// The text form of a jsonb.
pub fn text_from_jsonb<'a>(value: Datum) -> Option<&'a [u8]> {
    // SAFETY: a jsonb; the result is a C string in the current memory context.
    unsafe { call(pg_sys::jsonb_out, value).map(|text| varlena::cstring(text)) }
}
