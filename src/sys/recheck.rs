//! Bitmap scans of a table under row security ask its predicate first.
//!
//! Where a bitmap is inexact, PostgreSQL evaluates the index's conditions once more, on the row, before the filter that
//! holds the security predicate: it takes for granted that they are leakproof. Here the predicate is put before them.

use super::clause::Clause;
use super::headroom;
use super::local::Local;
use super::paths::Fence;
use super::tree::elements;
use pgrx::pg_sys::{self, NodeTag, Oid};

/// Which tables, and what a condition is to their predicate.
type Rules = (fn(Oid) -> bool, fn(Oid, Clause) -> Fence);

static RULES: Local<Option<Rules>> = Local::new(None);
/// The query that is planned now needs it.
static NEEDED: Local<bool> = Local::new(false);

pub(super) fn install(concerns: fn(Oid) -> bool, fence: fn(Oid, Clause) -> Fence) {
    RULES.set(Some((concerns, fence)));
}

/// The query that is planned now has conditions in index paths that PostgreSQL would have kept out.
pub(super) fn needed() {
    NEEDED.set(true);
}

/// Before a query is planned: returns what to give back to [`end`]. (Planning one query may plan others.)
pub(super) fn begin() -> bool {
    let outer = NEEDED.get();
    NEEDED.set(false);
    outer
}

/// After it was planned.
///
/// # Safety
/// `plan` must be what the planner returned.
#[pgrx::pg_guard]
pub(super) unsafe extern "C-unwind" fn end(plan: *mut pg_sys::PlannedStmt, outer: bool) {
    let needed = NEEDED.get();
    NEEDED.set(outer);
    if needed && !plan.is_null() {
        // SAFETY: by the caller.
        unsafe {
            headroom::mark(&mut *plan);
            let tables = elements::<pg_sys::RangeTblEntry>((*plan).rtable);
            visit((*plan).planTree, &tables);
            for part in elements::<pg_sys::Plan>((*plan).subplans) {
                visit(part, &tables);
            }
        }
    }
}

/// # Safety
/// `plan` must be null or a node of a plan over `tables`.
unsafe fn visit(plan: *mut pg_sys::Plan, tables: &[*mut pg_sys::RangeTblEntry]) {
    if plan.is_null() {
        return;
    }
    // SAFETY: by the caller; each cast follows the node's tag.
    unsafe {
        match (*plan).type_ {
            NodeTag::T_BitmapHeapScan => fence(&mut *plan.cast(), tables),
            NodeTag::T_Append => visit_all((*plan.cast::<pg_sys::Append>()).appendplans, tables),
            NodeTag::T_MergeAppend => visit_all((*plan.cast::<pg_sys::MergeAppend>()).mergeplans, tables),
            NodeTag::T_SubqueryScan => visit((*plan.cast::<pg_sys::SubqueryScan>()).subplan, tables),
            NodeTag::T_CustomScan => visit_all((*plan.cast::<pg_sys::CustomScan>()).custom_plans, tables),
            _ => {}
        }
        visit((*plan).lefttree, tables);
        visit((*plan).righttree, tables);
    }
}

/// # Safety
/// `plans` must be null or a list of nodes of a plan over `tables`.
unsafe fn visit_all(plans: *mut pg_sys::List, tables: &[*mut pg_sys::RangeTblEntry]) {
    // SAFETY: by the caller.
    unsafe {
        for plan in elements::<pg_sys::Plan>(plans) {
            visit(plan, tables);
        }
    }
}

/// Puts the predicate, which stands in the filter or among the index's own conditions, before what is checked again.
///
/// # Safety
/// `scan` must be a node of a plan over `tables`.
unsafe fn fence(scan: &mut pg_sys::BitmapHeapScan, tables: &[*mut pg_sys::RangeTblEntry]) {
    let Some((concerns, fence_of)) = RULES.get() else { return };
    // SAFETY: the expressions of a scan are lists; what is taken from the filter is copied.
    unsafe {
        let table = (scan.scan.scanrelid as usize)
            .checked_sub(1)
            .and_then(|index| tables.get(index))
            .map_or(Oid::INVALID, |entry| (**entry).relid);
        if scan.bitmapqualorig.is_null() || !concerns(table) {
            return;
        }
        let is_fence = |one: &*mut pg_sys::Node| fence_of(table, Clause::new(*one)) != Fence::No;
        let (first, rest): (Vec<_>, Vec<_>) =
            elements::<pg_sys::Node>(scan.bitmapqualorig).into_iter().partition(is_fence);
        let filter = elements::<pg_sys::Node>(scan.scan.plan.qual).into_iter().filter(is_fence);
        let copies = filter.map(|one| pg_sys::copyObjectImpl(one.cast()).cast::<pg_sys::Node>());
        let mut list = std::ptr::null_mut();
        for one in copies.chain(first).chain(rest) {
            list = pg_sys::lappend(list, one.cast());
        }
        scan.bitmapqualorig = list;
    }
}
