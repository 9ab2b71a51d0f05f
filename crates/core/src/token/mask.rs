//! Tokens in texts that others read: logs, `pg_stat_activity`, the query text given to other extensions.

use super::base64url;
use memchr::memmem;
use std::ops::Range;

/// Base64url of `{"`, with which every token [`verify`](super::verify) accepts begins.
const START: &str = "eyJ";

/// How many groups of four characters of a first name are read.
const NAME_GROUPS: usize = 128;

/// A copy of the same length in bytes in which every token is overwritten with `*`; `None` when there is none.
///
/// A token is a run of base64url characters and dots that begins with an encoded JSON object (`{"name":`) and has a
/// dot, or ends where the text ends: cut off. The length stays, so positions in a query text stay true.
pub fn mask(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    while let Some(run) = next(text, copied) {
        out.reserve(text.len() - out.len());
        out.push_str(&text[copied..run.start]);
        out.extend(std::iter::repeat_n('*', run.len()));
        copied = run.end;
    }
    if copied == 0 {
        return None;
    }
    out.push_str(&text[copied..]);
    Some(out)
}

/// The next token from a position on. Its ends are ASCII, so they are character boundaries. Each run is walked
/// once, so hostile texts cost no more than long ones.
fn next(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(found) = memmem::find(bytes.get(at..)?, START.as_bytes()) {
        let start = at + found;
        let end =
            bytes[start..].iter().position(|byte| !is_token_byte(*byte)).map_or(bytes.len(), |n| start + n);
        let run = &bytes[start..end];
        // What a token needs after its first segment: a dot, or the end of the text.
        let until =
            if end == bytes.len() { Some(run.len()) } else { run.iter().rposition(|byte| *byte == b'.') };
        let hit =
            memmem::find_iter(&run[..until.unwrap_or(0)], START.as_bytes()).find(|i| is_json(&run[*i..]));
        if let Some(offset) = hit {
            return Some(start + offset..end);
        }
        at = end;
    }
    None
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// Whether the first segment decodes to `{"name":`, which separates tokens from names like `surveyJson.id`. One cut
/// off before the colon holds no secret; a name that does not end within a few hundred bytes is taken for one.
fn is_json(run: &[u8]) -> bool {
    let mut inside = Inside::Name;
    let mut skip = 2;
    let mut groups = run.chunks_exact(4);
    for group in groups.by_ref().take(NAME_GROUPS) {
        let Some(decoded) = std::str::from_utf8(group).ok().and_then(base64url::decode_group) else {
            return false;
        };
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
    groups.len() > 0
}

#[derive(Clone, Copy)]
enum Inside {
    Name,
    Escape,
    AfterName,
}
