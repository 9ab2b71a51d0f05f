//! AES-256-GCM on a cached key schedule: the one place where the cipher is called.

use super::nonces::NONCE_BYTES;
use super::sealed::TAG_BYTES;
use super::secret::Secret;
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The expanded key: the round keys and the hash key, which the cipher overwrites on drop.
pub(super) struct Schedule(Box<Aes256Gcm>);

const _: fn() = || {
    fn is_zeroised<T: ZeroizeOnDrop>() {}
    is_zeroised::<Aes256Gcm>();
};

impl ZeroizeOnDrop for Schedule {}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schedule")
    }
}

impl Schedule {
    pub(super) fn new(key: &Secret) -> Self {
        Schedule(Box::new(Aes256Gcm::new(key.expose().into())))
    }

    /// Writes ciphertext and tag to `out`; `None` unless it has room for exactly these, or if the plaintext is longer than the mode allows.
    #[inline]
    pub(super) fn seal(
        &self,
        nonce: &[u8; NONCE_BYTES],
        additional: &[u8],
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Option<()> {
        let (ciphertext, room) = out.split_last_chunk_mut::<TAG_BYTES>()?;
        let buffer = InOutBuf::new(plaintext, ciphertext).ok()?;
        let tag = self.0.encrypt_inout_detached(nonce.into(), additional, buffer).ok()?;
        *room = tag.into();
        Some(())
    }

    /// Writes the plaintext to `out`, which has room for exactly that; `None`, and zeroes, if the tag is not the one of these bytes.
    #[inline]
    pub(super) fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        additional: &[u8],
        ciphertext: &[u8],
        tag: &[u8; TAG_BYTES],
        out: &mut [u8],
    ) -> Option<()> {
        let opened = InOutBuf::new(ciphertext, out).ok().and_then(|buffer| {
            self.0.decrypt_inout_detached(nonce.into(), additional, buffer, tag.into()).ok()
        });
        if opened.is_none() {
            out.zeroize();
        }
        opened
    }
}
