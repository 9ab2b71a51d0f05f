//! Tests, one file for each group of rules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod claims;
mod faults;
mod form;
mod keys;
mod keysets;
mod masking;
mod random;
mod signatures;
mod stored;
mod timing;
mod trust;
mod vectors;

use super::*;
use keys::*;

pub(super) const NOW: i64 = 1_700_000_000;
pub(super) const LIMITS: Limits = Limits { leeway: 30, max_lifetime: 0 };
pub(super) const ISSUER: &str = "https://id.example";

/// A description that trusts all test keys; change what the test is about.
pub(super) fn spec(jwks: &str) -> IssuerSpec<'_> {
    IssuerSpec {
        issuer: ISSUER,
        jwks,
        audience: None,
        claims: "{}",
        tenants: None,
        max_lifetime: None,
        leeway: None,
    }
}

pub(super) fn issuers(change: impl FnOnce(&mut IssuerSpec<'_>)) -> Issuers {
    let jwks = keys::jwks();
    let mut spec = spec(&jwks);
    change(&mut spec);
    Issuers::new(vec![Issuer::new(&spec).unwrap()])
}

/// Claims with issuer, tenant and an expiry in five minutes, and `more` after them.
pub(super) fn claims_with(more: &str) -> String {
    let comma = if more.is_empty() { "" } else { "," };
    format!(r#"{{"iss":"{ISSUER}","tenant":"acme","exp":{}{comma}{more}}}"#, NOW + 300)
}

pub(super) fn check(token: &str, issuers: &Issuers) -> Result<Facts, TokenError> {
    verify(token, issuers, LIMITS, Clock::At(NOW))
}

/// Verifies a payload signed with HS256 under the default mapping.
pub(super) fn check_payload(payload: impl AsRef<[u8]>) -> Result<Facts, TokenError> {
    check(&sign("HS256", header("HS256"), payload), &issuers(|_| {}))
}
