//! The signature algorithms Watertight believes (RFC 7518, section 3.1; RFC 8037, section 3.1).

/// A signature algorithm. A key has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    EdDsa,
    Es256,
    Rs256,
    Ps256,
    Hs256,
}

impl Algorithm {
    /// Reads an `alg` value: case-sensitive, as RFC 7515, section 4.1.1 has it.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "EdDSA" => Algorithm::EdDsa,
            "ES256" => Algorithm::Es256,
            "RS256" => Algorithm::Rs256,
            "PS256" => Algorithm::Ps256,
            "HS256" => Algorithm::Hs256,
            _ => return None,
        })
    }

    /// The same algorithm in the words of the signature library.
    pub(super) fn backend(self) -> jsonwebtoken::Algorithm {
        match self {
            Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
            Algorithm::Hs256 => jsonwebtoken::Algorithm::HS256,
        }
    }
}
