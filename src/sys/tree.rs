//! Reading PostgreSQL's trees: lists of pointers, expressions.

use pgrx::pg_sys::{self, NodeTag};
use std::ffi::{c_int, c_void};

/// What a walker calls for each part of a tree; true to stop.
type Walker = unsafe extern "C-unwind" fn(*mut pg_sys::Node, *mut c_void) -> bool;

unsafe extern "C-unwind" {
    // pgrx has no binding for PostgreSQL 15's, and later ones have another name. They raise when the stack is too
    // deep: called under pgrx's guard only.
    #[cfg_attr(not(feature = "pg15"), link_name = "query_tree_walker_impl")]
    pub(super) fn query_tree_walker(
        query: *mut pg_sys::Query,
        walker: Option<Walker>,
        context: *mut c_void,
        flags: c_int,
    ) -> bool;
    #[cfg_attr(not(feature = "pg15"), link_name = "expression_tree_walker_impl")]
    pub(super) fn expression_tree_walker(
        node: *mut pg_sys::Node,
        walker: Option<Walker>,
        context: *mut c_void,
    ) -> bool;
}

/// The elements of a list; none for a null list.
///
/// # Safety
/// `list` must be null or a pointer list of `T`.
pub(super) unsafe fn elements<T>(list: *mut pg_sys::List) -> Vec<*mut T> {
    // SAFETY: by the caller; the list is not changed meanwhile.
    unsafe { each(list).collect() }
}

/// The same, one after the other, for what is asked at every planning.
///
/// # Safety
/// As for [`elements`]; the list must not be changed as long as the iterator is used.
pub(super) unsafe fn each<T>(list: *mut pg_sys::List) -> impl Iterator<Item = *mut T> {
    // SAFETY: by the caller.
    let length = unsafe { list.as_ref() }.map_or(0, |list| list.length as usize);
    // SAFETY: a list has `length` cells, each a pointer.
    (0..length).map(move |index| unsafe { (*(*list).elements.add(index)).ptr_value.cast::<T>() })
}

/// The expression without changes of its type's label (varchar to text).
///
/// # Safety
/// `expression` must be an expression.
pub(super) unsafe fn strip(mut expression: *mut pg_sys::Expr) -> *mut pg_sys::Expr {
    // SAFETY: by the caller; the cast follows the node's tag.
    unsafe {
        while (*expression).type_ == NodeTag::T_RelabelType {
            expression = (*expression.cast::<pg_sys::RelabelType>()).arg;
        }
    }
    expression
}
