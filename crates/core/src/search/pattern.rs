//! LIKE patterns.

/// The most `%` in a pattern: matching recurses once for each that it reaches.
const MAX_WILDCARDS: usize = 500;

/// Whether matching a LIKE pattern cannot fail for some texts only (`MatchText` in PostgreSQL's like_match.c).
pub fn is_harmless(pattern: &[u8]) -> bool {
    !ends_in_escape(pattern) && pattern.iter().filter(|byte| **byte == b'%').count() <= MAX_WILDCARDS
}

/// Whether a LIKE pattern ends in a lone backslash, which escapes nothing: an error (22025), raised only for the rows
/// whose text matches up to it.
///
/// In every encoding a server may have, a backslash byte is a backslash.
fn ends_in_escape(pattern: &[u8]) -> bool {
    pattern.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}
