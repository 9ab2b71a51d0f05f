//! Enough stack before a marked plan runs.
//!
//! Functions that recurse stop with an error when the stack is used up. Whoever has used up most of it beforehand, in
//! a recursive function of their own, would learn from that error how deep such a function went on a row they must not
//! see. So a marked plan fails before it looks at any row, unless there is room for all recursion in it.

use super::executor;
use super::local::Local;
use super::tree::{elements, expression_tree_walker, query_tree_walker};
use pgrx::pg_sys::{self, NodeTag, Oid};
use std::ffi::c_void;

/// How much stack must be left, in bytes.
const HEADROOM: usize = 512 * 1024;

/// Stack below the frame of `install` that PostgreSQL counts and we do not see: an allowance.
const BELOW: usize = 64 * 1024;

/// The most queries in WITH.
const MAX_WITH: usize = 32;

static BASE: Local<usize> = Local::new(0);
static MARK_OF: Local<Option<fn() -> Oid>> = Local::new(None);
/// The relation that marked plans depend on, once there was one.
static MARK: Local<Oid> = Local::new(Oid::INVALID);
static EXHAUSTED: Local<Option<fn() -> !>> = Local::new(None);
static PREVIOUS: Local<pg_sys::ExecutorRun_hook_type> = Local::new(None);

/// Called once, while the library is loaded. A marked plan depends on the relation `mark`; `exhausted` raises the error.
pub fn install(mark: fn() -> Oid, exhausted: fn() -> !) {
    BASE.set(here() + BELOW);
    MARK_OF.set(Some(mark));
    EXHAUSTED.set(Some(exhausted));
    // SAFETY: while the library is loaded nothing runs that could call the hook.
    unsafe {
        PREVIOUS.set(pg_sys::ExecutorRun_hook);
        pg_sys::ExecutorRun_hook = Some(executor_run);
    }
}

/// Marks a plan. Changes of the relation also make PostgreSQL plan it anew.
///
/// # Safety
/// `plan` must be valid.
pub(super) unsafe fn mark(plan: &mut pg_sys::PlannedStmt) {
    if let Some(mark_of) = MARK_OF.get() {
        MARK.set(mark_of());
        // SAFETY: a list of oids, in the memory context the plan was made in.
        unsafe { plan.relationOids = pg_sys::lappend_oid(plan.relationOids, MARK.get()) };
    }
}

/// An address in the present frame. (The stack grows down on every machine PostgreSQL runs on.)
#[inline(never)]
fn here() -> usize {
    let local = 0u8;
    std::hint::black_box(&raw const local).addr()
}

#[pgrx::pg_guard]
extern "C-unwind" fn exhausted() {
    if let Some(raise) = EXHAUSTED.get() {
        raise();
    }
}

/// Whether there is room now.
pub(super) fn is_enough() -> bool {
    // SAFETY: a plain global.
    let limit = usize::try_from(unsafe { pg_sys::max_stack_depth }).unwrap_or(0) * 1024;
    BASE.get().saturating_sub(here()) + HEADROOM <= limit
}

/// Whether the query itself may use up the room before it comes to a table: queries in WITH may read each other, and are planned
/// one after the other, but run one inside the other. (Other nesting is planned as deep as it runs.)
///
/// # Safety
/// `root` must be the planner's.
pub(super) unsafe fn is_used_up_by(mut root: *mut pg_sys::PlannerInfo) -> bool {
    // SAFETY: by the caller; planners form a chain. The walker raises under the guard of the boundary.
    unsafe {
        let mut within = false;
        loop {
            within |= !(*(*root).parse).cteList.is_null();
            if (*root).parent_root.is_null() {
                break;
            }
            root = (*root).parent_root;
        }
        if !within {
            return false;
        }
        let mut count = 0usize;
        let counter: *mut usize = &mut count;
        pg_sys::ffi::pg_guard_ffi_boundary(|| count_with((*root).parse.cast(), counter.cast()));
        count > MAX_WITH
    }
}

/// The walker: counts the queries in WITH, at any depth.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn count_with(node: *mut pg_sys::Node, count: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: PostgreSQL passes nodes of the query; the cast follows the node's tag.
    unsafe {
        if (*node).type_ == NodeTag::T_Query {
            let query = node.cast::<pg_sys::Query>();
            *count.cast::<usize>() += elements::<pg_sys::Node>((*query).cteList).len();
            return pg_sys::ffi::pg_guard_ffi_boundary(|| {
                query_tree_walker(query, Some(count_with), count, 0)
            });
        }
        pg_sys::ffi::pg_guard_ffi_boundary(|| expression_tree_walker(node, Some(count_with), count))
    }
}

/// # Safety
/// `query` must be valid.
unsafe fn check(query: *mut pg_sys::QueryDesc) {
    // SAFETY: by the caller; a list that is there has an element. The mark is the last.
    unsafe {
        let relations = (*(*query).plannedstmt).relationOids;
        if relations.is_null()
            || (*(*relations).elements.add((*relations).length as usize - 1)).oid_value != MARK.get()
        {
            return;
        }
    }
    if !is_enough() {
        exhausted();
    }
}

// Two halves, as in `hooks`.
#[cfg(any(feature = "pg15", feature = "pg16", feature = "pg17"))]
unsafe extern "C-unwind" fn executor_run(
    query: *mut pg_sys::QueryDesc,
    direction: pg_sys::ScanDirection::Type,
    count: u64,
    once: bool,
) {
    unsafe extern "C-unwind" {
        fn standard_ExecutorRun(
            query: *mut pg_sys::QueryDesc,
            direction: pg_sys::ScanDirection::Type,
            count: u64,
            once: bool,
        );
    }
    // SAFETY: PostgreSQL passes a started query; passes on what we were given.
    unsafe {
        check(query);
        // A portal may have been opened under another token.
        executor::look_at_relations(query);
        match PREVIOUS.get() {
            Some(previous) => previous(query, direction, count, once),
            None => standard_ExecutorRun(query, direction, count, once),
        }
    }
}

#[cfg(feature = "pg18")]
unsafe extern "C-unwind" fn executor_run(
    query: *mut pg_sys::QueryDesc,
    direction: pg_sys::ScanDirection::Type,
    count: u64,
) {
    unsafe extern "C-unwind" {
        fn standard_ExecutorRun(
            query: *mut pg_sys::QueryDesc,
            direction: pg_sys::ScanDirection::Type,
            count: u64,
        );
    }
    // SAFETY: PostgreSQL passes a started query; passes on what we were given.
    unsafe {
        check(query);
        // A portal may have been opened under another token.
        executor::look_at_relations(query);
        match PREVIOUS.get() {
            Some(previous) => previous(query, direction, count),
            None => standard_ExecutorRun(query, direction, count),
        }
    }
}
