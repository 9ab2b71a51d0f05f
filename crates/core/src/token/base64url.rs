//! Base64url without padding (RFC 7515, section 2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Decodes strictly: no padding, no white space, no bits left over in the last character. Two spellings of the same
/// bytes would be two tokens with one meaning, and the verification cache is keyed by the text.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The value of each character of the alphabet; [`NONE`] for all other bytes.
const VALUES: [u8; 256] = values();
const NONE: u8 = 0xff;

const fn values() -> [u8; 256] {
    let alphabet = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < 64 {
        values[alphabet[value as usize] as usize] = value;
        value += 1;
    }
    values
}

/// Decodes one whole group of four characters: the engine is made for long texts, and takes longer to start than this.
pub(super) fn decode_group(group: [u8; 4]) -> Option<[u8; 3]> {
    let [a, b, c, d] = group.map(|byte| VALUES[usize::from(byte)]);
    // Only the absent value has one of the upper bits.
    ((a | b | c | d) < 64).then_some([(a << 2) | (b >> 4), (b << 4) | (c >> 2), (c << 6) | d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_group_is_what_the_engine_makes_of_it(group in "[A-Za-z0-9_-]{4}|[ -~]{4}") {
            let by_engine = decode(&group).map(|bytes| bytes.try_into().unwrap());
            prop_assert_eq!(decode_group(group.as_bytes().try_into().unwrap()), by_engine);
        }
    }
}
