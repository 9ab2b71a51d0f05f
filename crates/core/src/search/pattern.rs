//! Patterns: of LIKE, and of other operators that walk theirs by recursion.

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

/// Whether a pattern is short enough to be walked by recursion, by the bytes after its header.
pub const fn is_short(pattern: &[u8]) -> bool {
    pattern.len() <= 1024
}

/// Whether an array, by the bytes after its header, has at most one dimension and no nulls: the number of dimensions comes
/// first, then the place of the data, 0 where there is no list of nulls (array.h).
pub fn is_plain_array(array: &[u8]) -> bool {
    let word = |place: usize| array.get(place..place + 4)?.try_into().ok().map(i32::from_ne_bytes);
    word(0).is_some_and(|dimensions| dimensions <= 1) && word(4) == Some(0)
}
