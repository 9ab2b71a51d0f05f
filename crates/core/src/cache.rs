//! A bounded cache keyed by a whole token.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// The index holds hashes already: hashing them again would only cost time.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// Where an entry is. It stays valid until the entry is evicted; then it finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle {
    /// The place in the table.
    pub slot: u32,
    /// Which of the entries that stood in this place.
    pub stamp: u64,
}

struct Slot<V> {
    token: Box<str>,
    hash: u64,
    stamp: u64,
    used: bool,
    value: V,
}

/// Token -> value, at most `capacity` entries, the least used leave first (CLOCK).
///
/// The hash is taken over the token's last bytes only, its signature: as good as random, and nobody can choose
/// it for a token that verifies, which are the only ones stored. A hit is compared in full.
pub struct TokenCache<V> {
    slots: Vec<Slot<V>>,
    index: HashMap<u64, u32, BuildHasherDefault<Identity>>,
    capacity: usize,
    hand: usize,
    stamps: u64,
}

impl<V> TokenCache<V> {
    /// An empty cache. A capacity of 0 caches nothing.
    pub fn new(capacity: usize) -> Self {
        TokenCache { slots: Vec::new(), index: HashMap::default(), capacity, hand: 0, stamps: 0 }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// True without entries.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Forgets everything, and allows `capacity` entries from now on.
    pub fn reset(&mut self, capacity: usize) {
        self.slots.clear();
        self.index.clear();
        self.hand = 0;
        self.capacity = capacity;
    }

    /// How many entries are allowed.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The entry of exactly this token.
    pub fn get(&mut self, token: &str) -> Option<(Handle, &mut V)> {
        let place = *self.index.get(&hash(token))?;
        let slot = self.slots.get_mut(place as usize)?;
        if *slot.token != *token {
            return None;
        }
        slot.used = true;
        Some((Handle { slot: place, stamp: slot.stamp }, &mut slot.value))
    }

    /// The entry a handle was given for.
    pub fn at(&mut self, handle: Handle) -> Option<&mut V> {
        let slot = self.slots.get_mut(handle.slot as usize)?;
        (slot.stamp == handle.stamp).then_some(&mut slot.value)
    }

    /// All values.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.slots.iter_mut().map(|slot| &mut slot.value)
    }

    /// Stores a value, evicting another entry when full.
    pub fn insert(&mut self, token: &str, value: V) -> Option<Handle> {
        if self.capacity == 0 {
            return None;
        }
        let hash = hash(token);
        self.stamps += 1;
        let entry = Slot { token: token.into(), hash, stamp: self.stamps, used: false, value };
        let place = match self.index.get(&hash) {
            Some(place) => *place as usize,
            None if self.slots.len() < self.capacity => self.slots.len(),
            None => self.evict(),
        };
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = entry;
        } else {
            self.slots.push(entry);
        }
        self.index.insert(hash, place as u32);
        Some(Handle { slot: place as u32, stamp: self.stamps })
    }

    /// Frees a place: goes round, sparing once what was used since it last came by.
    fn evict(&mut self) -> usize {
        loop {
            let place = self.hand;
            self.hand = (self.hand + 1) % self.slots.len();
            let slot = &mut self.slots[place];
            if slot.used {
                slot.used = false;
                continue;
            }
            self.index.remove(&slot.hash);
            return place;
        }
    }
}

/// Over the last 32 bytes: in a JSON Web Token, the end of the signature.
fn hash(token: &str) -> u64 {
    let bytes = token.as_bytes();
    let tail = &bytes[bytes.len().saturating_sub(32)..];
    tail.chunks(8).fold(bytes.len() as u64, |sum, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        (sum.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_only_the_whole_token() {
        let mut cache = TokenCache::new(4);
        let long = format!("header.{}", "s".repeat(40));
        let other = format!("HEADER.{}", "s".repeat(40));
        cache.insert(&long, 1);
        assert!(cache.get(&other).is_none(), "same signature bytes, another token");
        assert_eq!(cache.get(&long).map(|(_, v)| *v), Some(1));
    }

    #[test]
    fn a_handle_dies_with_its_entry() {
        let mut cache = TokenCache::new(1);
        let first = cache.insert("one", 1).unwrap();
        let second = cache.insert("two", 2).unwrap();
        assert_eq!(cache.at(first), None);
        assert_eq!(cache.at(second), Some(&mut 2));
        cache.reset(0);
        assert_eq!(cache.at(second), None);
        assert_eq!(cache.insert("three", 3), None);
    }

    #[test]
    fn spares_what_is_used() {
        let mut cache = TokenCache::new(2);
        cache.insert("hot", 0);
        cache.insert("cold", 1);
        for i in 0..100 {
            assert!(cache.get("hot").is_some());
            cache.insert(&format!("new {i}"), i);
        }
        assert!(cache.get("hot").is_some());
        assert_eq!(cache.len(), 2);
    }

    proptest! {
        #[test]
        fn behaves_as_a_map_that_may_forget(ops in prop::collection::vec((0u8..30, any::<bool>()), 0..300)) {
            let mut cache = TokenCache::new(8);
            let mut model = HashMap::new();
            for (n, (key, write)) in ops.into_iter().enumerate() {
                let token = format!("token {key}");
                if write {
                    cache.insert(&token, n);
                    model.insert(token, n);
                } else if let Some((handle, value)) = cache.get(&token) {
                    let value = *value;
                    prop_assert_eq!(Some(&value), model.get(&token));
                    prop_assert_eq!(cache.at(handle).copied(), Some(value));
                }
                prop_assert!(cache.len() <= 8);
            }
        }
    }
}
