//! Case-insensitive text: contrib/citext. Examined in citext.c of 15, 17 and 18 and in `str_tolower` of formatting.c.
//!
//! A key of a B-tree has less than a page and so does not meet the limit; hash indexes keep hashes only.
//!
//! Casts to and from text are relabels without a function. The extension's other casts, its LIKE and its regular
//! expressions are PostgreSQL's own functions under new numbers, which are not of this library.

use crate::search::entry::{Entry, Function, Function::Library, When};

const EQUAL: &str = "Makes lower-case copies in the database's collation and compares their bytes: from \
    256 MB on, a copy by wide characters does not fit.";
const ORDER: &str = "Makes lower-case copies in the database's collation and compares them in the \
    column's: from 256 MB on, a copy by wide characters does not fit.";

const fn function(symbol: &'static str) -> Function {
    Library("citext", symbol)
}

/// The family's functions.
pub const ENTRIES: &[Entry] = &[
    Entry::long(function("citext_eq"), EQUAL),
    Entry::long(function("citext_ne"), EQUAL),
    Entry::long(function("citext_lt"), ORDER).when(When::Collated),
    Entry::long(function("citext_le"), ORDER).when(When::Collated),
    Entry::long(function("citext_ge"), ORDER).when(When::Collated),
    Entry::long(function("citext_gt"), ORDER).when(When::Collated),
    Entry::long(function("citext_pattern_lt"), EQUAL),
    Entry::long(function("citext_pattern_le"), EQUAL),
    Entry::long(function("citext_pattern_ge"), EQUAL),
    Entry::long(function("citext_pattern_gt"), EQUAL),
];
