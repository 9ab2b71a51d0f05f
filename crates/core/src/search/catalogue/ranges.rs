//! Ranges and multiranges. Examined in rangetypes.c, multirangetypes.c, rangetypes_gist.c, rangetypes_spgist.c and
//! brin_inclusion.c.
//!
//! Bounds are compared by the function and in the collation that the range type names, and `-|-` may call the type's
//! canonical function: so the range type itself must be PostgreSQL's own. GiST keeps the smallest range around a
//! multirange and rechecks all its conditions on the row. No function here recurses into a value or builds an array of
//! a multirange's ranges.
//!
//! `elem_contained_by_range` and `elem_contained_by_multirange` are in no operator family; an index on the range answers
//! them as their commutators.

use crate::search::entry::{Entry, Function::Builtin, When};

const COMPARE: &str = "Compares the flags for empty and unbounded, then the bounds with the subtype's \
    comparison, one pair at a time.";
const BOUNDS: &str = "Compares the flags for empty and unbounded, then at most four pairs of bounds with \
    the subtype's comparison.";
const ELEMENT: &str = "Compares the element with each bound that exists by the subtype's comparison.";
const ADJACENT: &str = "Compares bounds, then makes the range between them to see if it is empty; stored \
    bounds are canonical, so the canonical function never has to step beyond the last number.";
const MULTI_COMPARE: &str = "Compares one pair of ranges after the other, bounds with the subtype's \
    comparison, until one differs; allocates nothing.";
const MULTI_SEARCH: &str = "Finds the place in the multirange by binary search, bounds compared with the \
    subtype's comparison; allocates nothing.";
const MULTI_MERGE: &str = "Walks both multiranges side by side, bounds compared with the subtype's \
    comparison; allocates nothing.";
const MULTI_ENDS: &str = "Compares the outermost bounds of the multirange with the other side's by the \
    subtype's comparison; allocates nothing.";

/// The family's functions.
pub const ENTRIES: &[Entry] = &[
    Entry::total(Builtin(3855, "range_eq(anyrange,anyrange)"), COMPARE).when(When::BuiltinElements),
    Entry::total(Builtin(3857, "range_overlaps(anyrange,anyrange)"), BOUNDS).when(When::BuiltinElements),
    Entry::total(Builtin(3858, "range_contains_elem(anyrange,anyelement)"), ELEMENT)
        .when(When::BuiltinElements),
    Entry::total(Builtin(3859, "range_contains(anyrange,anyrange)"), BOUNDS).when(When::BuiltinElements),
    Entry::total(Builtin(3860, "elem_contained_by_range(anyelement,anyrange)"), ELEMENT)
        .when(When::BuiltinElements),
    Entry::total(Builtin(3861, "range_contained_by(anyrange,anyrange)"), BOUNDS).when(When::BuiltinElements),
    Entry::total(Builtin(3862, "range_adjacent(anyrange,anyrange)"), ADJACENT).when(When::BuiltinElements),
    Entry::total(Builtin(3863, "range_before(anyrange,anyrange)"), BOUNDS).when(When::BuiltinElements),
    Entry::total(Builtin(3864, "range_after(anyrange,anyrange)"), BOUNDS).when(When::BuiltinElements),
    Entry::total(Builtin(3865, "range_overleft(anyrange,anyrange)"), BOUNDS).when(When::BuiltinElements),
    Entry::total(Builtin(3866, "range_overright(anyrange,anyrange)"), BOUNDS).when(When::BuiltinElements),
    Entry::total(Builtin(3871, "range_lt(anyrange,anyrange)"), COMPARE).when(When::BuiltinElements),
    Entry::total(Builtin(3872, "range_le(anyrange,anyrange)"), COMPARE).when(When::BuiltinElements),
    Entry::total(Builtin(3873, "range_ge(anyrange,anyrange)"), COMPARE).when(When::BuiltinElements),
    Entry::total(Builtin(3874, "range_gt(anyrange,anyrange)"), COMPARE).when(When::BuiltinElements),
    Entry::total(Builtin(4244, "multirange_eq(anymultirange,anymultirange)"), MULTI_COMPARE)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4246, "range_overlaps_multirange(anyrange,anymultirange)"), MULTI_SEARCH)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4247, "multirange_overlaps_range(anymultirange,anyrange)"), MULTI_SEARCH)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4248, "multirange_overlaps_multirange(anymultirange,anymultirange)"), MULTI_MERGE)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4249, "multirange_contains_elem(anymultirange,anyelement)"), MULTI_SEARCH)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4250, "multirange_contains_range(anymultirange,anyrange)"), MULTI_SEARCH)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4251, "multirange_contains_multirange(anymultirange,anymultirange)"), MULTI_MERGE)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4252, "elem_contained_by_multirange(anyelement,anymultirange)"), MULTI_SEARCH)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4253, "range_contained_by_multirange(anyrange,anymultirange)"), MULTI_SEARCH)
        .when(When::BuiltinElements),
    Entry::total(
        Builtin(4254, "multirange_contained_by_multirange(anymultirange,anymultirange)"),
        MULTI_MERGE,
    )
    .when(When::BuiltinElements),
    Entry::total(Builtin(4255, "range_adjacent_multirange(anyrange,anymultirange)"), ADJACENT)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4256, "multirange_adjacent_multirange(anymultirange,anymultirange)"), ADJACENT)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4257, "multirange_adjacent_range(anymultirange,anyrange)"), ADJACENT)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4258, "range_before_multirange(anyrange,anymultirange)"), MULTI_ENDS)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4259, "multirange_before_range(anymultirange,anyrange)"), MULTI_ENDS)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4260, "multirange_before_multirange(anymultirange,anymultirange)"), MULTI_ENDS)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4261, "range_after_multirange(anyrange,anymultirange)"), MULTI_ENDS)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4262, "multirange_after_range(anymultirange,anyrange)"), MULTI_ENDS)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4263, "multirange_after_multirange(anymultirange,anymultirange)"), MULTI_ENDS)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4264, "range_overleft_multirange(anyrange,anymultirange)"), MULTI_ENDS)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4265, "multirange_overleft_range(anymultirange,anyrange)"), MULTI_ENDS)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4266, "multirange_overleft_multirange(anymultirange,anymultirange)"), MULTI_ENDS)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4267, "range_overright_multirange(anyrange,anymultirange)"), MULTI_ENDS)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4268, "multirange_overright_range(anymultirange,anyrange)"), MULTI_ENDS)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4269, "multirange_overright_multirange(anymultirange,anymultirange)"), MULTI_ENDS)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4274, "multirange_lt(anymultirange,anymultirange)"), MULTI_COMPARE)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4275, "multirange_le(anymultirange,anymultirange)"), MULTI_COMPARE)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4276, "multirange_ge(anymultirange,anymultirange)"), MULTI_COMPARE)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4277, "multirange_gt(anymultirange,anymultirange)"), MULTI_COMPARE)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4541, "range_contains_multirange(anyrange,anymultirange)"), MULTI_ENDS)
        .when(When::BuiltinElements),
    Entry::total(Builtin(4542, "multirange_contained_by_range(anymultirange,anyrange)"), MULTI_ENDS)
        .when(When::BuiltinElements),
];
