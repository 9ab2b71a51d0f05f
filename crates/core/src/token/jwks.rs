//! The keys of an issuer (RFC 7517, section 5).

use super::algorithm::Algorithm;
use super::json::{Json, Object};
use super::jwk::{Key, KeyFlaw};
use super::token_error::TokenError;
use super::trust_error::TrustError;
use std::collections::HashSet;

const MAX_BYTES: usize = 256 * 1024;

/// At least one key.
pub(super) struct KeySet(Vec<Key>);

impl KeySet {
    /// Reads `{"keys": [...]}` or a single key. Keys that are not for us are passed over; a key that is for us and
    /// defective refuses the whole set, so that nobody believes to trust a key that is not there.
    pub(super) fn parse(text: &str) -> Result<Self, TrustError> {
        if text.len() > MAX_BYTES {
            return Err(TrustError::JwksTooLong);
        }
        let object = Object::parse(text.as_bytes()).map_err(TrustError::Jwks)?;
        let keys = match object.get("keys") {
            Some(Json::List(list)) => read_list(list)?,
            None if object.get("kty").is_some() => read(1, &object)?.into_iter().collect(),
            _ => return Err(TrustError::NotKeySet),
        };
        if keys.is_empty() {
            return Err(TrustError::NoUsableKey);
        }
        let mut seen = HashSet::new();
        if !keys.iter().filter_map(|key| key.kid.as_deref()).all(|kid| seen.insert(kid)) {
            return Err(TrustError::DuplicateKeyId);
        }
        Ok(KeySet(keys))
    }

    /// The key a header means. A `kid` must be found; without one, exactly one key must have the header's
    /// algorithm. The header's algorithm must be the key's.
    pub(super) fn select(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&Key, TokenError> {
        match kid {
            Some(kid) => {
                let mut keys = self.0.iter();
                let key = keys.find(|key| key.kid.as_deref() == Some(kid)).ok_or(TokenError::UnknownKey)?;
                if key.algorithm == algorithm { Ok(key) } else { Err(TokenError::AlgorithmMismatch) }
            }
            None => {
                let mut keys = self.0.iter().filter(|key| key.algorithm == algorithm);
                match (keys.next(), keys.next()) {
                    (Some(key), None) => Ok(key),
                    _ => Err(TokenError::AmbiguousKey),
                }
            }
        }
    }
}

fn read_list(list: &[Json<'_>]) -> Result<Vec<Key>, TrustError> {
    let mut keys = Vec::new();
    for (index, jwk) in list.iter().enumerate() {
        let position = index + 1;
        let Json::Object(jwk) = jwk else {
            return Err(TrustError::Key { position, flaw: KeyFlaw::NotObject });
        };
        keys.extend(read(position, jwk)?);
    }
    Ok(keys)
}

fn read(position: usize, jwk: &Object<'_>) -> Result<Option<Key>, TrustError> {
    Key::read(jwk).map_err(|flaw| TrustError::Key { position, flaw })
}
