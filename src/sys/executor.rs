//! The moment a plan is about to run.

use super::belongs;
use super::during::ALTERING;
use super::local::Local;
use super::query::{Applies, TableUse, applies};
use super::quiet;
use super::tree::elements;
use pgrx::pg_sys::{self, CmdType, NodeTag, Oid};
use std::ffi::c_int;

unsafe extern "C-unwind" {
    // Without pgrx's guard: see `hooks`.
    fn standard_ExecutorStart(query: *mut pg_sys::QueryDesc, flags: c_int);
    fn standard_ExecutorEnd(query: *mut pg_sys::QueryDesc);
}

static PREVIOUS: Local<pg_sys::ExecutorStart_hook_type> = Local::new(None);
static PREVIOUS_END: Local<pg_sys::ExecutorEnd_hook_type> = Local::new(None);
static WATCH: Local<Option<Watch>> = Local::new(None);

/// What is asked when a plan runs.
#[derive(Clone, Copy)]
pub struct Watch {
    /// See [`install`].
    pub stale: fn(Oid),
    /// Called with every relation of a plan whose schema's name says something (`belongs`), each time the plan starts or is fetched
    /// from; raises to refuse.
    pub relation: fn(Oid),
    /// See [`quiet::without_triggers`].
    pub always: quiet::Always,
    /// Called when a statement has ended, after [`call_when_ended`].
    pub ended: fn(),
}

/// `stale` is told of a table with row security that a plan is going to write without checking the rows, although a BEFORE
/// trigger may change them; it raises to refuse that.
///
/// Such a plan was made before the trigger was. PostgreSQL plans anew what it has saved, but not the second query of a rule
/// or of a function in SQL, when the first one makes a trigger. The triggers of a statement that has started are fixed.
pub fn install(watch: Watch) {
    WATCH.set(Some(watch));
    quiet::install(watch.always);
    // SAFETY: while the library is loaded nothing runs that could call the hook.
    unsafe {
        PREVIOUS.set(pg_sys::ExecutorStart_hook);
        pg_sys::ExecutorStart_hook = Some(start);
        PREVIOUS_END.set(pg_sys::ExecutorEnd_hook);
        pg_sys::ExecutorEnd_hook = Some(end);
    }
}

unsafe extern "C-unwind" fn end(query: *mut pg_sys::QueryDesc) {
    // SAFETY: passes on what we were given.
    unsafe {
        match PREVIOUS_END.get() {
            Some(previous) => previous(query),
            None => standard_ExecutorEnd(query),
        }
    }
    after_statement();
}

static WANTED: Local<bool> = Local::new(false);

/// Has the end of the statement that runs now, or of a part of it, reported.
pub fn call_when_ended() {
    WANTED.set(true);
}

pub(super) fn after_statement() {
    if WANTED.get() {
        WANTED.set(false);
        ended();
    }
}

#[pgrx::pg_guard]
extern "C-unwind" fn ended() {
    if let Some(watch) = WATCH.get() {
        (watch.ended)();
    }
}

/// Looks at the relations of a plan: those that it reads and writes, children and constants of type regclass included.
///
/// # Safety
/// `query` must be valid.
pub(super) unsafe fn look_at_relations(query: *mut pg_sys::QueryDesc) {
    // SAFETY: by the caller; a list of oids has `length` of them.
    unsafe {
        let relations = (*(*query).plannedstmt).relationOids;
        if relations.is_null() {
            return;
        }
        for n in 0..(*relations).length as usize {
            let relation = (*(*relations).elements.add(n)).oid_value;
            if !belongs::is_plain_relation(relation) {
                look_at_relation(relation);
            }
        }
    }
}

#[pgrx::pg_guard]
extern "C-unwind" fn look_at_relation(relation: Oid) {
    if let Some(watch) = WATCH.get()
        && belongs::of_relation(relation).is_some()
    {
        (watch.relation)(relation);
    }
}

// Two halves, as in `hooks`.
unsafe extern "C-unwind" fn start(query: *mut pg_sys::QueryDesc, flags: c_int) {
    // SAFETY: PostgreSQL passes a valid query; the call passes on what we were given. Then it has an executor's state.
    unsafe {
        look_at_relations(query);
        quiet::starting(query);
        if ALTERING.active() && (*(*query).plannedstmt).parallelModeNeeded {
            run_alone(query);
        }
        match PREVIOUS.get() {
            Some(previous) => previous(query, flags),
            None => standard_ExecutorStart(query, flags),
        }
        quiet::started(query);
        if matches!((*query).operation, CmdType::CMD_INSERT | CmdType::CMD_UPDATE)
            || !(*(*query).estate).es_auxmodifytables.is_null()
        {
            look_at(query);
        }
    }
}

/// A parallel worker does not know what its leader is doing: what a statement that changes a table runs has none. The plan may be a saved
/// one, so it is not written to.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn run_alone(query: *mut pg_sys::QueryDesc) {
    // SAFETY: by the caller; the executor's state, which refers to the copy, is allocated below the same memory context.
    unsafe {
        let plan = pg_sys::palloc(size_of::<pg_sys::PlannedStmt>()).cast::<pg_sys::PlannedStmt>();
        plan.copy_from_nonoverlapping((*query).plannedstmt, 1);
        (*plan).parallelModeNeeded = false;
        (*query).plannedstmt = plan;
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn look_at(query: *mut pg_sys::QueryDesc) {
    // SAFETY: the query has started: the state of a statement that writes is at the top, those in WITH are in the list. The
    // cast follows the node's tag.
    unsafe {
        let (query, estate) = (&*query, (*query).estate);
        if !query.planstate.is_null() && (*query.planstate).type_ == NodeTag::T_ModifyTableState {
            check(&*query.planstate.cast::<pg_sys::ModifyTableState>(), estate);
        }
        if !(*estate).es_auxmodifytables.is_null() {
            for writes in elements::<pg_sys::ModifyTableState>((*estate).es_auxmodifytables) {
                check(&*writes, estate);
            }
        }
    }
}

/// # Safety
/// `writes` must be a started node of the state.
unsafe fn check(writes: &pg_sys::ModifyTableState, estate: *mut pg_sys::EState) {
    let triggered: fn(&pg_sys::TriggerDesc) -> bool = match writes.operation {
        CmdType::CMD_INSERT => |triggers| triggers.trig_insert_before_row,
        CmdType::CMD_UPDATE => |triggers| triggers.trig_update_before_row,
        _ => return,
    };
    for n in 0..writes.mt_nrels.max(0) as usize {
        // SAFETY: the node has so many tables, all open.
        unsafe {
            let table = &*writes.resultRelInfo.add(n);
            if !table.ri_WithCheckOptions.is_null() || !table.ri_TrigDesc.as_ref().is_some_and(triggered) {
                continue;
            }
            let relation = (*table.ri_RelationDesc).rd_id;
            let used = TableUse {
                relation,
                as_user: checked_as(table, estate),
                restricted: false,
                referential: false,
            };
            if applies(&used) == Applies::Yes
                && let Some(watch) = WATCH.get()
            {
                (watch.stale)(relation);
            }
        }
    }
}

/// # Safety
/// `table` must be a result relation of the state.
#[cfg(feature = "pg15")]
unsafe fn checked_as(table: &pg_sys::ResultRelInfo, estate: *mut pg_sys::EState) -> Oid {
    // SAFETY: by the caller; one that is no entry of the range table itself is checked as its root.
    unsafe {
        let index = match (table.ri_RangeTableIndex, table.ri_RootResultRelInfo.as_ref()) {
            (0, Some(root)) => root.ri_RangeTableIndex,
            (index, _) => index,
        };
        elements::<pg_sys::RangeTblEntry>((*estate).es_range_table)
            .get((index as usize).wrapping_sub(1))
            .map_or(Oid::INVALID, |entry| (**entry).checkAsUser)
    }
}

/// # Safety
/// `table` must be a result relation of the state.
#[cfg(not(feature = "pg15"))]
unsafe fn checked_as(table: &pg_sys::ResultRelInfo, estate: *mut pg_sys::EState) -> Oid {
    // SAFETY: by the caller.
    unsafe { pg_sys::ExecGetResultRelCheckAsUser(std::ptr::from_ref(table).cast_mut(), estate) }
}
