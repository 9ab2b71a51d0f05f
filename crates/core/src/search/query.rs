//! Text-search queries.

/// The most nodes, words and operators, that a tsquery may have. Searching recurses at most as deep.
pub const MAX_QUERY_NODES: i32 = 1000;

/// Whether a tsquery is shallow enough, by the bytes after its header: the number of nodes comes first (ts_type.h).
pub fn is_shallow(query: &[u8]) -> bool {
    query.first_chunk().is_some_and(|size| i32::from_ne_bytes(*size) <= MAX_QUERY_NODES)
}
