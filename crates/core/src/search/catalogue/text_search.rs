//! Full-text search: `tsvector`, `tsquery` and what makes them. Examined in tsvector_op.c, tsquery_op.c,
//! tsquery_gist.c, tsginidx.c, tsgistidx.c, to_tsany.c, ts_parse.c and wparser_def.c.
//!
//! A query is walked by recursion that descends into an operator's second branch or not by what the first one found
//! in the row, and the indexes' own support functions walk it the same way. A query deep enough to exhaust the stack
//! would therefore tell, by failing or not, which words are stored: hence the limit on its size.
//!
//! Left out: `@>` and `<@` of two queries. A GiST index of queries finds what is contained in another one by different rules on a
//! leaf page and above it (`gtsquery_consistent`): a query without words is found as long as the index has one page, and not when it
//! has more. So whether an own row is found would tell how many rows others have.

use crate::search::entry::{Entry, Function::Builtin, When};

/// The family's functions.
pub const ENTRIES: &[Entry] = &[
    Entry::total(
        Builtin(3634, "ts_match_vq(tsvector,tsquery)"),
        "Walks the query's tree, as deep as the query is, and looks its words up in the vector by binary \
         search; the positions it copies are bounded by the vector's and the query's size.",
    )
    .when(When::ShallowQuery(1)),
    Entry::total(
        Builtin(3635, "ts_match_qv(tsquery,tsvector)"),
        "Calls ts_match_vq with its arguments exchanged.",
    )
    .when(When::ShallowQuery(0)),
    Entry::total(
        Builtin(3616, "tsvector_lt(tsvector,tsvector)"),
        "Compares sizes, then words and positions in place, without allocating.",
    ),
    Entry::total(
        Builtin(3617, "tsvector_le(tsvector,tsvector)"),
        "Compares sizes, then words and positions in place, without allocating.",
    ),
    Entry::total(
        Builtin(3618, "tsvector_eq(tsvector,tsvector)"),
        "Compares sizes, then words and positions in place, without allocating.",
    ),
    Entry::total(
        Builtin(3619, "tsvector_ne(tsvector,tsvector)"),
        "Compares sizes, then words and positions in place, without allocating.",
    ),
    Entry::total(
        Builtin(3620, "tsvector_ge(tsvector,tsvector)"),
        "Compares sizes, then words and positions in place, without allocating.",
    ),
    Entry::total(
        Builtin(3621, "tsvector_gt(tsvector,tsvector)"),
        "Compares sizes, then words and positions in place, without allocating.",
    ),
    Entry::guarded(
        Builtin(3745, "to_tsvector(regconfig,text)"),
        "Emits a notice for every word of 2047 bytes and more, fails when the words and positions exceed 1 \
         MB, and its parser converts the text to wide characters, which do not fit from 256 MB on.",
    ),
    Entry::guarded(
        Builtin(4211, "to_tsvector(regconfig,jsonb)"),
        "Parses every string in the document as to_tsvector does for text, with the same notice and failures.",
    ),
    Entry::guarded(
        Builtin(4212, "to_tsvector(regconfig,json)"),
        "Parses the JSON text by recursion and every string in it as to_tsvector does for text.",
    ),
    Entry::guarded(
        Builtin(4214, "jsonb_to_tsvector(regconfig,jsonb,jsonb)"),
        "Parses the chosen kinds of values as to_tsvector does for text, and fails for an unknown kind.",
    ),
    Entry::guarded(
        Builtin(4216, "json_to_tsvector(regconfig,json,jsonb)"),
        "Parses the JSON text by recursion and the chosen kinds of values as to_tsvector does for text.",
    ),
    Entry::guarded(
        Builtin(3327, "array_to_tsvector(text[])"),
        "Fails for an array with a null or an empty string, for a word of more than 2046 bytes and for words \
         of more than 1 MB together.",
    ),
    Entry::guarded(
        Builtin(3625, "tsvector_concat(tsvector,tsvector)"),
        "Fails when the words and positions of both vectors exceed 1 MB together.",
    ),
    Entry::guarded(
        Builtin(3624, "setweight(tsvector,\"char\")"),
        "Copies the vector and overwrites the weights in place; only a letter that is no weight is an error.",
    ),
    Entry::guarded(
        Builtin(3320, "setweight(tsvector,\"char\",text[])"),
        "Copies the vector and overwrites the weights of the given words; a letter that is no weight is an error.",
    ),
    Entry::total(
        Builtin(3623, "strip(tsvector)"),
        "Copies the words without their positions into a vector that is never larger than the given one.",
    ),
    Entry::total(
        Builtin(3711, "length(tsvector)"),
        "Returns the number of words, which the vector carries in its head.",
    ),
];
