//! Base64url without padding (RFC 7515, section 2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Decodes strictly: no padding, no white space, no bits left over in the last character. Two spellings of the same
/// bytes would be two tokens with one meaning, and the verification cache is keyed by the text.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Decodes one whole group of four characters, without allocating.
pub(super) fn decode_group(group: &str) -> Option<[u8; 3]> {
    let mut out = [0; 3];
    URL_SAFE_NO_PAD.decode_slice(group, &mut out).ok()?;
    Some(out)
}
