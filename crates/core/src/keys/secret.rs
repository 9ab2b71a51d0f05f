use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The length of every key.
pub const SECRET_BYTES: usize = 32;

/// A key's bytes. They stay at one address until they are overwritten: a value that is moved would leave copies behind.
pub struct Secret(Box<[u8; SECRET_BYTES]>);

impl Secret {
    /// A key that `fill` writes; `None` if it says that it did not.
    pub fn filled(fill: impl FnOnce(&mut [u8; SECRET_BYTES]) -> bool) -> Option<Self> {
        let mut secret = Secret(Box::new([0; SECRET_BYTES]));
        fill(&mut secret.0).then_some(secret)
    }

    /// A key of these bytes; `None` unless they are as many as a key has.
    pub fn copied(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == SECRET_BYTES).then_some(())?;
        Self::filled(|secret| {
            secret.copy_from_slice(bytes);
            true
        })
    }

    /// The bytes, for whoever expands, wraps or stores them.
    pub fn expose(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }

    /// One byte, repeated: what a forgotten placeholder looks like, and no random number ever does.
    pub fn is_placeholder(&self) -> bool {
        self.0.iter().all(|byte| *byte == self.0[0])
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
