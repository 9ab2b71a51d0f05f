//! Statements that fire no triggers of their tables' owners.

use super::local::Local;
use super::setting;
use super::tree::elements;
use pgrx::pg_sys::{self, CmdType, Oid};
use std::ffi::{c_char, c_int};

static QUIET: Local<bool> = Local::new(false);
static ALWAYS: Local<Option<Always>> = Local::new(None);

/// Whether all triggers of a table fire, also in [`without_triggers`].
pub type Always = fn(Oid) -> bool;

pub(super) fn install(always: Always) {
    ALWAYS.set(Some(always));
}

/// Runs `f`, in which deleting and changing rows of a table with its owner's rights fires no triggers but PostgreSQL's own (those of
/// foreign keys, for instance) and those of tables that [`Always`] names. What an owner's code does on the way to other people's tables
/// fires theirs. Partitions and children are of the table that the statement names.
pub fn without_triggers<R>(f: impl FnOnce() -> R) -> R {
    QUIET.during(true, f)
}

// A row that UPDATE moves into another partition (a foreign key's SET NULL on a partition key, say) is inserted there, and triggers hear
// of that. PostgreSQL opens a partition that the plan has left out when the first row comes, and asks nobody. So such an UPDATE leaves
// none out: not when it is planned for its parameters (a plan for any parameters has them all), and, from version 18 on, not when it starts.

/// An UPDATE is about to be planned. What is returned is to be given to [`planned`].
///
/// # Safety
/// `query` must be valid.
pub(super) unsafe fn planning(query: *mut pg_sys::Query, params: pg_sys::ParamListInfo) -> c_int {
    // SAFETY: by the caller.
    if QUIET.get() && !params.is_null() && unsafe { (*query).commandType } == CmdType::CMD_UPDATE {
        prune_nothing()
    } else {
        0
    }
}

#[pgrx::pg_guard]
extern "C-unwind" fn prune_nothing() -> c_int {
    // SAFETY: `planned` leaves the level; after an error the transaction's abort does.
    let level = unsafe { pg_sys::NewGUCNestLevel() };
    setting::set_local(c"enable_partition_pruning", c"off");
    setting::set_local(c"constraint_exclusion", c"off");
    level
}

/// It was planned.
pub(super) fn planned(level: c_int) {
    if level != 0 {
        prune_again(level);
    }
}

#[pgrx::pg_guard]
extern "C-unwind" fn prune_again(level: c_int) {
    // SAFETY: leaves the level that `prune_nothing` opened.
    unsafe { pg_sys::AtEOXact_GUC(false, level) }
}

/// A statement is about to start.
///
/// # Safety
/// `query` must be valid.
pub(super) unsafe fn starting(query: *mut pg_sys::QueryDesc) {
    // SAFETY: by the caller.
    #[cfg(feature = "pg18")]
    unsafe {
        if QUIET.get()
            && (*query).operation == CmdType::CMD_UPDATE
            && !(*(*query).plannedstmt).partPruneInfos.is_null()
        {
            leave_nothing_out(query);
        }
    }
    #[cfg(not(feature = "pg18"))]
    let _ = query;
}

/// # Safety
/// `query` must be valid, and not started.
#[cfg(feature = "pg18")]
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn leave_nothing_out(query: *mut pg_sys::QueryDesc) {
    // SAFETY: by the caller. The plan may be one that is kept, so it is changed in a copy. Steps that are not there prune nothing
    // (ExecDoInitialPruning), and what cannot be pruned is opened (ExecInitModifyTable).
    unsafe {
        let plan = pg_sys::copyObjectImpl((*query).plannedstmt.cast()).cast::<pg_sys::PlannedStmt>();
        for whole in elements::<pg_sys::PartitionPruneInfo>((*plan).partPruneInfos) {
            for tree in elements::<pg_sys::List>((*whole).prune_infos) {
                for table in elements::<pg_sys::PartitionedRelPruneInfo>(tree) {
                    (*table).initial_pruning_steps = std::ptr::null_mut();
                }
            }
        }
        let tables = (*(*plan).rtable).length;
        (*plan).unprunableRelids = pg_sys::bms_add_range((*plan).unprunableRelids, 1, tables);
        (*query).plannedstmt = plan;
    }
}

/// It has started.
///
/// # Safety
/// `query` must be valid.
pub(super) unsafe fn started(query: *mut pg_sys::QueryDesc) {
    // SAFETY: by the caller.
    unsafe {
        if QUIET.get() && matches!((*query).operation, CmdType::CMD_DELETE | CmdType::CMD_UPDATE) {
            silence(&*(*query).estate);
        }
    }
}

/// # Safety
/// `estate` must be the state of a query that has started.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn silence(estate: &pg_sys::EState) {
    // SAFETY: by the caller. The description of the triggers is the statement's own copy (InitResultRelInfo).
    unsafe {
        for table in elements::<pg_sys::ResultRelInfo>(estate.es_opened_result_relations) {
            let Some(triggers) = (*table).ri_TrigDesc.as_ref() else { continue };
            let named = (*table).ri_RootResultRelInfo.as_ref().unwrap_or(&*table).ri_RelationDesc;
            if (*(*named).rd_rel).relowner != pg_sys::GetUserId()
                || ALWAYS.get().is_none_or(|always| always((*(*table).ri_RelationDesc).rd_id))
            {
                continue;
            }
            for n in 0..triggers.numtriggers.max(0) as usize {
                let trigger = &mut *triggers.triggers.add(n);
                if trigger.tgfoid.to_u32() >= pg_sys::FirstNormalObjectId {
                    trigger.tgenabled = pg_sys::TRIGGER_DISABLED as c_char;
                }
            }
        }
    }
}
