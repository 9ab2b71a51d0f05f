//! The set of keys a verifier is given.

use serde_json::{Value, json};

use crate::Key;

/// A JWK set of these keys, in this order.
pub fn jwks(keys: &[&Key]) -> Value {
    json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()})
}
