use super::secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const LABEL: &[u8] = b"watertight check value";

/// Eight bytes of a key's HMAC-SHA-256 over a fixed text, in hexadecimal: tells whether two keys are the same, and nothing of either.
pub fn check_value(key: &Secret) -> String {
    let mut mac = hmac(key);
    mac.update(LABEL);
    mac.finalize().into_bytes().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// HMAC-SHA-256 with its key schedule.
pub(super) fn hmac(key: &Secret) -> Hmac<Sha256> {
    // A key of half a block needs no hashing; the array's length is the one the type asks for.
    let mut block = zeroize::Zeroizing::new([0; 64]);
    block[..key.expose().len()].copy_from_slice(key.expose());
    Hmac::new((&*block).into())
}
