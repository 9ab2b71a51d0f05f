//! Functions that indexes are built on: strings. Examined in formatting.c, pg_locale_*.c, oracle_compat.c, varlena.c,
//! varchar.c, regexp.c, hashfunc.c and mbutils.c.
//!
//! An index holds their results; they run on a row only to check a condition again.

use crate::search::entry::{Entry, Function::Builtin, When};

const CASE: &str = "Converts the text to wide characters or lets the locale's library do so, which fails \
     where the copy does not fit.";
const TRIM: &str =
    "Keeps a pointer to every character in an encoding of several bytes, which does not fit from 128 MB on.";
const PART: &str =
    "Fails for a negative length; otherwise it copies a part of the text, finding the characters' ends.";
const COUNT: &str =
    "Counts characters in place; one that is cut short, which no input function lets through, is an error.";
const SIZE: &str = "Reads the stored length without looking at the value.";
const REGEX: &str = "Converts the text to wide characters, which do not fit from 256 MB on, and fails for an \
     invalid expression or option.";
const GROWS: &str = "Its result can be longer than its arguments, and fails to fit beyond 1 GB.";

const fn total(number: u32, signature: &'static str, because: &'static str) -> Entry {
    Entry::total(Builtin(number, signature), because)
}

const fn guarded(number: u32, signature: &'static str, because: &'static str) -> Entry {
    Entry::guarded(Builtin(number, signature), because)
}

/// The family's functions.
pub const ENTRIES: &[Entry] = &[
    guarded(870, "lower(text)", CASE),
    guarded(871, "upper(text)", CASE),
    guarded(872, "initcap(text)", CASE),
    // Since PostgreSQL 18.
    guarded(6412, "casefold(text)", CASE),
    guarded(
        4350,
        "\"normalize\"(text,text)",
        "Spends four bytes on each character before and several after decomposing it, which need not fit, and \
         fails outside UTF-8.",
    ),
    guarded(884, "btrim(text,text)", TRIM),
    guarded(885, "btrim(text)", TRIM),
    guarded(875, "ltrim(text,text)", TRIM),
    guarded(881, "ltrim(text)", TRIM),
    guarded(876, "rtrim(text,text)", TRIM),
    guarded(882, "rtrim(text)", TRIM),
    guarded(401, "text(character)", TRIM),
    guarded(936, "\"substring\"(text,integer,integer)", PART),
    guarded(937, "\"substring\"(text,integer)", PART),
    guarded(877, "substr(text,integer,integer)", PART),
    guarded(883, "substr(text,integer)", PART),
    guarded(2012, "\"substring\"(bytea,integer,integer)", PART),
    guarded(2013, "\"substring\"(bytea,integer)", PART),
    guarded(2085, "substr(bytea,integer,integer)", PART),
    guarded(2086, "substr(bytea,integer)", PART),
    guarded(3060, "\"left\"(text,integer)", PART),
    guarded(3061, "\"right\"(text,integer)", PART),
    guarded(
        2088,
        "split_part(text,text,integer)",
        "Fails for part 0, and before PostgreSQL 18 for a nondeterministic collation; otherwise it copies one \
         part of the text.",
    ),
    guarded(
        868,
        "strpos(text,text)",
        "Searches in place; before PostgreSQL 18 a nondeterministic collation is an error unless a text is empty.",
    ),
    guarded(
        849,
        "\"position\"(text,text)",
        "Searches in place; before PostgreSQL 18 a nondeterministic collation is an error unless a text is empty.",
    ),
    guarded(1317, "length(text)", COUNT),
    guarded(1381, "char_length(text)", COUNT),
    guarded(1369, "character_length(text)", COUNT),
    guarded(1318, "length(character)", COUNT),
    guarded(1372, "char_length(character)", COUNT),
    guarded(1367, "character_length(character)", COUNT),
    total(1374, "octet_length(text)", SIZE),
    total(1375, "octet_length(character)", SIZE),
    total(720, "octet_length(bytea)", SIZE),
    total(2010, "length(bytea)", SIZE),
    guarded(1258, "textcat(text,text)", GROWS),
    guarded(2011, "byteacat(bytea,bytea)", GROWS),
    guarded(2087, "replace(text,text,text)", GROWS),
    guarded(873, "lpad(text,integer,text)", GROWS),
    guarded(874, "rpad(text,integer,text)", GROWS),
    guarded(
        878,
        "translate(text,text,text)",
        "Reserves the longest character for each byte of the text, which does not fit from 256 MB on in UTF-8.",
    ),
    guarded(
        3062,
        "reverse(text)",
        "Copies the characters in reverse order; one that is cut short, which no input function lets through, \
         is an error.",
    ),
    guarded(
        1620,
        "ascii(text)",
        "Fails for a character of several bytes in an encoding of several bytes other than UTF-8.",
    ),
    guarded(1946, "encode(bytea,text)", GROWS),
    guarded(1947, "decode(text,text)", "Fails for a text that is not in the named form."),
    guarded(2284, "regexp_replace(text,text,text)", REGEX),
    guarded(2285, "regexp_replace(text,text,text,text)", REGEX),
    guarded(6253, "regexp_replace(text,text,text,integer)", REGEX),
    guarded(6252, "regexp_replace(text,text,text,integer,integer)", REGEX),
    guarded(6251, "regexp_replace(text,text,text,integer,integer,text)", REGEX),
    guarded(3396, "regexp_match(text,text)", REGEX),
    guarded(3397, "regexp_match(text,text,text)", REGEX),
    guarded(6265, "regexp_substr(text,text)", REGEX),
    guarded(6266, "regexp_substr(text,text,integer)", REGEX),
    guarded(6267, "regexp_substr(text,text,integer,integer)", REGEX),
    guarded(6268, "regexp_substr(text,text,integer,integer,text)", REGEX),
    guarded(6269, "regexp_substr(text,text,integer,integer,text,integer)", REGEX),
    guarded(2073, "\"substring\"(text,text)", REGEX),
    guarded(
        394,
        "string_to_array(text,text)",
        "Makes an array of the parts, whose overhead for each need not fit beside a long text.",
    ),
    guarded(
        376,
        "string_to_array(text,text,text)",
        "Makes an array of the parts, whose overhead for each need not fit beside a long text.",
    ),
    guarded(
        668,
        "bpchar(character,integer,boolean)",
        "Fails for a text longer than the type allows unless the cast is explicit.",
    ),
    guarded(
        669,
        "\"varchar\"(character varying,integer,boolean)",
        "Fails for a text longer than the type allows unless the cast is explicit.",
    ),
    total(408, "bpchar(name)", "Copies at most 63 bytes."),
    total(2971, "text(boolean)", "Returns one of two words."),
    total(
        400,
        "hashtext(text)",
        "Hashes the bytes in place; only a nondeterministic collation makes it copy, and a missing one fail.",
    )
    .when(When::Collated),
];
