//! Which claims of an issuer's tokens say what.

use super::claim_path::ClaimPath;
use super::json::{Json, Object};
use super::trust_error::TrustError;

/// The names a mapping may use.
pub(super) const NAMES: &str = "tenant, user, email, role, compartment, session, scopes";

/// The path of every claim Watertight reads besides the registered ones (RFC 7519, section 4.1).
#[derive(Clone, Debug)]
pub(super) struct ClaimMap {
    pub(super) tenant: ClaimPath,
    pub(super) user: ClaimPath,
    pub(super) email: ClaimPath,
    pub(super) role: ClaimPath,
    pub(super) compartment: ClaimPath,
    /// `None`: nobody mapped it, see `claims::session`.
    pub(super) session: Option<ClaimPath>,
    pub(super) scopes: ClaimPath,
}

impl Default for ClaimMap {
    fn default() -> Self {
        ClaimMap {
            tenant: ClaimPath::top("tenant"),
            user: ClaimPath::top("sub"),
            email: ClaimPath::top("email"),
            role: ClaimPath::top("role"),
            compartment: ClaimPath::top("compartment"),
            session: None,
            scopes: ClaimPath::top("scope"),
        }
    }
}

impl ClaimMap {
    /// Reads `{"tenant": "o.id", ...}`. A misspelt name would leave its default in place, silently, so it is refused.
    pub(super) fn parse(text: &str) -> Result<Self, TrustError> {
        let object = Object::parse(text.as_bytes()).map_err(TrustError::Claims)?;
        let mut map = ClaimMap::default();
        for (name, value) in object.members() {
            let path = match value {
                Json::Text(path) => ClaimPath::parse(path),
                _ => None,
            };
            let path = path.ok_or(TrustError::ClaimPath);
            let slot = match name {
                "tenant" => &mut map.tenant,
                "user" => &mut map.user,
                "email" => &mut map.email,
                "role" => &mut map.role,
                "compartment" => &mut map.compartment,
                "session" => {
                    map.session = Some(path?);
                    continue;
                }
                "scopes" => &mut map.scopes,
                _ => return Err(TrustError::UnknownClaimName),
            };
            *slot = path?;
        }
        Ok(map)
    }
}
