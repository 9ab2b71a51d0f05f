//! The header of a token (RFC 7515, section 4).

use super::algorithm::Algorithm;
use super::json::{Json, Object};
use super::token_error::{Part, TokenError};
use std::borrow::Cow;

/// Longer key ids than this are attacks, not names.
pub(super) const MAX_KID_BYTES: usize = 256;

/// What the header may say: which key, and the algorithm it claims that key has.
pub(super) struct Header<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    /// Reads a decoded header. Members that change how a token is read are refused; others are ignored, as RFC 7515,
    /// section 4 asks. Keys come from the registry only: `jwk`, `x5c` and `x5u` bring or point to a key of the
    /// sender's choice and are refused, while `jku` is ignored, because SAP's authorization service puts it in
    /// every token. It is never followed: there is no network code here.
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, TokenError> {
        let object = Object::parse(text).map_err(|flaw| TokenError::Json(Part::Header, flaw))?;
        let (mut algorithm, mut kid) = (None, None);
        for (name, value) in object.into_members() {
            match (name.as_ref(), value) {
                ("alg", Json::Text(name)) => {
                    algorithm = Some(Algorithm::from_name(&name).ok_or(TokenError::UnsupportedAlgorithm)?);
                }
                ("alg", _) => return Err(TokenError::NoAlgorithm),
                ("kid", Json::Text(text)) if text.len() <= MAX_KID_BYTES => kid = Some(text),
                ("kid", _) => return Err(TokenError::KeyId),
                ("typ", Json::Text(text)) if is_jwt(&text) => {}
                ("typ", _) => return Err(TokenError::WrongType),
                // RFC 7515, section 4.1.11: an extension we do not understand must be refused; we understand none.
                ("crit", _) => return Err(TokenError::Critical),
                // RFC 7797, section 3: `false` would make the payload something else than base64url.
                ("b64", Json::Bool(true)) => {}
                ("b64", _) => return Err(TokenError::Unencoded),
                ("jwk" | "x5c" | "x5u", _) => return Err(TokenError::EmbeddedKey),
                _ => {}
            }
        }
        Ok(Header { algorithm: algorithm.ok_or(TokenError::NoAlgorithm)?, kid })
    }
}

/// RFC 7519, section 5.1 and RFC 9068, section 2.1; a media type is compared without case (RFC 7515, section 4.1.9).
/// Another type (a logout token, a DPoP proof) was signed for another purpose (RFC 8725, section 3.11).
fn is_jwt(typ: &str) -> bool {
    const PREFIX: &str = "application/";
    let short = match typ.get(..PREFIX.len()) {
        Some(prefix) if prefix.eq_ignore_ascii_case(PREFIX) => &typ[PREFIX.len()..],
        _ => typ,
    };
    short.eq_ignore_ascii_case("JWT") || short.eq_ignore_ascii_case("at+jwt")
}
