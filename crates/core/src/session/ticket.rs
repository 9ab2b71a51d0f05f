//! The session token.

use crate::{Code, Fault};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::fmt;
use uuid::Uuid;

/// `iss` of session tokens. No other issuer can be trusted under this name.
pub const SESSION_ISSUER: &str = "watertight";

/// The key of HMAC-SHA-256 is at least as long as its output (RFC 7518, section 3.2).
pub const MIN_SECRET_BYTES: usize = 32;

/// A key that session tokens are signed with.
pub struct Key {
    /// Its name, in the token's header.
    pub kid: String,
    /// Random bytes.
    pub secret: Vec<u8>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// What a session token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The tenant.
    pub tenant: Uuid,
    /// The compartment.
    pub compartment: Uuid,
    /// The session.
    pub session: Uuid,
    /// The user, as the identity token said it.
    pub user: String,
    /// The verified e-mail address.
    pub email: Option<String>,
    /// The role claim.
    pub role: Option<String>,
    /// Scopes, separated by one space.
    pub scopes: Option<String>,
    /// Seconds since 1970.
    pub issued_at: i64,
    /// Seconds since 1970.
    pub expires_at: i64,
}

impl Ticket {
    /// The token.
    ///
    /// # Errors
    /// 55000 if it cannot be signed, which a key of [`MIN_SECRET_BYTES`] never causes.
    pub fn sign(&self, key: &Key) -> Result<String, Fault> {
        let unusable = || Fault::new(Code::NotInPrerequisiteState, "session token cannot be signed");
        if key.secret.len() < MIN_SECRET_BYTES {
            return Err(unusable());
        }
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        header.kid = Some(key.kid.clone());
        let secret = jsonwebtoken::EncodingKey::from_secret(&key.secret);
        jsonwebtoken::encode(&header, &self.claims(), &secret).map_err(|_| unusable())
    }

    fn claims(&self) -> Value {
        let mut claims = json!({
            "iss": SESSION_ISSUER,
            "sub": self.user,
            "tenant": self.tenant.to_string(),
            "compartment": self.compartment.to_string(),
            "sid": self.session.to_string(),
            "iat": self.issued_at,
            "exp": self.expires_at,
        });
        let optional = [("email", &self.email), ("role", &self.role), ("scope", &self.scopes)];
        for (name, value) in optional {
            if let Some(value) = value {
                claims[name] = json!(value);
            }
        }
        claims
    }
}

/// The keys in the form in which an issuer's are given (RFC 7517), for [`crate::token::Issuer`].
pub fn jwks(keys: &[Key]) -> String {
    let keys: Vec<Value> = keys
        .iter()
        .map(|key| json!({"kty": "oct", "alg": "HS256", "kid": key.kid, "k": URL_SAFE_NO_PAD.encode(&key.secret)}))
        .collect();
    json!({ "keys": keys }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{
        Clock, FactsView, Issuer, IssuerSpec, Issuers, Limits, TenantRef, TokenError, verify,
    };

    fn key(kid: &str, byte: u8) -> Key {
        Key { kid: kid.to_owned(), secret: (0..32).map(|n| n * 7 + byte).collect() }
    }

    fn ticket() -> Ticket {
        Ticket {
            tenant: Uuid::from_u128(1),
            compartment: Uuid::from_u128(2),
            session: Uuid::from_u128(3),
            user: "alice".to_owned(),
            email: Some("alice@acme.test".to_owned()),
            role: None,
            scopes: Some("read write".to_owned()),
            issued_at: 1_000,
            expires_at: 2_000,
        }
    }

    fn issuers(keys: &[Key]) -> Issuers {
        let keys = jwks(keys);
        let spec = IssuerSpec {
            issuer: SESSION_ISSUER,
            jwks: &keys,
            audience: None,
            claims: "{}",
            tenants: None,
            max_lifetime: None,
            leeway: Some(0),
        };
        Issuers::new(vec![Issuer::new(&spec).unwrap_or_else(|error| panic!("{error:?}"))])
    }

    const LIMITS: Limits = Limits { leeway: 30, max_lifetime: 0 };

    #[test]
    fn a_session_token_says_what_the_ticket_says() {
        let token = ticket().sign(&key("a", 1)).unwrap_or_default();
        // Rotation: the older key still verifies.
        let facts = verify(&token, &issuers(&[key("b", 2), key("a", 1)]), LIMITS, Clock::At(1_500));
        let bytes = facts.map(|facts| facts.encode()).unwrap_or_default();
        let Some(facts) = FactsView::new(&bytes) else { panic!("not verified") };
        assert!(matches!(facts.tenant(), TenantRef::Id(id) if id == Uuid::from_u128(1)));
        assert_eq!(facts.compartment(), Some(Uuid::from_u128(2).to_string().as_str()));
        assert_eq!(facts.session(), Some(Uuid::from_u128(3)));
        assert_eq!((facts.user(), facts.role()), (Some("alice"), None));
        assert_eq!(facts.scopes(), Some("read write"));
    }

    #[test]
    fn only_our_keys_sign_sessions() {
        let token = ticket().sign(&key("a", 9)).unwrap_or_default();
        let verdict = verify(&token, &issuers(&[key("a", 1)]), LIMITS, Clock::At(1_500));
        assert_eq!(verdict, Err(TokenError::Signature));
        // Not a second longer: the clock is the same one.
        let token = ticket().sign(&key("a", 1)).unwrap_or_default();
        assert!(verify(&token, &issuers(&[key("a", 1)]), LIMITS, Clock::At(2_000)).is_err());
    }

    #[test]
    fn short_keys_do_not_sign() {
        let short = Key { kid: "a".to_owned(), secret: vec![1; 31] };
        assert!(ticket().sign(&short).is_err());
        assert_eq!(format!("{short:?}"), "Key { kid: \"a\", .. }");
    }
}
