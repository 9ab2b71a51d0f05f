//! A key under another key, as it lies in a table.

use super::gcm::Schedule;
use super::id::KeyId;
use super::nonces::{NONCE_BYTES, Nonce};
use super::sealed::TAG_BYTES;
use super::sealer::NotGenuine;
use super::secret::{SECRET_BYTES, Secret};
use super::state::Purpose;
use uuid::Uuid;

/// Another form is another byte.
const FORM: u8 = 1;
/// So that no wrapped key is ever taken for a sealed value, whatever is in either.
const LABEL: &[u8; 22] = b"watertight wrapped key";

/// The length of a wrapped key.
pub const WRAPPED_BYTES: usize = 1 + NONCE_BYTES + SECRET_BYTES + TAG_BYTES;

/// What a wrapped key is, and what wraps it. It opens as that and as nothing else, so a row cannot take another row's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// What it is for.
    pub purpose: Purpose,
    /// Its id.
    pub id: KeyId,
    /// Whose it is; nil for the installation's own.
    pub tenant: Uuid,
    /// Where in the tenant; nil for global.
    pub compartment: Uuid,
    /// The version of the key that wraps it.
    pub version: u32,
}

const ADDITIONAL: usize = LABEL.len() + 1 + 1 + 8 + 16 + 16 + 4;

impl Wrapped {
    fn additional(&self) -> [u8; ADDITIONAL] {
        let mut all = [0; ADDITIONAL];
        let parts: [&[u8]; 7] = [
            LABEL,
            &[FORM],
            &[self.purpose as u8],
            &self.id.to_bytes(),
            self.tenant.as_bytes(),
            self.compartment.as_bytes(),
            &self.version.to_be_bytes(),
        ];
        all.iter_mut().zip(parts.into_iter().flatten()).for_each(|(out, byte)| *out = *byte);
        all
    }
}

/// Wraps `key`.
pub fn wrap(wrapping: &Secret, what: &Wrapped, key: &Secret, nonce: Nonce) -> Vec<u8> {
    let mut out = vec![0; WRAPPED_BYTES];
    out[0] = FORM;
    out[1..=NONCE_BYTES].copy_from_slice(nonce.bytes());
    // The lengths are right, so there is nothing that could fail; if there were, what is left does not open.
    let sealed = Schedule::new(wrapping).seal(
        nonce.bytes(),
        &what.additional(),
        key.expose(),
        &mut out[1 + NONCE_BYTES..],
    );
    debug_assert!(sealed.is_some());
    out
}

/// Unwraps a key.
///
/// # Errors
/// For another wrapping key, for anything but `what`, and for bytes that [`wrap`] did not make.
pub fn unwrap(wrapping: &Secret, what: &Wrapped, wrapped: &[u8]) -> Result<Secret, NotGenuine> {
    let parts = || {
        let (form, rest) = wrapped.split_first()?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>()?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
        (*form == FORM && ciphertext.len() == SECRET_BYTES).then_some((nonce, ciphertext, tag))
    };
    let (nonce, ciphertext, tag) = parts().ok_or(NotGenuine)?;
    let schedule = Schedule::new(wrapping);
    Secret::filled(|out| schedule.open(nonce, &what.additional(), ciphertext, tag, out).is_some())
        .ok_or(NotGenuine)
}
