//! What PostgreSQL keeps with a token's value: a fixed head for the warm path, then the facts.

use watertight_core::cache::Handle;

/// The length of the head.
pub const HEAD: usize = 64;

/// Who set the token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A statement of the session: counts as `token_scope` says.
    Session,
    /// The start-up packet: counts for the connection.
    Connection,
    /// The leader of this parallel worker: counts as long as the worker lives.
    Leader,
}

/// What the warm path reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// Who set it.
    pub origin: Origin,
    /// The transaction that set it.
    pub transaction: u64,
    /// The generation of trust it was verified under.
    pub trust: u64,
    /// Its entry in the verification cache.
    pub entry: Option<Handle>,
    /// Valid from, microseconds since the Unix epoch, leeway included.
    pub from: i64,
    /// Valid before, likewise.
    pub until: i64,
    /// It names a compartment other than Global.
    pub elsewhere: bool,
}

impl Head {
    /// As bytes.
    pub fn encode(&self) -> [u8; HEAD] {
        let entry = self.entry.unwrap_or(Handle { slot: u32::MAX, stamp: 0 });
        let words = [
            match self.origin {
                Origin::Session => 0,
                Origin::Connection => 1,
                Origin::Leader => 2,
            },
            self.transaction,
            self.trust,
            u64::from(entry.slot),
            entry.stamp,
            self.from as u64,
            self.until as u64,
            u64::from(self.elsewhere),
        ];
        let mut bytes = [0; HEAD];
        for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_ne_bytes());
        }
        bytes
    }

    /// From the first bytes of a block that `encode` wrote.
    pub fn decode(bytes: &[u8]) -> Option<Head> {
        let mut words = [0u64; HEAD / 8];
        for (word, chunk) in words.iter_mut().zip(bytes.get(..HEAD)?.chunks_exact(8)) {
            *word = u64::from_ne_bytes(chunk.try_into().ok()?);
        }
        let [origin, transaction, trust, slot, stamp, from, until, elsewhere] = words;
        let origin = match origin {
            0 => Origin::Session,
            1 => Origin::Connection,
            _ => Origin::Leader,
        };
        let slot = u32::try_from(slot).ok()?;
        let entry = (stamp != 0).then_some(Handle { slot, stamp });
        let (from, until, elsewhere) = (from as i64, until as i64, elsewhere != 0);
        Some(Head { origin, transaction, trust, entry, from, until, elsewhere })
    }
}
