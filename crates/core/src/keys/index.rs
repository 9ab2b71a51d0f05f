use super::check::hmac;
use super::secret::Secret;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;
use zeroize::ZeroizeOnDrop;

/// The length of a blind index: 2^64 different values of a tenant would be needed for two to share one by chance.
pub const BLIND_INDEX_BYTES: usize = 16;

/// What stands for a searchable value where values are compared.
pub type BlindIndex = [u8; BLIND_INDEX_BYTES];

/// A tenant's index key, with the two hash states that HMAC starts from already computed.
pub struct IndexKey(Box<Hmac<Sha256>>);

const _: fn() = || {
    fn is_zeroised<T: ZeroizeOnDrop>() {}
    is_zeroised::<Sha256>();
};

impl IndexKey {
    /// Expands a key.
    pub fn new(key: &Secret) -> Self {
        IndexKey(Box::new(hmac(key)))
    }

    /// The blind index of a value: equal bytes, equal index.
    #[inline]
    pub fn of(&self, plaintext: &[u8]) -> BlindIndex {
        let mut mac = (*self.0).clone();
        mac.update(plaintext);
        let whole: [u8; 32] = mac.finalize().into_bytes().into();
        let mut index = [0; BLIND_INDEX_BYTES];
        index.copy_from_slice(&whole[..BLIND_INDEX_BYTES]);
        index
    }
}

impl ZeroizeOnDrop for IndexKey {}

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKey")
    }
}
