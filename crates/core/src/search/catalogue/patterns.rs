//! Patterns: LIKE, ILIKE and regular expressions. Examined in like.c, like_match.c, like_support.c, regexp.c,
//! regexec.c and rege_dfa.c, and in pg_trgm, whose indexes take their keys from the pattern alone.
//!
//! Patterns against `bytea` have no collation and no index that rechecks; their ranges are derived from the prefix.

use crate::search::entry::{Entry, Function::Builtin, When};

const LIKE: &str = "Compares in place without allocating and recurses once for each '%' that the text \
     reaches; a pattern that ends in a lone backslash is an error for the texts that match up to it.";
const LIKE_BYTES: &str = "As LIKE of text, byte by byte and without a collation; a lone backslash at the \
     pattern's end is an error for the values that match up to it.";
const ILIKE: &str = "Makes lower-case copies of text and pattern unless the encoding has one byte per \
     character: a text of 256 MB and more does not fit.";
const REGEX: &str = "Converts the text to wide characters, which do not fit from 256 MB on, and reports a \
     matcher that runs out of memory or stack.";

const fn like(number: u32, signature: &'static str) -> Entry {
    Entry::total(Builtin(number, signature), LIKE).when(When::LikePattern)
}

const fn ilike(number: u32, signature: &'static str) -> Entry {
    Entry::long(Builtin(number, signature), ILIKE).when(When::LikePattern)
}

const fn regex(number: u32, signature: &'static str) -> Entry {
    Entry::long(Builtin(number, signature), REGEX).when(When::RegularExpression)
}

/// The family's functions.
pub const ENTRIES: &[Entry] = &[
    like(850, "textlike(text,text)"),
    like(851, "textnlike(text,text)"),
    like(1569, "\"like\"(text,text)"),
    like(1570, "notlike(text,text)"),
    like(1631, "bpcharlike(character,text)"),
    like(1632, "bpcharnlike(character,text)"),
    like(858, "namelike(name,text)"),
    like(859, "namenlike(name,text)"),
    like(1571, "\"like\"(name,text)"),
    like(1572, "notlike(name,text)"),
    Entry::guarded(Builtin(2005, "bytealike(bytea,bytea)"), LIKE_BYTES),
    Entry::guarded(Builtin(2006, "byteanlike(bytea,bytea)"), LIKE_BYTES),
    Entry::guarded(Builtin(2007, "\"like\"(bytea,bytea)"), LIKE_BYTES),
    Entry::guarded(Builtin(2008, "notlike(bytea,bytea)"), LIKE_BYTES),
    ilike(1633, "texticlike(text,text)"),
    ilike(1634, "texticnlike(text,text)"),
    ilike(1660, "bpchariclike(character,text)"),
    ilike(1661, "bpcharicnlike(character,text)"),
    ilike(1635, "nameiclike(name,text)"),
    ilike(1636, "nameicnlike(name,text)"),
    regex(1254, "textregexeq(text,text)"),
    regex(1256, "textregexne(text,text)"),
    regex(1658, "bpcharregexeq(character,text)"),
    regex(1659, "bpcharregexne(character,text)"),
    regex(79, "nameregexeq(name,text)"),
    regex(1252, "nameregexne(name,text)"),
    regex(1238, "texticregexeq(text,text)"),
    regex(1239, "texticregexne(text,text)"),
    regex(1656, "bpcharicregexeq(character,text)"),
    regex(1657, "bpcharicregexne(character,text)"),
    regex(1240, "nameicregexeq(name,text)"),
    regex(1241, "nameicregexne(name,text)"),
];
