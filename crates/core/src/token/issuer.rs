//! Issuers: who may sign, with which keys, for whom.

use super::claim_map::ClaimMap;
use super::jwks::KeySet;
use super::trust_error::{TextFlaw, TrustError};
use std::fmt;
use uuid::Uuid;

const MAX_NAME_BYTES: usize = 1024;
pub(super) const MAX_LEEWAY: i64 = 3600;

/// An issuer as the registry describes it.
#[derive(Clone)]
pub struct IssuerSpec<'a> {
    /// `iss`, compared exactly.
    pub issuer: &'a str,
    /// A JSON Web Key Set, or one JSON Web Key.
    pub jwks: &'a str,
    /// What `aud` must contain. With `None`, a token that has an `aud` is refused (RFC 7519, section 4.1.3).
    pub audience: Option<&'a str>,
    /// A JSON object that maps claim names to paths.
    pub claims: &'a str,
    /// The tenants it may speak for; `None` for all, an empty list for none.
    pub tenants: Option<Vec<Uuid>>,
    /// Longest lifetime of its tokens, in seconds.
    pub max_lifetime: Option<i64>,
    /// Its own leeway, in seconds.
    pub leeway: Option<i64>,
}

/// A trusted issuer, its keys ready for use. Debug shows its name only.
pub struct Issuer {
    name: String,
    pub(super) keys: KeySet,
    pub(super) audience: Option<String>,
    pub(super) claims: ClaimMap,
    tenants: Option<Vec<Uuid>>,
    pub(super) max_lifetime: Option<i64>,
    pub(super) leeway: Option<i64>,
}

impl Issuer {
    /// Checks a description. Errors: [`TrustError`], SQLSTATE 22023.
    pub fn new(spec: &IssuerSpec) -> Result<Issuer, TrustError> {
        check_name(spec.issuer).map_err(TrustError::Issuer)?;
        spec.audience.map_or(Ok(()), check_name).map_err(TrustError::Audience)?;
        if spec.max_lifetime.is_some_and(|seconds| seconds <= 0) {
            return Err(TrustError::MaxLifetime);
        }
        if spec.leeway.is_some_and(|seconds| !(0..=MAX_LEEWAY).contains(&seconds)) {
            return Err(TrustError::Leeway);
        }
        Ok(Issuer {
            name: spec.issuer.to_owned(),
            keys: KeySet::parse(spec.jwks)?,
            audience: spec.audience.map(str::to_owned),
            claims: ClaimMap::parse(spec.claims)?,
            tenants: spec.tenants.clone(),
            max_lifetime: spec.max_lifetime,
            leeway: spec.leeway,
        })
    }

    /// `iss` of its tokens.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tenants it may speak for; `None` for all.
    pub fn tenants(&self) -> Option<&[Uuid]> {
        self.tenants.as_deref()
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Checks the keys of an issuer alone. Errors: [`TrustError`], SQLSTATE 22023.
pub fn check_keys(jwks: &str) -> Result<(), TrustError> {
    KeySet::parse(jwks).map(drop)
}

/// All trusted issuers, by name.
#[derive(Debug, Default)]
pub struct Issuers(Vec<Issuer>);

impl Issuers {
    /// Collects issuers. Names are unique in the registry; of two with one name, the first counts.
    pub fn new(mut issuers: Vec<Issuer>) -> Self {
        issuers.sort_by(|a, b| a.name.cmp(&b.name));
        issuers.dedup_by(|later, first| later.name == first.name);
        Issuers(issuers)
    }

    /// The issuer of exactly this name.
    pub fn get(&self, name: &str) -> Option<&Issuer> {
        let index = self.0.binary_search_by(|issuer| issuer.name.as_str().cmp(name)).ok()?;
        self.0.get(index)
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn check_name(name: &str) -> Result<(), TextFlaw> {
    if name.is_empty() {
        Err(TextFlaw::Empty)
    } else if name.len() > MAX_NAME_BYTES {
        Err(TextFlaw::TooLong)
    } else if name.trim() != name || name.chars().any(char::is_control) {
        Err(TextFlaw::Characters)
    } else {
        Ok(())
    }
}
