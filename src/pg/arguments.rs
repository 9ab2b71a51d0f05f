//! Arguments: SQL functions of ours are not STRICT, because NULL must not silently do nothing.

use super::error::raise;
use std::ffi::CStr;
use watertight_core::{Code, Fault};

/// The value of an argument without a default.
pub fn required<T>(argument: &str, value: Option<T>) -> T {
    value.unwrap_or_else(|| raise(null(argument)))
}

/// The value of an argument with a default.
pub fn given<T>(argument: &str, value: Option<T>) -> T {
    value.unwrap_or_else(|| raise(null(argument).hint("Leave the argument out to get its default.")))
}

fn null(argument: &str) -> Fault {
    Fault::new(Code::InvalidParameter, format!("{argument} must not be null"))
}

/// A value of type `name`.
pub fn name(value: &CStr) -> String {
    value.to_string_lossy().into_owned()
}
