//! JSON: containment, existence, paths and extraction. Examined in jsonb_op.c, jsonb_util.c, jsonb_gin.c, jsonb.c,
//! jsonfuncs.c, jsonpath_exec.c and common/jsonapi.c.
//!
//! A document nested some ten thousand levels deep can be stored, and a function that follows it by recursion
//! exhausts the stack. The indexes' own support functions never follow a document, only what the query asks for.

use crate::search::entry::{Entry, Function::Builtin};

const EXISTS: &str = "Looks only at the top level, in keys by binary search and in array elements one by \
     one, without recursion.";
const CONTAINS: &str = "Follows both documents by recursion as long as they agree: two that are nested \
     deeply enough exhaust the stack.";
const PATH: &str = "Suppresses the errors of the path language, but not a comparison of times that needs a \
     time zone, not a stack exhausted by a deeply nested document and not a text too long for like_regex.";
const PATH_LOUD: &str = "Reports every error of the path language unless its last argument says otherwise, \
     and those that are never suppressed in any case.";
const EXTRACT: &str =
    "Finds the element without recursion and copies it, which checks the stack once where it wraps a scalar.";
const EXTRACT_TEXT: &str = "Finds the element without recursion and prints it, which fails where the text \
     exceeds 1 GB: escapes and long numbers expand.";
const EXTRACT_JSON: &str =
    "Parses the whole JSON text by recursion, which exhausts the stack where it is nested deeply enough.";
const CAST: &str = "Fails for a document that is not one value of the type, or one out of its range.";

const fn total(number: u32, signature: &'static str, because: &'static str) -> Entry {
    Entry::total(Builtin(number, signature), because)
}

const fn guarded(number: u32, signature: &'static str, because: &'static str) -> Entry {
    Entry::guarded(Builtin(number, signature), because)
}

const fn long(number: u32, signature: &'static str, because: &'static str) -> Entry {
    Entry::long(Builtin(number, signature), because)
}

/// The family's functions.
pub const ENTRIES: &[Entry] = &[
    // `?`, `?|`, `?&`
    total(4047, "jsonb_exists(jsonb,text)", EXISTS),
    total(4048, "jsonb_exists_any(jsonb,text[])", EXISTS),
    total(4049, "jsonb_exists_all(jsonb,text[])", EXISTS),
    // `@>`, `<@`
    long(4046, "jsonb_contains(jsonb,jsonb)", CONTAINS),
    long(4050, "jsonb_contained(jsonb,jsonb)", CONTAINS),
    // `@?`, `@@` and the functions of the same kind
    guarded(4010, "jsonb_path_exists_opr(jsonb,jsonpath)", PATH),
    guarded(4011, "jsonb_path_match_opr(jsonb,jsonpath)", PATH),
    guarded(4005, "jsonb_path_exists(jsonb,jsonpath,jsonb,boolean)", PATH_LOUD),
    guarded(4009, "jsonb_path_match(jsonb,jsonpath,jsonb,boolean)", PATH_LOUD),
    guarded(4007, "jsonb_path_query_array(jsonb,jsonpath,jsonb,boolean)", PATH_LOUD),
    guarded(4008, "jsonb_path_query_first(jsonb,jsonpath,jsonb,boolean)", PATH_LOUD),
    // `->`, `->>`, `#>`, `#>>`
    guarded(3478, "jsonb_object_field(jsonb,text)", EXTRACT),
    guarded(3215, "jsonb_array_element(jsonb,integer)", EXTRACT),
    guarded(3217, "jsonb_extract_path(jsonb,text[])", EXTRACT),
    guarded(3214, "jsonb_object_field_text(jsonb,text)", EXTRACT_TEXT),
    guarded(3216, "jsonb_array_element_text(jsonb,integer)", EXTRACT_TEXT),
    guarded(3940, "jsonb_extract_path_text(jsonb,text[])", EXTRACT_TEXT),
    guarded(3947, "json_object_field(json,text)", EXTRACT_JSON),
    guarded(3949, "json_array_element(json,integer)", EXTRACT_JSON),
    guarded(3951, "json_extract_path(json,text[])", EXTRACT_JSON),
    guarded(3948, "json_object_field_text(json,text)", EXTRACT_JSON),
    guarded(3950, "json_array_element_text(json,integer)", EXTRACT_JSON),
    guarded(3953, "json_extract_path_text(json,text[])", EXTRACT_JSON),
    // What a document is.
    total(3210, "jsonb_typeof(jsonb)", "Reads the kind from the head of the document."),
    guarded(3207, "jsonb_array_length(jsonb)", "Fails for a document that is not an array."),
    guarded(3556, "bool(jsonb)", CAST),
    guarded(3450, "int2(jsonb)", CAST),
    guarded(3451, "int4(jsonb)", CAST),
    guarded(3452, "int8(jsonb)", CAST),
    guarded(3449, "\"numeric\"(jsonb)", CAST),
    guarded(3453, "float4(jsonb)", CAST),
    guarded(2580, "float8(jsonb)", CAST),
];
