//! Commands that make a table or sequence, turned into such that make it unlogged, or permanent.

use super::local::Local;
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

/// The sequence that a command makes for an identity column of an unlogged table, if identity sequences are to be permanent now.
///
/// # Safety
/// `tree` must be null or a valid utility statement.
unsafe fn identity(tree: *mut pg_sys::Node) -> Option<*mut pg_sys::RangeVar> {
    if !LOGGED.get() || tree.is_null() {
        return None;
    }
    // SAFETY: by the caller; the cast follows the node's tag.
    unsafe {
        if (*tree).type_ != NodeTag::T_CreateSeqStmt {
            return None;
        }
        let command = tree.cast::<pg_sys::CreateSeqStmt>();
        let made = (*command).sequence;
        let unlogged = !made.is_null() && (*made).relpersistence as u8 == pg_sys::RELPERSISTENCE_UNLOGGED;
        ((*command).for_identity && unlogged).then_some(made)
    }
}

/// Identity sequences are permanent, whatever their table is.
static LOGGED: Local<bool> = Local::new(false);

/// Runs `f`, in which the sequences of identity columns are permanent also where their tables are unlogged.
///
/// To make an unlogged one, PostgreSQL searches all of `shared_buffers` for it (`FlushRelationBuffers` in `fill_seq_with_data`):
/// milliseconds for each, where there are gigabytes of them.
pub fn with_permanent_identities<R>(f: impl FnOnce() -> R) -> R {
    LOGGED.during(true, f)
}

/// The command that is to run instead, if it is to be another one: a copy, because plan caches keep the one they gave us.
/// `is_wanted` is asked only for a command that makes something permanent which could be unlogged.
///
/// # Safety
/// `statement` must be a valid planned utility statement.
pub(super) unsafe fn rewritten(
    statement: *mut pg_sys::PlannedStmt,
    is_wanted: fn() -> bool,
) -> Option<*mut pg_sys::PlannedStmt> {
    // SAFETY: by the caller; a copy of a planned statement is one.
    unsafe {
        let tree = (*statement).utilityStmt;
        let (find, persistence): (unsafe fn(_) -> _, _) = if identity(tree).is_some() {
            (identity, pg_sys::RELPERSISTENCE_PERMANENT)
        } else if place(tree).is_some() && is_wanted() {
            (place, pg_sys::RELPERSISTENCE_UNLOGGED)
        } else {
            return None;
        };
        let copy = pg_sys::copyObjectImpl(statement.cast()).cast::<pg_sys::PlannedStmt>();
        if let Some(made) = find((*copy).utilityStmt) {
            (*made).relpersistence = persistence as _;
        }
        Some(copy)
    }
}
