//! Tokens: who may sign, what a token says, and whether to believe it.
//!
//! A token is a signed JSON Web Token (RFC 7519) in the compact form (RFC 7515, section 7.1). Three rules carry the
//! weight:
//!
//! * **The key decides the algorithm, never the token** (RFC 8725, section 3.1). A key belongs to one algorithm; a
//!   header that names another one is refused, so `none` and "RSA key used as an HMAC secret" cannot happen.
//! * **What is ambiguous is refused.** Duplicate JSON names, padded base64, a key id that names two keys, an audience
//!   nobody configured: no second reader of the same token may read something else.
//! * **Nothing secret enters an error.** [`TokenError`] and [`TrustError`] carry names of rules and numbers only.
//!
//! [`verify`] turns a token into [`Facts`]; [`FactsView`] reads encoded facts without allocating.

mod algorithm;
mod base64url;
mod claim_map;
mod claim_path;
mod claims;
mod compact;
mod facts;
mod forget;
mod header;
mod issuer;
mod json;
mod jwk;
mod jwks;
mod mask;
mod tenant_claim;
#[cfg(test)]
mod tests;
mod times;
mod token_error;
mod token_fault;
mod trust_error;
mod verify;
mod view;

pub use compact::{MAX_TOKEN_BYTES, payload};
pub use facts::Facts;
pub use forget::forgettable;
pub use issuer::{Issuer, IssuerSpec, Issuers, check_keys};
pub use json::JsonFlaw;
pub(crate) use json::is_unambiguous;
pub use jwk::KeyFlaw;
pub use mask::find;
pub use tenant_claim::{TenantClaim, TenantRef};
pub use times::{Clock, Limits};
pub use token_error::{ClaimFlaw, Part, TenantFlaw, TokenError};
pub use trust_error::{TextFlaw, TrustError};
pub use verify::verify;
pub use view::FactsView;
