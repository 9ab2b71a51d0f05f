//! The compact form: three base64url segments (RFC 7515, section 7.1).

use super::base64url;
use super::token_error::{Part, TokenError};

/// The longest token that is looked at. PostgreSQL's start-up packet ends at 10,000 bytes anyway.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// A token in its segments. `header` and `payload` are decoded, nothing is believed yet.
pub(super) struct Compact<'t> {
    pub(super) header: Vec<u8>,
    pub(super) payload: Vec<u8>,
    /// What the signature covers: the first two segments with their dot.
    pub(super) signed: &'t str,
    /// Still in base64url: the signature library decodes it, as strictly.
    pub(super) signature: &'t str,
}

impl<'t> Compact<'t> {
    pub(super) fn split(token: &'t str) -> Result<Self, TokenError> {
        if token.is_empty() {
            return Err(TokenError::Empty);
        }
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::NotCompact)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::NotCompact)?;
        if payload.contains('.') {
            // RFC 7516, section 9: five segments are an encrypted token.
            let encrypted = payload.matches('.').count() == 2;
            return Err(if encrypted { TokenError::Encrypted } else { TokenError::NotCompact });
        }
        // Every header serialiser in use starts with `{"`. Insisting on it means that what we accept, `find` finds.
        if !header.starts_with("eyJ") {
            return Err(TokenError::NotCompact);
        }
        Ok(Compact {
            header: base64url::decode(header).ok_or(TokenError::Base64(Part::Header))?,
            payload: base64url::decode(payload).ok_or(TokenError::Base64(Part::Claims))?,
            signed,
            signature,
        })
    }
}

/// The claims of a token that [`verify`](super::verify) has accepted, as JSON text. It checks nothing by itself.
pub fn payload(token: &str) -> Option<String> {
    let (_, rest) = token.split_once('.')?;
    let (payload, _) = rest.split_once('.')?;
    String::from_utf8(base64url::decode(payload)?).ok()
}
