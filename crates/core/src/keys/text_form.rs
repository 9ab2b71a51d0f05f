//! A sealed value as text: what a client without a context reads, and what it may write.

use super::sealed::Malformed;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What every sealed value begins with as text.
pub const TEXT_PREFIX: &str = "watertight:v1:";

/// Whether a text claims to be a sealed value.
pub fn is_text_form(text: &[u8]) -> bool {
    text.starts_with(TEXT_PREFIX.as_bytes())
}

/// The length of the text form of so many bytes; `None` if no machine has so many.
pub fn encoded_text_len(bytes: usize) -> Option<usize> {
    base64::encoded_len(bytes, false)?.checked_add(TEXT_PREFIX.len())
}

/// Writes the text form to `out`, which is [`encoded_text_len`] long; false if it is not.
#[must_use]
pub fn encode_text(bytes: &[u8], out: &mut [u8]) -> bool {
    if encoded_text_len(bytes.len()) != Some(out.len()) {
        return false;
    }
    let (prefix, digits) = out.split_at_mut(TEXT_PREFIX.len());
    prefix.copy_from_slice(TEXT_PREFIX.as_bytes());
    URL_SAFE_NO_PAD.encode_slice(bytes, digits).is_ok()
}

/// The number of bytes that a text form stands for.
///
/// # Errors
/// Without the prefix, or for a number of digits that no bytes have.
pub fn decoded_text_len(text: &[u8]) -> Result<usize, Malformed> {
    let digits = text.strip_prefix(TEXT_PREFIX.as_bytes()).ok_or(Malformed)?.len();
    match digits % 4 {
        1 => Err(Malformed),
        rest => Ok(digits / 4 * 3 + rest.saturating_sub(1)),
    }
}

/// Writes the bytes to `out`, which is [`decoded_text_len`] long.
///
/// # Errors
/// For any text but the one that [`encode_text`] makes of these bytes: white space, padding and other spellings are refused.
pub fn decode_text(text: &[u8], out: &mut [u8]) -> Result<(), Malformed> {
    let digits = text.strip_prefix(TEXT_PREFIX.as_bytes()).ok_or(Malformed)?;
    if decoded_text_len(text)? != out.len() {
        return Err(Malformed);
    }
    match URL_SAFE_NO_PAD.decode_slice(digits, out) {
        Ok(length) if length == out.len() => Ok(()),
        _ => Err(Malformed),
    }
}
