//! Why an issuer cannot be trusted as described.

use super::claim_map::NAMES;
use super::json::JsonFlaw;
use super::jwk::KeyFlaw;
use super::token_fault::json_detail;
use crate::error::{Code, Fault};

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFlaw {
    /// The empty string.
    Empty,
    /// More than 1024 bytes.
    TooLong,
    /// White space at an end, or a control character.
    Characters,
}

/// Why an issuer cannot be trusted as described. It carries positions and names of members, never key material.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustError {
    /// The issuer's name.
    Issuer(TextFlaw),
    /// The audience.
    Audience(TextFlaw),
    /// The key set is not JSON as we want it.
    Jwks(JsonFlaw),
    /// The key set has more than 256 KiB.
    JwksTooLong,
    /// Neither a key set nor a key.
    NotKeySet,
    /// No key is left that could verify a signature.
    NoUsableKey,
    /// Two usable keys have the same `kid`.
    DuplicateKeyId,
    /// A key cannot be used.
    Key {
        /// Its position, from 1.
        position: usize,
        /// What is wrong.
        flaw: KeyFlaw,
    },
    /// The claim mapping is not JSON as we want it.
    Claims(JsonFlaw),
    /// The claim mapping has a name that means nothing.
    UnknownClaimName,
    /// A path in the claim mapping is no path.
    ClaimPath,
    /// The longest lifetime is not positive.
    MaxLifetime,
    /// The leeway is not between 0 and 3600 seconds.
    Leeway,
}

impl From<TrustError> for Fault {
    fn from(error: TrustError) -> Fault {
        let fault = |message: &str| Fault::new(Code::InvalidParameter, message);
        match error {
            TrustError::Issuer(flaw) => fault("the issuer is not valid")
                .detail(text_detail(flaw))
                .hint("Pass exactly what the issuer's tokens have in iss."),
            TrustError::Audience(flaw) => fault("the audience is not valid")
                .detail(text_detail(flaw))
                .hint("Pass exactly what the issuer's tokens have in aud, or null if they have none."),
            TrustError::Jwks(flaw) => fault("the key set cannot be accepted")
                .detail(json_detail(flaw))
                .hint("Pass the issuer's JSON Web Key Set as it publishes it."),
            TrustError::JwksTooLong => fault("the key set is too long")
                .detail("A key set may have 262144 bytes.")
                .hint("Pass only the keys that sign tokens."),
            TrustError::NotKeySet => fault("the key set is neither a JSON Web Key Set nor a JSON Web Key")
                .hint("Pass {\"keys\": [...]} with objects, or one object that has a kty."),
            TrustError::NoUsableKey => fault("the key set has no key that could verify a token")
                .detail("Keys for encryption, of other types or for other algorithms are passed over.")
                .hint("Watertight verifies EdDSA (Ed25519), ES256, RS256, PS256 and HS256."),
            TrustError::DuplicateKeyId => {
                fault("two keys of the set have the same kid").hint("Give every key its own kid.")
            }
            TrustError::Key { position, flaw } => {
                let (detail, hint) = flaw.explain();
                fault(&format!("key {position} of the set cannot be accepted")).detail(detail).hint(hint)
            }
            TrustError::Claims(flaw) => fault("the claim mapping cannot be accepted")
                .detail(json_detail(flaw))
                .hint("Pass an object such as {\"tenant\": \"app_metadata.tenant\"}."),
            TrustError::UnknownClaimName => {
                fault("the claim mapping has an unknown name").hint(format!("The names are {NAMES}."))
            }
            TrustError::ClaimPath => fault("the claim mapping has a path that is not valid")
                .hint("A path is a string such as \"o.id\" or \"/https:~1~1example.com~1tenant/id\"."),
            TrustError::MaxLifetime => fault("the longest lifetime must be positive")
                .hint("Pass null for the installation's own limit."),
            TrustError::Leeway => fault("the leeway must be between 0 and 3600 seconds")
                .hint("Pass null for the installation's own leeway."),
        }
    }
}

fn text_detail(flaw: TextFlaw) -> &'static str {
    match flaw {
        TextFlaw::Empty => "It is empty.",
        TextFlaw::TooLong => "It has more than 1024 bytes.",
        TextFlaw::Characters => "It begins or ends with white space, or contains a control character.",
    }
}

impl std::fmt::Display for TrustError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&Fault::from(*self).message)
    }
}

impl std::error::Error for TrustError {}
