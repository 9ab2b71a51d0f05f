//! A token's claims, by the names Watertight reads by default.

use serde_json::{Map, Value, json};

use crate::now;

/// Ten minutes.
const LIFETIME: i64 = 600;

/// Builds the claims of a token. Issued now and valid for ten minutes unless told otherwise.
#[derive(Clone, Debug)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// Claims of this issuer.
    pub fn new(issuer: &str) -> Claims {
        let now = now();
        let mut claims = Map::new();
        claims.insert("iss".into(), json!(issuer));
        claims.insert("iat".into(), json!(now));
        claims.insert("exp".into(), json!(now + LIFETIME));
        Claims(claims)
    }

    /// The tenant, by name, id or key.
    #[must_use]
    pub fn tenant(self, tenant: impl Into<Value>) -> Claims {
        self.claim("tenant", tenant)
    }

    /// The user.
    #[must_use]
    pub fn user(self, user: &str) -> Claims {
        self.claim("sub", user)
    }

    /// Expires this many seconds from now. With a negative number it has expired already, and began (`iat`, `nbf`) before
    /// that, so that its age is all that is wrong with it.
    #[must_use]
    pub fn expires_in(mut self, seconds: i64) -> Claims {
        let end = now() + seconds;
        for begin in ["iat", "nbf"] {
            let began = self.0.get(begin).and_then(Value::as_i64);
            if seconds <= 0 && began.is_some_and(|began| began >= end) {
                self = self.claim(begin, end - LIFETIME);
            }
        }
        self.claim("exp", end)
    }

    /// Any claim at all.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Claims {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Takes a claim away.
    #[must_use]
    pub fn without(mut self, name: &str) -> Claims {
        self.0.remove(name);
        self
    }

    /// The claims as JSON.
    pub fn build(self) -> Value {
        Value::Object(self.0)
    }
}
