//! Label trees: contrib/ltree. Examined in ltree_op.c, lquery_op.c, ltxtquery_op.c, _ltree_op.c, ltree_gist.c,
//! _ltree_gist.c and crc32.c of 15, 17 and 18.
//!
//! A pattern is matched by recursion, one level for each item once the labels before it have matched: a pattern of
//! 60,000 items ends in "stack depth limit exceeded" for the paths that begin with its first label, and in false for
//! all others. GiST runs the match on its leaves, so that neither a recheck nor its order would help; hence patterns
//! must be short.
//!
//! Labels have been accepted letter by letter in the database's locale on the way in, so that turning them to lower
//! case cannot meet a letter which the locale does not know.
//!
//! Left out: `subpath`, `subltree` and `lca`, which fail for short paths, and the functions of `ltree[]` that
//! extract an element.

use crate::search::entry::{Entry, Function, Function::Library, When};

const COMPARE: &str = "Compares label by label with memcmp, where they lie.";
const LQUERY: &str = "Matches by recursion over the items of the pattern, whose depth depends on the path \
    and which a short pattern bounds; folds the case of one label at a time.";
const LTXTQUERY: &str = "Evaluates the query's tree by recursion, whose depth depends on the path and which \
    a short query bounds; folds the case of one label at a time.";
const LQUERIES: &str = "Matches each pattern of the array as a single one; an array with nulls or more \
    dimensions than one is an error.";
const ARRAY: &str = "Fails for arrays of paths that have nulls or more dimensions than one, which the index \
    does not accept.";
const COUNT: &str = "Reads the number of labels.";
const TEXT: &str = "Copies the labels into a text no longer than the path.";

const fn function(symbol: &'static str) -> Function {
    Library("ltree", symbol)
}

/// The family's functions.
pub const ENTRIES: &[Entry] = &[
    Entry::total(function("ltree_eq"), COMPARE),
    Entry::total(function("ltree_ne"), COMPARE),
    Entry::total(function("ltree_lt"), COMPARE),
    Entry::total(function("ltree_le"), COMPARE),
    Entry::total(function("ltree_ge"), COMPARE),
    Entry::total(function("ltree_gt"), COMPARE),
    Entry::total(function("ltree_isparent"), COMPARE),
    Entry::total(function("ltree_risparent"), COMPARE),
    Entry::total(function("nlevel"), COUNT),
    Entry::total(function("ltree2text"), TEXT),
    Entry::total(function("ltq_regex"), LQUERY).when(When::ShortPattern(1)),
    Entry::total(function("ltq_rregex"), LQUERY).when(When::ShortPattern(0)),
    Entry::total(function("ltxtq_exec"), LTXTQUERY).when(When::ShortPattern(1)),
    Entry::total(function("ltxtq_rexec"), LTXTQUERY).when(When::ShortPattern(0)),
    Entry::total(function("lt_q_regex"), LQUERIES).when(When::ShortPatterns(1)),
    Entry::total(function("lt_q_rregex"), LQUERIES).when(When::ShortPatterns(0)),
    Entry::guarded(function("_ltree_risparent"), ARRAY),
    Entry::guarded(function("_ltree_r_risparent"), ARRAY),
    Entry::guarded(function("_ltq_regex"), ARRAY).when(When::ShortPattern(1)),
    Entry::guarded(function("_ltq_rregex"), ARRAY).when(When::ShortPattern(0)),
    Entry::guarded(function("_ltxtq_exec"), ARRAY).when(When::ShortPattern(1)),
    Entry::guarded(function("_ltxtq_rexec"), ARRAY).when(When::ShortPattern(0)),
    Entry::guarded(function("_lt_q_regex"), ARRAY).when(When::ShortPatterns(1)),
    Entry::guarded(function("_lt_q_rregex"), ARRAY).when(When::ShortPatterns(0)),
];
