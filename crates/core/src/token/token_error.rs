//! Why a token is refused.

use super::json::JsonFlaw;

/// The part of a token a problem is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The first segment.
    Header,
    /// The second segment.
    Claims,
    /// The third segment.
    Signature,
}

/// What is wrong with the tenant claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantFlaw {
    /// There is none.
    Missing,
    /// Neither a string nor an integer: a list of tenants is not a tenant.
    Type,
    /// The empty string.
    Empty,
    /// Begins or ends with white space.
    Space,
    /// Holds a control character.
    Control,
    /// More than 200 characters.
    TooLong,
}

/// What is wrong with another claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimFlaw {
    /// Not of the type it must have.
    Type,
    /// The empty string.
    Empty,
    /// Holds a control character.
    Control,
    /// More than 1024 bytes.
    TooLong,
    /// Not a hyphenated uuid.
    NotUuid,
    /// White space inside one scope of a list.
    Space,
}

/// Why a token is refused. It carries names of rules and numbers of seconds, never a part of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// The empty string.
    Empty,
    /// Longer than [`MAX_TOKEN_BYTES`](super::MAX_TOKEN_BYTES).
    TooLong,
    /// Not three segments, or the first one is no JSON object.
    NotCompact,
    /// Five segments: a JWE (RFC 7516).
    Encrypted,
    /// A segment is not unpadded base64url.
    Base64(Part),
    /// A segment is not JSON as we want it.
    Json(Part, JsonFlaw),
    /// The header has no `alg`.
    NoAlgorithm,
    /// The header names an algorithm that is not supported, `none` among them.
    UnsupportedAlgorithm,
    /// `typ` is neither JWT nor at+jwt.
    WrongType,
    /// `crit` is present.
    Critical,
    /// `b64` is present and not true.
    Unencoded,
    /// The header carries or points to a key.
    EmbeddedKey,
    /// `kid` is not a string of at most 256 bytes.
    KeyId,
    /// No `iss`.
    NoIssuer,
    /// `iss` is not a trusted issuer.
    UnknownIssuer,
    /// The issuer has no key of this `kid`.
    UnknownKey,
    /// No `kid`, and not exactly one key for the algorithm.
    AmbiguousKey,
    /// The header's algorithm is not the key's.
    AlgorithmMismatch,
    /// The signature does not verify.
    Signature,
    /// An audience is configured and the token has none.
    NoAudience,
    /// The token's audience is another one.
    WrongAudience,
    /// The token has an audience and none is configured.
    UnexpectedAudience,
    /// `aud` is neither a string nor an array of strings.
    AudienceType,
    /// No `exp`.
    NoExpiry,
    /// The named time is not an integer between 1970 and 9999.
    Time(&'static str),
    /// `exp` is not after `nbf` and `iat`.
    NeverValid,
    /// Ended so many seconds ago, leeway not counted.
    Expired {
        /// Seconds since `exp`.
        seconds: i64,
    },
    /// Begins in so many seconds.
    NotYetValid {
        /// Seconds until `nbf`.
        seconds: i64,
    },
    /// Issued so many seconds from now.
    IssuedInFuture {
        /// Seconds until `iat`.
        seconds: i64,
    },
    /// Lives longer than allowed.
    Lifetime {
        /// The limit in seconds.
        limit: i64,
    },
    /// The tenant claim.
    Tenant(TenantFlaw),
    /// Another claim, by the name it has in `watertight.trust_issuer`.
    Claim(&'static str, ClaimFlaw),
}

impl std::fmt::Display for TokenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::Fault::from(*self).message)
    }
}

impl std::error::Error for TokenError {}
