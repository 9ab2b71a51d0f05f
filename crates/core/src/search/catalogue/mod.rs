//! The examined functions, by family.

mod arrays;
mod citext;
mod comparisons;
mod expressions;
mod expressions_values;
mod geometric;
mod hstore;
mod json;
mod ltree;
mod network;
mod patterns;
mod pg_trgm;
mod pgvector;
mod postgis;
mod ranges;
mod text_search;

use super::entry::{Entry, Function};
use crate::numbers::NumberMap;
use std::collections::HashMap;
use std::sync::LazyLock;

/// All families.
pub const FAMILIES: &[(&str, &[Entry])] = &[
    ("text search", text_search::ENTRIES),
    ("patterns", patterns::ENTRIES),
    ("JSON", json::ENTRIES),
    ("expressions", expressions::ENTRIES),
    ("expressions of numbers and times", expressions_values::ENTRIES),
    ("comparisons", comparisons::ENTRIES),
    ("arrays", arrays::ENTRIES),
    ("ranges", ranges::ENTRIES),
    ("network", network::ENTRIES),
    ("geometric", geometric::ENTRIES),
    ("pg_trgm", pg_trgm::ENTRIES),
    ("hstore", hstore::ENTRIES),
    ("ltree", ltree::ENTRIES),
    ("citext", citext::ENTRIES),
    ("PostGIS", postgis::ENTRIES),
    ("pgvector", pgvector::ENTRIES),
];

static BUILTINS: LazyLock<NumberMap<u32, &Entry>> = LazyLock::new(|| {
    entries()
        .filter_map(|entry| match entry.function {
            Function::Builtin(oid, _) => Some((oid, entry)),
            Function::Library(..) => None,
        })
        .collect()
});

static LIBRARIES: LazyLock<HashMap<(&str, &str), &Entry>> = LazyLock::new(|| {
    entries()
        .filter_map(|entry| match entry.function {
            Function::Library(library, symbol) => Some(((library, symbol), entry)),
            Function::Builtin(..) => None,
        })
        .collect()
});

/// All entries.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    FAMILIES.iter().flat_map(|(_, entries)| *entries)
}

/// The entry of one of PostgreSQL's own functions.
pub fn builtin(oid: u32) -> Option<&'static Entry> {
    BUILTINS.get(&oid).copied()
}

/// The entry of a C function.
pub fn library(library: &str, symbol: &str) -> Option<&'static Entry> {
    LIBRARIES.get(&(library, symbol)).copied()
}
