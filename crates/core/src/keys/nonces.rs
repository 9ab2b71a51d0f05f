use std::fmt;
use zeroize::Zeroize;

/// The length of a nonce of AES-GCM.
pub const NONCE_BYTES: usize = 12;

/// A nonce that was handed out once. It cannot be copied, and sealing consumes it.
pub struct Nonce([u8; NONCE_BYTES]);

impl Nonce {
    #[inline]
    pub(super) fn bytes(&self) -> &[u8; NONCE_BYTES] {
        &self.0
    }

    #[cfg(test)]
    pub(super) fn given(bytes: [u8; NONCE_BYTES]) -> Self {
        Nonce(bytes)
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce")
    }
}

/// Nonces for one fill: the call that fills costs as much as ten values, and this many make it negligible.
const STOCK: usize = 340;

/// A stock of random nonces.
pub struct Nonces {
    stock: [[u8; NONCE_BYTES]; STOCK],
    left: usize,
}

impl Nonces {
    /// An empty stock.
    pub const fn new() -> Self {
        Nonces { stock: [[0; NONCE_BYTES]; STOCK], left: 0 }
    }

    /// The next one. `fill` is called with the whole stock when it is empty, and must fill it with random bytes; `None` if it says that
    /// it did not.
    #[inline]
    pub fn next(&mut self, fill: impl FnOnce(&mut [u8]) -> bool) -> Option<Nonce> {
        if self.left == 0 && !self.refill(fill) {
            return None;
        }
        self.left -= 1;
        // What stays behind must not be handed out a second time, nor be found in memory.
        self.stock.get_mut(self.left).map(|nonce| Nonce(std::mem::take(nonce)))
    }

    #[cold]
    fn refill(&mut self, fill: impl FnOnce(&mut [u8]) -> bool) -> bool {
        let filled = fill(self.stock.as_flattened_mut());
        // Half of a fill is as bad as none.
        if filled {
            self.left = STOCK;
        } else {
            self.forget();
        }
        filled
    }

    /// Empties the stock: a process that has inherited it from another one must not use it.
    pub fn forget(&mut self) {
        self.left = 0;
        self.stock.zeroize();
    }
}

impl Default for Nonces {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nonces").field("left", &self.left).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_handed_out_once_and_overwritten() {
        let mut nonces = Nonces::new();
        let mut fills = 0_u32;
        for expected in 0..STOCK * 2 {
            let nonce = nonces.next(|bytes| {
                fills += 1;
                for (number, nonce) in bytes.chunks_mut(NONCE_BYTES).enumerate() {
                    nonce[..4].copy_from_slice(&(number as u32 + 1).to_be_bytes());
                    nonce[4..8].copy_from_slice(&fills.to_be_bytes());
                }
                true
            });
            let Some(nonce) = nonce else { panic!("no nonce") };
            let mut bytes = [0; NONCE_BYTES];
            bytes[..4].copy_from_slice(&((STOCK - expected % STOCK) as u32).to_be_bytes());
            bytes[4..8].copy_from_slice(&((expected / STOCK) as u32 + 1).to_be_bytes());
            assert_eq!(*nonce.bytes(), bytes);
            assert!(nonces.stock[nonces.left..].as_flattened().iter().all(|byte| *byte == 0));
        }
        assert_eq!(fills, 2);
    }

    #[test]
    fn no_random_bytes_no_nonce() {
        let mut nonces = Nonces::new();
        let half = |bytes: &mut [u8]| {
            bytes[..100].fill(7);
            false
        };
        assert!(nonces.next(half).is_none());
        assert!(nonces.next(half).is_none());
        assert!(nonces.stock.as_flattened().iter().all(|byte| *byte == 0));
        assert!(
            nonces
                .next(|bytes| {
                    bytes.fill(7);
                    true
                })
                .is_some()
        );
        nonces.forget();
        assert!(nonces.next(|_| false).is_none());
    }

    /// 10 million values of a system's random bytes; a quarter of that where the build is not optimised.
    #[test]
    fn nonces_of_millions_of_values_differ() {
        use aws_lc_rs::rand;
        let count = if cfg!(debug_assertions) { 2_500_000 } else { 10_000_000 };
        let mut nonces = Nonces::new();
        let mut seen: Vec<[u8; NONCE_BYTES]> = (0..count)
            .filter_map(|_| nonces.next(|bytes| rand::fill(bytes).is_ok()))
            .map(|nonce| *nonce.bytes())
            .collect();
        assert_eq!(seen.len(), count);
        seen.sort_unstable();
        assert!(seen.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
