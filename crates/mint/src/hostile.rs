//! Tokens no honest issuer makes: for tests of what must be refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::{Algorithm, Key, MintError, b64, unb64};

/// A token of three raw parts, encoded but not signed by anyone.
pub fn assemble(header: &[u8], payload: &[u8], signature: &[u8]) -> String {
    format!("{}.{}.{}", b64(header), b64(payload), b64(signature))
}

/// A token that says `alg` (`none`, `None`, `nOnE`, an empty text, ...) and has no signature.
pub fn unsigned(alg: &str, claims: &Value) -> String {
    assemble(json!({"typ": "JWT", "alg": alg}).to_string().as_bytes(), claims.to_string().as_bytes(), b"")
}

/// An HS256 token whose secret is any bytes the attacker knows: a public key, an empty text.
///
/// # Errors
/// [`MintError::Crypto`], which HMAC never gives.
pub fn hs256_with(secret: &[u8], kid: &str, claims: &Value) -> Result<String, MintError> {
    Ok(Key::from_private(Algorithm::Hs256, kid, secret)?.sign(claims))
}

/// Every form of a public key that a confused verifier may use as an HMAC secret: DER, PEM, PEM without the last
/// newline, and the JWK's own members.
///
/// # Errors
/// [`MintError::Crypto`] when the library cannot write the key.
pub fn public_key_as_secrets(key: &Key) -> Result<Vec<Vec<u8>>, MintError> {
    let der = key.public_der()?;
    let body = STANDARD.encode(&der);
    let lines: Vec<String> = body.as_bytes().chunks(64).map(|l| String::from_utf8_lossy(l).into()).collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
    let jwk = key.jwk();
    let mut secrets =
        vec![der, pem.trim_end().as_bytes().to_vec(), pem.into_bytes(), jwk.to_string().into_bytes()];
    for member in ["x", "y", "n", "e"] {
        if let Some(text) = jwk[member].as_str() {
            secrets.push(text.as_bytes().to_vec());
            secrets.push(unb64(text)?);
        }
    }
    Ok(secrets)
}

/// The same token with another payload and the old signature.
///
/// # Errors
/// [`MintError::Input`] when the token has not three parts.
pub fn with_payload(token: &str, payload: &[u8]) -> Result<String, MintError> {
    let [header, _, signature] = parts(token)?;
    Ok(format!("{header}.{}.{signature}", b64(payload)))
}

/// The same token with one bit of its signature turned.
///
/// # Errors
/// [`MintError::Input`] when the token has not three parts or no signature.
pub fn with_flipped_signature(token: &str) -> Result<String, MintError> {
    let [header, payload, signature] = parts(token)?;
    let mut bytes = unb64(signature)?;
    let first = bytes.first_mut().ok_or_else(|| MintError::Input("no signature to turn a bit of".into()))?;
    *first ^= 1;
    Ok(format!("{header}.{payload}.{}", b64(bytes)))
}

/// The three encoded parts of a token.
///
/// # Errors
/// [`MintError::Input`] when there are not three.
pub fn parts(token: &str) -> Result<[&str; 3], MintError> {
    let parts: Vec<&str> = token.split('.').collect();
    parts.try_into().map_err(|_| MintError::Input("a token has three parts".into()))
}
