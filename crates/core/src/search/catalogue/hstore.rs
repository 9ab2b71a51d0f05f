//! Key-value sets: contrib/hstore. Examined in hstore_op.c, hstore_compat.c, hstore_gin.c and hstore_gist.c of 15, 17
//! and 18.
//!
//! Every function first passes its hstores through `hstoreUpgrade`, which reports on values without the flag of the
//! format of 9.0 that are valid in both formats or in neither. Whatever was stored since then carries the flag.
//!
//! GIN keys are the bytes of keys and values, compared by PostgreSQL's own `bttextcmp`; GiST keys are signatures.
//!
//! Left out: what builds arrays, sets of rows, JSON or other hstores, which no index condition needs.

use crate::search::entry::{Entry, Function, Function::Library, When};

const COMPARE: &str = "Compares the strings with memcmp and then the positions, all where they lie.";
const CONTAINS: &str = "Looks each pair of one set up in the other by binary search with memcmp, all where \
    they lie.";
const FIND: &str = "Looks the key up by binary search with memcmp, where it lies.";
const FIND_LIST: &str = "Sorts the constant array's keys, whose number alone can be too large, and looks \
    them up by binary search with memcmp.";
const FETCH: &str = "Looks the key up by binary search and copies its value, which is smaller than the set.";

const fn function(symbol: &'static str) -> Function {
    Library("hstore", symbol)
}

/// The family's functions.
pub const ENTRIES: &[Entry] = &[
    Entry::total(function("hstore_eq"), COMPARE),
    Entry::total(function("hstore_ne"), COMPARE),
    Entry::total(function("hstore_lt"), COMPARE),
    Entry::total(function("hstore_le"), COMPARE),
    Entry::total(function("hstore_ge"), COMPARE),
    Entry::total(function("hstore_gt"), COMPARE),
    Entry::total(function("hstore_contains"), CONTAINS),
    Entry::total(function("hstore_contained"), CONTAINS),
    Entry::total(function("hstore_exists"), FIND),
    Entry::total(function("hstore_defined"), FIND),
    Entry::total(function("hstore_exists_any"), FIND_LIST).when(When::Constant(1)),
    Entry::total(function("hstore_exists_all"), FIND_LIST).when(When::Constant(1)),
    Entry::total(function("hstore_fetchval"), FETCH),
];
