//! Commands that would make a permanent table or sequence, turned into such that make an unlogged one.

use pgrx::pg_sys::{self, NodeTag};

/// The place where a command says how permanent the relation is that it makes, if it makes a permanent one that can be unlogged.
///
/// # Safety
/// `tree` must be null or a valid utility statement.
unsafe fn place(tree: *mut pg_sys::Node) -> Option<*mut pg_sys::RangeVar> {
    if tree.is_null() {
        return None;
    }
    // SAFETY: by the caller; each cast follows the node's tag.
    unsafe {
        let made = match (*tree).type_ {
            // A partitioned table holds no rows, and from PostgreSQL 18 on cannot be unlogged.
            NodeTag::T_CreateStmt if (*tree.cast::<pg_sys::CreateStmt>()).partspec.is_null() => {
                (*tree.cast::<pg_sys::CreateStmt>()).relation
            }
            NodeTag::T_CreateTableAsStmt
                if (*tree.cast::<pg_sys::CreateTableAsStmt>()).objtype
                    == pg_sys::ObjectType::OBJECT_TABLE =>
            {
                let into = (*tree.cast::<pg_sys::CreateTableAsStmt>()).into;
                if into.is_null() { std::ptr::null_mut() } else { (*into).rel }
            }
            NodeTag::T_CreateSeqStmt => (*tree.cast::<pg_sys::CreateSeqStmt>()).sequence,
            _ => std::ptr::null_mut(),
        };
        (!made.is_null() && (*made).relpersistence as u8 == pg_sys::RELPERSISTENCE_PERMANENT).then_some(made)
    }
}

/// Whether the command makes such a relation.
///
/// # Safety
/// `statement` must be a valid utility statement.
pub(super) unsafe fn concerns(statement: *mut pg_sys::PlannedStmt) -> bool {
    // SAFETY: by the caller.
    unsafe { place((*statement).utilityStmt).is_some() }
}

/// A copy of the command that makes an unlogged relation. (Plan caches keep the one they gave us.)
///
/// # Safety
/// As for `concerns`.
pub(super) unsafe fn rewritten(statement: *mut pg_sys::PlannedStmt) -> *mut pg_sys::PlannedStmt {
    // SAFETY: by the caller; a copy of a planned statement is one.
    unsafe {
        let copy = pg_sys::copyObjectImpl(statement.cast()).cast::<pg_sys::PlannedStmt>();
        if let Some(made) = place((*copy).utilityStmt) {
            (*made).relpersistence = pg_sys::RELPERSISTENCE_UNLOGGED as _;
        }
        copy
    }
}
