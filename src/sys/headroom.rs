//! Enough stack before a marked plan runs.
//!
//! Functions that recurse stop with an error when the stack is used up. Whoever has used up most of it beforehand, in
//! a recursive function of their own, would learn from that error how deep such a function went on a row they must not
//! see. So a marked plan fails before it looks at any row, unless there is room for all recursion in it.

use super::local::Local;
use pgrx::pg_sys::{self, Oid};

/// How much stack must be left, in bytes.
const HEADROOM: usize = 512 * 1024;

/// Stack below the frame of `install` that PostgreSQL counts and we do not see: an allowance.
const BELOW: usize = 64 * 1024;

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
        match PREVIOUS.get() {
            Some(previous) => previous(query, direction, count),
            None => standard_ExecutorRun(query, direction, count),
        }
    }
}
