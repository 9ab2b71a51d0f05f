//! Trigrams: contrib/pg_trgm. Examined in trgm_op.c, trgm_gin.c, trgm_gist.c and trgm_regexp.c of 15, 17 and 18.
//!
//! The opclasses' support functions see stored values only as trigrams, in arrays and signatures without any limit of
//! their own; the trigrams of the query are made once, from the query alone. LIKE and regular expressions, which these
//! indexes answer too, are PostgreSQL's own functions.
//!
//! Left out: `set_limit`, which changes a setting.

use crate::search::entry::{Entry, Function, Function::Library, When};

const SIMILARITY: &str = "Extracts the trigrams of both texts, and a text over 357 MB (a third of 1 GB), or \
    of 256 MB where lower case needs wide characters, does not fit.";
const SIMILARITY_INDEXED: &str = "Extracts the trigrams of both texts and counts common ones; whatever the \
    index holds has passed the same extraction, with the same limits, when it was inserted.";
const WORD: &str = "Extracts the trigrams of both texts with positions of eight bytes each: a text with more \
    than 134 million trigrams does not fit, although its extraction for the index does.";

const fn function(symbol: &'static str) -> Function {
    Library("pg_trgm", symbol)
}

/// The family's functions.
pub const ENTRIES: &[Entry] = &[
    Entry::long(function("similarity_op"), SIMILARITY),
    Entry::long(function("similarity"), SIMILARITY),
    Entry::total(function("similarity_dist"), SIMILARITY_INDEXED).when(When::Indexed),
    Entry::long(function("word_similarity"), WORD),
    Entry::long(function("word_similarity_op"), WORD),
    Entry::long(function("word_similarity_commutator_op"), WORD),
    Entry::long(function("word_similarity_dist_op"), WORD),
    Entry::long(function("word_similarity_dist_commutator_op"), WORD),
    Entry::long(function("strict_word_similarity"), WORD),
    Entry::long(function("strict_word_similarity_op"), WORD),
    Entry::long(function("strict_word_similarity_commutator_op"), WORD),
    Entry::long(function("strict_word_similarity_dist_op"), WORD),
    Entry::long(function("strict_word_similarity_dist_commutator_op"), WORD),
];
