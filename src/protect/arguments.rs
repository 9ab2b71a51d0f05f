//! Arguments: SQL functions of ours are not STRICT, because NULL must not silently do nothing.

use crate::pg::error::raise;
use std::ffi::CStr;
use watertight_core::{Code, Fault};

/// The value of a required argument.
pub fn given<T>(argument: &str, value: Option<T>) -> T {
    value.unwrap_or_else(|| {
        raise(
            Fault::new(Code::InvalidParameter, format!("{argument} must not be null"))
                .hint("Leave the argument out to get its default."),
        )
    })
}

/// A value of type `name`.
pub fn name(value: &CStr) -> String {
    value.to_string_lossy().into_owned()
}
