//! Tokens in texts that others read: logs, `pg_stat_activity`, the query text given to other extensions.

use super::base64url;
use memchr::{memchr, memrchr};
use std::ops::Range;

/// Base64url of `{"`, with which every token [`verify`](super::verify) accepts begins.
const START: &[u8] = b"eyJ";

/// How many groups of four characters of a first name are read.
const NAME_GROUPS: usize = 128;

/// Where the next token is, from a position on. Nothing of a text is secret outside of what this finds.
///
/// A token is a run of base64url characters and dots that begins with an encoded JSON object (`{"name":`) and has a
/// dot, or ends where the text ends: cut off. It is ASCII, in whatever encoding a server keeps its texts. Each run is
/// walked once, so hostile texts cost no more than long ones.
///
/// ```
/// use watertight_core::token::find;
///
/// let text = b"set watertight.token = 'eyJhbGciOiJFZERTQSJ9.eyJ9.c2ln'";
/// assert_eq!(find(text, 0), Some(24..text.len() - 1));
/// assert_eq!(find(b"select \"surveyJson\".id", 0), None);
/// ```
pub fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut at = from;
    while let Some(found) = find_start(text.get(at..)?) {
        let start = at + found;
        let end = start + run_length(&text[start..]);
        let run = &text[start..end];
        // What a token needs after its first segment: a dot, or the end of the text.
        let until = if end == text.len() { Some(run.len()) } else { memrchr(b'.', run) };
        if let Some(offset) = until.and_then(|until| find_json(run, until)) {
            return Some(start + offset..end);
        }
        at = end;
    }
    None
}

/// Where the first [`START`] is. Its last character is the one that is rare in statements.
fn find_start(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = memchr(START[2], text.get(at..)?) {
        at += found + 1;
        if text[..at].ends_with(START) {
            return Some(at - START.len());
        }
    }
    None
}

/// Where in a run the first encoded object begins whose start ends before `until`.
fn find_json(run: &[u8], until: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = find_start(&run[at..until]) {
        if is_json(&run[at + found..]) {
            return Some(at + found);
        }
        at += found + START.len();
    }
    None
}

/// How many bytes of a token's alphabet a text begins with. By the block, which the compiler turns into vectors.
fn run_length(text: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let all = |block: &&[u8]| block.iter().fold(true, |all, byte| all & is_token_byte(*byte));
    let whole = BLOCK * text.chunks_exact(BLOCK).take_while(all).count();
    let rest = &text[whole..];
    whole + rest.iter().position(|byte| !is_token_byte(*byte)).unwrap_or(rest.len())
}

/// Without branches: see `run_length`.
fn is_token_byte(byte: u8) -> bool {
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let digit = byte.wrapping_sub(b'0') < 10;
    letter | digit | (byte == b'-') | (byte == b'_') | (byte == b'.')
}

/// Whether the first segment decodes to `{"name":`, which separates tokens from names like `surveyJson.id`. One cut
/// off before the colon holds no secret; a name that does not end within a few hundred bytes is taken for one.
fn is_json(run: &[u8]) -> bool {
    let mut inside = Inside::Name;
    let mut skip = 2;
    let (groups, _) = run.as_chunks::<4>();
    for group in groups.iter().take(NAME_GROUPS) {
        let Some(decoded) = base64url::decode_group(*group) else { return false };
        for byte in decoded {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            inside = match (inside, byte) {
                (Inside::AfterName, b':') => return true,
                (Inside::AfterName, b' ' | b'\t' | b'\r' | b'\n') => Inside::AfterName,
                (Inside::AfterName, _) | (_, 0..0x20) => return false,
                (Inside::Escape, _) => Inside::Name,
                (Inside::Name, b'\\') => Inside::Escape,
                (Inside::Name, b'"') => Inside::AfterName,
                (Inside::Name, _) => Inside::Name,
            };
        }
    }
    groups.len() > NAME_GROUPS
}

#[derive(Clone, Copy)]
enum Inside {
    Name,
    Escape,
    AfterName,
}
