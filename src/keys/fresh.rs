//! New keys, ids and nonces.

use crate::sys::random;
use watertight_core::keys::{KeyId, Nonce, Nonces, Secret};
use watertight_core::{Code, Fault};

fn no_randomness() -> Fault {
    Fault::new(Code::NotInPrerequisiteState, "the system has no random numbers")
}

/// A new key.
///
/// # Errors
/// 55000 if the system has no random numbers.
pub fn secret() -> Result<Secret, Fault> {
    Secret::filled(|bytes| random::fill(bytes)).ok_or_else(no_randomness)
}

/// A new id.
///
/// # Errors
/// As for [`secret`].
pub fn id() -> Result<KeyId, Fault> {
    let mut bytes = [0; 8];
    if !random::fill(&mut bytes) {
        return Err(no_randomness());
    }
    KeyId::from_random(bytes).ok_or_else(no_randomness)
}

/// A nonce for wrapping one key: rare, so none is kept in stock.
///
/// # Errors
/// As for [`secret`].
pub fn nonce() -> Result<Nonce, Fault> {
    Nonces::new().next(random::fill).ok_or_else(no_randomness)
}
