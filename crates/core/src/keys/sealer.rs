use super::gcm::Schedule;
use super::id::KeyId;
use super::index::BlindIndex;
use super::nonces::Nonce;
use super::sealed::{Kind, Sealed, sealed_len};
use super::secret::Secret;
use std::fmt;
use uuid::Uuid;
use zeroize::ZeroizeOnDrop;

/// The value was not sealed by this key, for this tenant and compartment, as this kind, with this context; or it was changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotGenuine;

/// A data key, expanded, with everything a value is bound to.
pub struct Sealer {
    schedule: Schedule,
    id: KeyId,
    tenant: Uuid,
    compartment: Uuid,
}

/// Kind, key, blind index, tenant and compartment.
const FIXED: usize = 1 + 8 + 16 + 16 + 16;

impl Sealer {
    /// Expands a key.
    pub fn new(id: KeyId, tenant: Uuid, compartment: Uuid, key: &Secret) -> Self {
        Sealer { schedule: Schedule::new(key), id, tenant, compartment }
    }

    /// The key's id.
    #[inline]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Whose values it seals.
    #[inline]
    pub fn tenant(&self) -> &Uuid {
        &self.tenant
    }

    /// Where in the tenant; nil for global.
    #[inline]
    pub fn compartment(&self) -> &Uuid {
        &self.compartment
    }

    /// Writes the sealed value to `out`, which is [`sealed_len`] long. `index` is there for [`Kind::Searchable`] and for no other kind.
    /// `context` is what the value is bound to in addition: empty for values of columns.
    ///
    /// False, and nothing that could be opened in `out`, where this is not so or the plaintext is longer than 64 GiB.
    #[must_use]
    #[inline]
    pub fn seal_into(
        &self,
        kind: Kind,
        index: Option<&BlindIndex>,
        context: &[u8],
        nonce: Nonce,
        plaintext: &[u8],
        out: &mut [u8],
    ) -> bool {
        if out.len() != sealed_len(kind, plaintext.len()) || index.is_some() != (kind == Kind::Searchable) {
            return false;
        }
        let (header, body) = out.split_at_mut(kind.header_len());
        let mut header = Writer { out: header, at: 0 };
        header.put(&[kind as u8]);
        header.put(&self.id.to_bytes());
        if let Some(index) = index {
            header.put(index);
        }
        header.put(nonce.bytes());
        self.with_additional(kind, index, context, |additional| {
            self.schedule.seal(nonce.bytes(), additional, plaintext, body).is_some()
        })
    }

    /// Writes the plaintext to `out`, which is [`Sealed::plaintext_len`] long.
    ///
    /// # Errors
    /// For everything that [`Sealer::seal_into`] has not made with the same key and context; `out` is all zeroes then.
    #[inline]
    pub fn open_into(&self, sealed: &Sealed<'_>, context: &[u8], out: &mut [u8]) -> Result<(), NotGenuine> {
        if sealed.key != self.id {
            out.fill(0);
            return Err(NotGenuine);
        }
        self.with_additional(sealed.kind, sealed.index, context, |additional| {
            self.schedule.open(sealed.nonce, additional, sealed.ciphertext, sealed.tag, out)
        })
        .ok_or(NotGenuine)
    }

    /// The parts have fixed lengths that follow from the kind, and the context is the last: no two values have the same bytes.
    #[inline]
    fn with_additional<R>(
        &self,
        kind: Kind,
        index: Option<&BlindIndex>,
        context: &[u8],
        f: impl FnOnce(&[u8]) -> R,
    ) -> R {
        let mut fixed = [0; FIXED];
        let mut writer = Writer { out: &mut fixed, at: 0 };
        writer.put(&[kind as u8]);
        writer.put(&self.id.to_bytes());
        if let Some(index) = index {
            writer.put(index);
        }
        writer.put(self.tenant.as_bytes());
        writer.put(self.compartment.as_bytes());
        let length = writer.at;
        // Values of columns have no context, and nothing is allocated for them.
        if context.is_empty() { f(&fixed[..length]) } else { f(&[&fixed[..length], context].concat()) }
    }
}

/// Writes one part after the other.
struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    #[inline(always)]
    fn put<const N: usize>(&mut self, part: &[u8; N]) {
        let end = self.at + N;
        self.out[self.at..end].copy_from_slice(part);
        self.at = end;
    }
}

impl ZeroizeOnDrop for Sealer {}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("id", &self.id).finish_non_exhaustive()
    }
}
