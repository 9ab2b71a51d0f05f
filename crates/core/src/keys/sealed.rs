use super::id::KeyId;
use super::index::{BLIND_INDEX_BYTES, BlindIndex};
use super::nonces::NONCE_BYTES;

/// The length of the tag.
pub const TAG_BYTES: usize = 16;

const ID: usize = 1;
const AFTER_ID: usize = ID + 8;

/// What was sealed: the first byte of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// `encrypted_text`.
    Text = 1,
    /// `encrypted_bytea`.
    Bytea = 2,
    /// `encrypted_jsonb`.
    Jsonb = 3,
    /// `searchable_text`.
    Searchable = 4,
    /// What `encrypt()` returns.
    Function = 5,
}

impl Kind {
    #[inline]
    fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Kind::Text),
            2 => Some(Kind::Bytea),
            3 => Some(Kind::Jsonb),
            4 => Some(Kind::Searchable),
            5 => Some(Kind::Function),
            _ => None,
        }
    }

    /// The bytes before the ciphertext.
    #[inline]
    pub(super) const fn header_len(self) -> usize {
        let index = if matches!(self, Kind::Searchable) { BLIND_INDEX_BYTES } else { 0 };
        AFTER_ID + index + NONCE_BYTES
    }

    /// The SQL type.
    pub const fn type_name(self) -> &'static str {
        match self {
            Kind::Text => "watertight.encrypted_text",
            Kind::Bytea => "watertight.encrypted_bytea",
            Kind::Jsonb => "watertight.encrypted_jsonb",
            Kind::Searchable => "watertight.searchable_text",
            Kind::Function => "bytea",
        }
    }
}

/// The bytes of a value that [`Sealed::key_of`] looks at.
pub const KEY_PREFIX: usize = AFTER_ID;

/// The length of a sealed value.
#[inline]
pub const fn sealed_len(kind: Kind, plaintext: usize) -> usize {
    kind.header_len() + plaintext + TAG_BYTES
}

/// Not the bytes of a sealed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// A sealed value, taken apart. Nothing of it is believed yet.
#[derive(Clone, Copy, Debug)]
pub struct Sealed<'a> {
    /// What it is.
    pub kind: Kind,
    /// The key that it says it is sealed under.
    pub key: KeyId,
    /// What it is compared by.
    pub index: Option<&'a BlindIndex>,
    pub(super) nonce: &'a [u8; NONCE_BYTES],
    pub(super) ciphertext: &'a [u8],
    pub(super) tag: &'a [u8; TAG_BYTES],
}

impl<'a> Sealed<'a> {
    /// Takes a value apart.
    ///
    /// # Errors
    /// For bytes that no sealed value consists of.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        Self::parts(bytes).ok_or(Malformed)
    }

    #[inline]
    fn parts(bytes: &'a [u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let kind = Kind::from_byte(*kind)?;
        let (id, rest) = rest.split_first_chunk()?;
        let key = KeyId::from_bytes(*id)?;
        let (index, rest) = match kind {
            Kind::Searchable => rest.split_first_chunk().map(|(index, rest)| (Some(index), rest))?,
            _ => (None, rest),
        };
        let (nonce, rest) = rest.split_first_chunk()?;
        let (ciphertext, tag) = rest.split_last_chunk()?;
        Some(Sealed { kind, key, index, nonce, ciphertext, tag })
    }

    /// The key that a value says it is sealed under; its first [`KEY_PREFIX`] bytes suffice.
    #[inline]
    pub fn key_of(bytes: &[u8]) -> Option<KeyId> {
        let (kind, rest) = bytes.split_first()?;
        Kind::from_byte(*kind)?;
        KeyId::from_bytes(*rest.first_chunk()?)
    }

    /// The blind index of a searchable value, and nothing else of it: comparison has no time for more.
    #[inline(always)]
    pub fn index_of(bytes: &'a [u8]) -> Option<&'a BlindIndex> {
        bytes.get(AFTER_ID..)?.first_chunk().filter(|_| bytes[0] == Kind::Searchable as u8)
    }

    /// The length of what is sealed.
    #[inline]
    pub fn plaintext_len(&self) -> usize {
        self.ciphertext.len()
    }
}

/// What searchable values are compared, sorted and hashed by: the blind index. (Bytes that are no value are what they are.)
#[inline(always)]
pub fn search_key(bytes: &[u8]) -> &[u8] {
    Sealed::index_of(bytes).map_or(bytes, |index| &index[..])
}

/// The bytes of a searchable value that [`search_key`] looks at.
pub const SEARCH_PREFIX: usize = AFTER_ID + BLIND_INDEX_BYTES;

/// A hash of what values are compared by. Blind indexes are as good as random: their first bytes are one. With a seed of 0 it is
/// [`search_hash`], as PostgreSQL asks.
#[inline(always)]
pub fn search_hash_extended(key: &[u8], seed: u64) -> u64 {
    let hash = match key.first_chunk::<8>() {
        Some(first) => u64::from_le_bytes(*first),
        None => key.iter().fold(0, |hash, byte| (hash << 8) | u64::from(*byte)),
    };
    if seed == 0 {
        return hash;
    }
    // The finalizer of splitmix64.
    let mut mixed = hash ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The lower half of the same.
#[inline(always)]
pub fn search_hash(key: &[u8]) -> u32 {
    search_hash_extended(key, 0) as u32
}

/// A value that stands for all searchable values of one blind index where they are compared with, and nowhere else: it has no key and
/// no ciphertext, so it cannot be opened.
#[inline]
pub fn probe(index: &BlindIndex) -> [u8; SEARCH_PREFIX] {
    let mut out = [0; SEARCH_PREFIX];
    out[0] = Kind::Searchable as u8;
    out[AFTER_ID..].copy_from_slice(index);
    out
}
