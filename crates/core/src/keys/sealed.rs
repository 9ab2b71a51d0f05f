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
