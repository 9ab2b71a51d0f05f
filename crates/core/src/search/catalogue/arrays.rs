//! Arrays. Examined in arrayfuncs.c, arrayaccess.h, ginarrayproc.c and ginutil.c.
//!
//! Each calls the default comparison of the element type, and so do a B-tree or GIN index on the keys of all tenants:
//! they are as good as that function. An element type without any must not pass either: `=` says so only where the
//! dimensions of the two arrays agree, so the error would tell the dimensions. Elements with a collation need it known
//! and deterministic, for an unknown one is reported only when there are two elements to compare.
//!
//! GIN asks for keys of the constant alone; `<@` and `=` are rechecked on the row. The number of elements of a stored
//! array is limited so that pointers to all of them fit into one allocation.

use crate::search::entry::{Entry, Function::Builtin, When};

const EQUAL: &str = "Compares the dimensions, then calls the element type's equality for one pair after \
    the other until one differs; allocates nothing.";
const ORDER: &str = "Calls the element type's comparison for one pair after the other until one differs, \
    then compares the dimensions; allocates nothing.";
const ELEMENTS: &str = "Lists one array's elements, never more than 134217727 pointers, which is below the \
    limit of an allocation, and calls the element type's equality.";

/// The family's functions.
pub const ENTRIES: &[Entry] = &[
    Entry::total(Builtin(391, "array_lt(anyarray,anyarray)"), ORDER).when(When::BuiltinElements),
    Entry::total(Builtin(392, "array_gt(anyarray,anyarray)"), ORDER).when(When::BuiltinElements),
    Entry::total(Builtin(393, "array_le(anyarray,anyarray)"), ORDER).when(When::BuiltinElements),
    Entry::total(Builtin(396, "array_ge(anyarray,anyarray)"), ORDER).when(When::BuiltinElements),
    Entry::total(Builtin(744, "array_eq(anyarray,anyarray)"), EQUAL).when(When::BuiltinElements),
    Entry::total(Builtin(2747, "arrayoverlap(anyarray,anyarray)"), ELEMENTS).when(When::BuiltinElements),
    Entry::total(Builtin(2748, "arraycontains(anyarray,anyarray)"), ELEMENTS).when(When::BuiltinElements),
    Entry::total(Builtin(2749, "arraycontained(anyarray,anyarray)"), ELEMENTS).when(When::BuiltinElements),
];
