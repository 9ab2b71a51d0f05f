//! The tenant a token names.

use super::json::Json;
use super::token_error::{TenantFlaw, TokenError};
use uuid::Uuid;

const MAX_CHARS: usize = 200;

/// A tenant as the token names it. The three forms never overlap: a tenant's name cannot look like a uuid, and a JSON
/// integer is no string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantClaim {
    /// A string that is a hyphenated uuid: the tenant's id.
    Id(Uuid),
    /// Any other string: the tenant's name, compared exactly.
    Name(String),
    /// A JSON integer: the tenant's key.
    Key(i64),
}

/// [`TenantClaim`], borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantRef<'a> {
    /// The tenant's id.
    Id(Uuid),
    /// The tenant's name.
    Name(&'a str),
    /// The tenant's key.
    Key(i64),
}

impl TenantClaim {
    /// Borrows.
    pub fn as_ref(&self) -> TenantRef<'_> {
        match self {
            TenantClaim::Id(id) => TenantRef::Id(*id),
            TenantClaim::Name(name) => TenantRef::Name(name),
            TenantClaim::Key(key) => TenantRef::Key(*key),
        }
    }

    pub(super) fn read(value: &Json<'_>) -> Result<Self, TokenError> {
        match value {
            Json::Int(key) => Ok(TenantClaim::Key(*key)),
            Json::Text(text) => Self::from_text(text).map_err(TokenError::Tenant),
            _ => Err(TokenError::Tenant(TenantFlaw::Type)),
        }
    }

    fn from_text(text: &str) -> Result<Self, TenantFlaw> {
        if let Some(id) = hyphenated(text) {
            return Ok(TenantClaim::Id(id));
        }
        if text.is_empty() {
            return Err(TenantFlaw::Empty);
        }
        if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
            return Err(TenantFlaw::Space);
        }
        if text.chars().any(char::is_control) {
            return Err(TenantFlaw::Control);
        }
        if text.chars().count() > MAX_CHARS {
            return Err(TenantFlaw::TooLong);
        }
        Ok(TenantClaim::Name(text.to_owned()))
    }
}

impl TenantRef<'_> {
    /// Copies into an owned value.
    pub fn to_owned(self) -> TenantClaim {
        match self {
            TenantRef::Id(id) => TenantClaim::Id(id),
            TenantRef::Name(name) => TenantClaim::Name(name.to_owned()),
            TenantRef::Key(key) => TenantClaim::Key(key),
        }
    }
}

/// Reads the 36-character form only (RFC 9562, section 4); `Uuid::parse_str` would also take braces and `urn:uuid:`.
pub(super) fn hyphenated(text: &str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}
