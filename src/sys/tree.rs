//! Reading PostgreSQL's trees: lists of pointers, expressions.

use pgrx::pg_sys::{self, NodeTag};

/// The elements of a list; none for a null list.
///
/// # Safety
/// `list` must be null or a pointer list of `T`.
pub(super) unsafe fn elements<T>(list: *mut pg_sys::List) -> Vec<*mut T> {
    if list.is_null() {
        return Vec::new();
    }
    // SAFETY: a list has `length` cells, each a pointer.
    unsafe {
        (0..(*list).length as usize).map(|i| (*(*list).elements.add(i)).ptr_value.cast::<T>()).collect()
    }
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
