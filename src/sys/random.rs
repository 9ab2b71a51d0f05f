//! Random bytes.

use pgrx::pg_sys;

/// Fills `bytes` from the server's cryptographic source. False if that has none to give.
#[must_use]
pub fn fill(bytes: &mut [u8]) -> bool {
    // SAFETY: writes so many bytes.
    unsafe { pg_sys::pg_strong_random(bytes.as_mut_ptr().cast(), bytes.len()) }
}
