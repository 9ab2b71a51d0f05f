//! Maps keyed by oids and addresses, which are asked many times while a statement is planned.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map keyed by a number that nobody can choose.
pub type NumberMap<K, V> = HashMap<K, V, BuildHasherDefault<NumberHasher>>;

/// An empty map, for statics.
pub const fn number_map<K, V>() -> NumberMap<K, V> {
    HashMap::with_hasher(BuildHasherDefault::new())
}

/// Spreads a number over all bits by one multiplication. Against keys that somebody chooses it is no protection.
#[derive(Default)]
pub struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }
    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }
    fn write_u64(&mut self, number: u64) {
        // 2^64 divided by the golden ratio; the high bits, which depend on all others, come down.
        let spread = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = spread ^ (spread >> 32);
    }
    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oids_and_addresses_are_found_again() {
        let mut map = number_map();
        for oid in 16_384..50_000_u32 {
            map.insert(oid, oid + 1);
        }
        assert!((16_384..50_000).all(|oid| map.get(&oid) == Some(&(oid + 1))));
        assert_eq!(map.get(&1), None);
        let map: NumberMap<_, _> = (0..10_000_usize).map(|n| (n * 4096, n)).collect();
        assert!((0..10_000).all(|n| map.get(&(n * 4096)) == Some(&n)));
    }

    #[test]
    fn neighbours_differ_in_the_bits_that_tables_use() {
        let hash = |number: u64| {
            let mut hasher = NumberHasher::default();
            hasher.write_u64(number);
            hasher.finish()
        };
        for step in [1, 8, 64, 4096, 1 << 20] {
            let low: std::collections::BTreeSet<u64> = (0..256).map(|n| hash(n * step) % 256).collect();
            assert!(low.len() > 100, "{step}: {}", low.len());
        }
    }
}
