//! Expressions as catalogs keep them.

use super::tree::expression_tree_walker;
use pgrx::pg_sys::{self, NodeTag};
use std::ffi::{CStr, c_void};

struct Search {
    column: i16,
}

/// Whether an expression over one relation looks at the value of a column, and not only at whether it is null.
pub fn uses_value(expression: &CStr, column: i16) -> bool {
    let mut search = Search { column };
    // SAFETY: reads what the server has written; raises on anything else. The walker gets the tree, and the search as its context.
    unsafe {
        let node: *mut pg_sys::Node = pg_sys::stringToNode(expression.as_ptr()).cast();
        pg_sys::ffi::pg_guard_ffi_boundary(|| visit(node, (&raw mut search).cast()))
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn visit(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: PostgreSQL passes nodes of the expression; each cast follows the node's tag. The context is what `uses_value` passed.
    unsafe {
        match (*node).type_ {
            NodeTag::T_Var => {
                let number = (*node.cast::<pg_sys::Var>()).varattno;
                // 0: the whole row.
                number == 0 || number == (*context.cast::<Search>()).column
            }
            NodeTag::T_NullTest if is_variable((*node.cast::<pg_sys::NullTest>()).arg) => false,
            _ => pg_sys::ffi::pg_guard_ffi_boundary(|| expression_tree_walker(node, Some(visit), context)),
        }
    }
}

/// # Safety
/// `expression` must be an expression.
unsafe fn is_variable(expression: *mut pg_sys::Expr) -> bool {
    // SAFETY: by the caller; the cast follows the node's tag.
    unsafe { (*expression).type_ == NodeTag::T_Var && (*expression.cast::<pg_sys::Var>()).varattno != 0 }
}
