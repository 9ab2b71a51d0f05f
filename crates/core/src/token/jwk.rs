//! One key of an issuer (RFC 7517, section 4; RFC 7518, section 6; RFC 8037, section 2).

use super::algorithm::Algorithm;
use super::base64url;
use super::header::MAX_KID_BYTES;
use super::json::{Json, Object};
use jsonwebtoken::DecodingKey;

/// Below 2048 bits RSA is broken (RFC 7518, section 3.3); above 8192 one verification costs too much.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// RFC 7518, section 3.2: an HMAC key is no shorter than the hash.
const SECRET_BYTES: usize = 32;
/// Members that only a private key has (RFC 7518, sections 6.2.2 and 6.3.2; RFC 8037, section 2), and the symmetric
/// `k`.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// What is wrong with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFlaw {
    /// Not a JSON object.
    NotObject,
    /// A member is missing, or not of its type, or not base64url.
    Member(&'static str),
    /// It is a private key.
    Private,
    /// `alg` does not go with `kty` and `crv`.
    Algorithm,
    /// The RSA modulus has the wrong size.
    RsaSize,
    /// The RSA modulus is even.
    RsaModulus,
    /// The RSA exponent is even, below 65537 or beyond 33 bits.
    RsaExponent,
    /// A coordinate has not 32 bytes.
    Coordinate,
    /// The symmetric key is shorter than 32 bytes.
    SecretSize,
    /// The same byte over and over: a placeholder.
    Placeholder,
}

impl KeyFlaw {
    /// DETAIL and HINT.
    pub(super) fn explain(self) -> (String, &'static str) {
        let detail = match self {
            KeyFlaw::NotObject => "It is not a JSON object.",
            KeyFlaw::Member(name) => {
                return (
                    format!("Its {name} is missing or malformed."),
                    "Pass the key as the issuer publishes it.",
                );
            }
            KeyFlaw::Private => {
                return (
                    "It contains a private key.".to_owned(),
                    "Pass the public key only, and replace this key: it has left its issuer.",
                );
            }
            KeyFlaw::Algorithm => "Its alg does not go with its kty and crv.",
            KeyFlaw::RsaSize => "An RSA modulus must have 2048 to 8192 bits.",
            KeyFlaw::RsaModulus => "Its RSA modulus is even.",
            KeyFlaw::RsaExponent => "An RSA exponent must be odd, and between 65537 and 2^33.",
            KeyFlaw::Coordinate => "A coordinate of an Ed25519 or P-256 key must have 32 bytes.",
            KeyFlaw::SecretSize => "A key for HS256 must have 32 bytes or more.",
            KeyFlaw::Placeholder => "It is one byte repeated, which is no key.",
        };
        (
            detail.to_owned(),
            "Pass the key as the issuer publishes it; if that is what it publishes, have it make a new one.",
        )
    }
}

/// A key that verifies, with the one algorithm it is good for.
pub(super) struct Key {
    pub(super) kid: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) verifier: DecodingKey,
}

impl Key {
    /// Reads a JWK. `None` for a key that is well but not for us: real sets hold keys for encryption and for
    /// algorithms we do not accept.
    pub(super) fn read(jwk: &Object<'_>) -> Result<Option<Self>, KeyFlaw> {
        let kty = text(jwk, "kty")?.ok_or(KeyFlaw::Member("kty"))?;
        if kty != "oct" && PRIVATE.iter().any(|name| jwk.get(name).is_some()) {
            return Err(KeyFlaw::Private);
        }
        if !is_for_verifying(jwk)? {
            return Ok(None);
        }
        let default = match (kty, text(jwk, "crv")?) {
            ("OKP", Some("Ed25519")) => Algorithm::EdDsa,
            ("EC", Some("P-256")) => Algorithm::Es256,
            ("OKP" | "EC", None) => return Err(KeyFlaw::Member("crv")),
            ("RSA", _) => Algorithm::Rs256,
            ("oct", _) => Algorithm::Hs256,
            _ => return Ok(None),
        };
        let algorithm = match text(jwk, "alg")? {
            None => default,
            Some(name) => match Algorithm::from_name(name) {
                None => return Ok(None),
                Some(Algorithm::Ps256) if kty == "RSA" => Algorithm::Ps256,
                Some(named) if named == default => named,
                Some(_) => return Err(KeyFlaw::Algorithm),
            },
        };
        let kid = match text(jwk, "kid")? {
            Some(kid) if kid.len() > MAX_KID_BYTES => return Err(KeyFlaw::Member("kid")),
            kid => kid.map(str::to_owned),
        };
        let verifier = match algorithm {
            Algorithm::EdDsa => ed25519(jwk)?,
            Algorithm::Es256 => p256(jwk)?,
            Algorithm::Rs256 | Algorithm::Ps256 => rsa(jwk)?,
            Algorithm::Hs256 => secret(jwk)?,
        };
        Ok(Some(Key { kid, algorithm, verifier }))
    }
}

/// RFC 7517, sections 4.2 and 4.3.
fn is_for_verifying(jwk: &Object<'_>) -> Result<bool, KeyFlaw> {
    if text(jwk, "use")?.is_some_and(|use_| use_ != "sig") {
        return Ok(false);
    }
    match jwk.get("key_ops") {
        None => Ok(true),
        Some(Json::List(ops)) => Ok(ops.iter().any(|op| matches!(op, Json::Text(op) if op == "verify"))),
        Some(_) => Err(KeyFlaw::Member("key_ops")),
    }
}

fn text<'j>(jwk: &'j Object<'_>, name: &'static str) -> Result<Option<&'j str>, KeyFlaw> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text)),
        Some(_) => Err(KeyFlaw::Member(name)),
    }
}

fn bytes(jwk: &Object<'_>, name: &'static str) -> Result<Vec<u8>, KeyFlaw> {
    text(jwk, name)?.and_then(base64url::decode).ok_or(KeyFlaw::Member(name))
}

/// The zero bytes are a point of small order on Ed25519, for which anybody can sign; as a secret they are just as
/// bad.
fn not_placeholder(bytes: Vec<u8>) -> Result<Vec<u8>, KeyFlaw> {
    if bytes.windows(2).all(|pair| pair[0] == pair[1]) { Err(KeyFlaw::Placeholder) } else { Ok(bytes) }
}

fn coordinate(jwk: &Object<'_>, name: &'static str) -> Result<Vec<u8>, KeyFlaw> {
    let bytes = bytes(jwk, name)?;
    if bytes.len() == 32 { not_placeholder(bytes) } else { Err(KeyFlaw::Coordinate) }
}

fn ed25519(jwk: &Object<'_>) -> Result<DecodingKey, KeyFlaw> {
    Ok(DecodingKey::from_ed_der(&coordinate(jwk, "x")?))
}

/// The uncompressed point (SEC 1, section 2.3.3). A point off the curve verifies nothing: the library refuses it
/// each time.
fn p256(jwk: &Object<'_>) -> Result<DecodingKey, KeyFlaw> {
    let point = [vec![4], coordinate(jwk, "x")?, coordinate(jwk, "y")?].concat();
    Ok(DecodingKey::from_ec_der(&point))
}

fn rsa(jwk: &Object<'_>) -> Result<DecodingKey, KeyFlaw> {
    let (n, e) = (bytes(jwk, "n")?, bytes(jwk, "e")?);
    // RFC 7518, section 6.3.1.1 warns that some libraries put a zero byte in front.
    let (n, e) = (trim(&n), trim(&e));
    if !RSA_BITS.contains(&bits(n)) {
        return Err(KeyFlaw::RsaSize);
    }
    if !is_odd(n) {
        return Err(KeyFlaw::RsaModulus);
    }
    if !is_odd(e) || !(17..=33).contains(&bits(e)) {
        return Err(KeyFlaw::RsaExponent);
    }
    Ok(DecodingKey::from_rsa_raw_components(n, e))
}

fn secret(jwk: &Object<'_>) -> Result<DecodingKey, KeyFlaw> {
    let secret = bytes(jwk, "k")?;
    if secret.len() < SECRET_BYTES {
        return Err(KeyFlaw::SecretSize);
    }
    Ok(DecodingKey::from_secret(&not_placeholder(secret)?))
}

fn trim(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

fn bits(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last & 1 == 1)
}
