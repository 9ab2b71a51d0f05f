//! The signature algorithms Watertight trusts.

use std::fmt;
use std::str::FromStr;

use crate::MintError;

/// A signature algorithm, by its name in RFC 7518 and RFC 8037.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// RSA PKCS #1 v1.5 with SHA-256.
    Rs256,
    /// RSA-PSS with SHA-256.
    Ps256,
    /// HMAC with SHA-256: the verifier holds the same secret.
    Hs256,
}

impl Algorithm {
    /// All of them, for tests that go through every one.
    pub const ALL: [Algorithm; 5] =
        [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256, Algorithm::Hs256];

    /// The name in a token's header and in a JWK.
    pub const fn name(self) -> &'static str {
        match self {
            Algorithm::EdDsa => "EdDSA",
            Algorithm::Es256 => "ES256",
            Algorithm::Rs256 => "RS256",
            Algorithm::Ps256 => "PS256",
            Algorithm::Hs256 => "HS256",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = MintError;

    fn from_str(name: &str) -> Result<Self, MintError> {
        Algorithm::ALL.into_iter().find(|a| a.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
            MintError::Input(format!("no such algorithm: {name} (EdDSA, ES256, RS256, PS256 or HS256)"))
        })
    }
}
