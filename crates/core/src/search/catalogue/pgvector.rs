//! Vectors: pgvector. Examined in vector.c, halfvec.c, sparsevec.c, bitvec.c, hnswscan.c, hnswutils.c and ivfscan.c of
//! 0.8.0 to 0.8.6.
//!
//! Elements are finite from the moment they are stored, and sums that overflow become infinite without an error. Its
//! index methods demand a column of known dimensions, order by the index's own distances alone and never recompute
//! the expression on a row.
//!
//! Left out: `l2_normalize` and arithmetic, which overflow; `subvector`, which fails for short vectors.

use crate::search::entry::{Entry, Function, Function::Library, When};

const COMPARE: &str = "Compares the elements that both have and then the dimensions, where they lie.";
const DISTANCE: &str = "Sums over the elements where they lie, overflows to infinity and returns NaN for \
    zero vectors; the only error is for different dimensions.";
const BITS: &str = "Counts bits where they lie; the only error is for different lengths.";
const QUANTIZE: &str = "Makes one bit of each of at most 16,000 elements.";
const NORM: &str = "Sums the squares of finite elements and takes the root, which cannot overflow a float8.";
const DIMENSIONS: &str = "Fails for a vector that has other dimensions than the type modifier asks for.";
const HALF: &str = "Fails for elements beyond the range of a half-precision number and for other dimensions \
    than the type modifier asks for.";

const fn function(symbol: &'static str) -> Function {
    Library("vector", symbol)
}

const fn distance(symbol: &'static str) -> Entry {
    Entry::total(function(symbol), DISTANCE).when(When::PinnedColumn)
}

/// The family's functions.
pub const ENTRIES: &[Entry] = &[
    distance("l2_distance"),
    distance("vector_negative_inner_product"),
    distance("cosine_distance"),
    distance("l1_distance"),
    distance("halfvec_l2_distance"),
    distance("halfvec_negative_inner_product"),
    distance("halfvec_cosine_distance"),
    distance("halfvec_l1_distance"),
    distance("sparsevec_l2_distance"),
    distance("sparsevec_negative_inner_product"),
    distance("sparsevec_cosine_distance"),
    distance("sparsevec_l1_distance"),
    Entry::total(function("hamming_distance"), BITS).when(When::PinnedColumn),
    Entry::total(function("jaccard_distance"), BITS).when(When::PinnedColumn),
    Entry::total(function("vector_eq"), COMPARE),
    Entry::total(function("vector_ne"), COMPARE),
    Entry::total(function("vector_lt"), COMPARE),
    Entry::total(function("vector_le"), COMPARE),
    Entry::total(function("vector_ge"), COMPARE),
    Entry::total(function("vector_gt"), COMPARE),
    Entry::total(function("halfvec_eq"), COMPARE),
    Entry::total(function("halfvec_ne"), COMPARE),
    Entry::total(function("halfvec_lt"), COMPARE),
    Entry::total(function("halfvec_le"), COMPARE),
    Entry::total(function("halfvec_ge"), COMPARE),
    Entry::total(function("halfvec_gt"), COMPARE),
    Entry::total(function("sparsevec_eq"), COMPARE),
    Entry::total(function("sparsevec_ne"), COMPARE),
    Entry::total(function("sparsevec_lt"), COMPARE),
    Entry::total(function("sparsevec_le"), COMPARE),
    Entry::total(function("sparsevec_ge"), COMPARE),
    Entry::total(function("sparsevec_gt"), COMPARE),
    Entry::total(function("binary_quantize"), QUANTIZE),
    Entry::total(function("halfvec_binary_quantize"), QUANTIZE),
    Entry::total(function("vector_norm"), NORM),
    Entry::total(function("halfvec_l2_norm"), NORM),
    Entry::guarded(function("vector"), DIMENSIONS),
    Entry::guarded(function("halfvec"), DIMENSIONS),
    Entry::guarded(function("sparsevec"), DIMENSIONS),
    Entry::guarded(function("halfvec_to_vector"), DIMENSIONS),
    Entry::guarded(function("vector_to_halfvec"), HALF),
];
