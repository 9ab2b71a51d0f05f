//! Bitmap scans of a table under row security ask its predicate first.
//!
//! Where a bitmap is inexact, PostgreSQL evaluates the index's conditions once more, on the row, before the filter that
//! holds the security predicate: it takes for granted that they are leakproof. Here the predicate is put before them.

use super::clause::Clause;
use super::local::{Local, LocalRef};
use super::paths::{Fence, Rules};
use super::tree::{each, elements};
use super::{early, headroom};
use pgrx::pg_sys::{self, NodeTag, Oid};
use std::collections::BTreeMap;

static RULES: Local<Option<Rules>> = Local::new(None);
/// How often anything was granted in this backend. A number, not a switch: a query that fails to be planned inside another one
/// takes nothing back.
static GRANTS: Local<u64> = Local::new(0);
/// The last grant of each table, by oid.
static LAST: LocalRef<BTreeMap<u32, u64>> = LocalRef::new(BTreeMap::new());

pub(super) fn install(rules: Rules) {
    RULES.set(Some(rules));
}

/// The query that is planned now has conditions in index paths of this table that PostgreSQL would have kept out.
pub(super) fn needed(table: Oid) {
    GRANTS.set(GRANTS.get() + 1);
    LAST.with_mut(|last| last.insert(table.to_u32(), GRANTS.get()));
}

/// Before a query is planned: returns what to give back to [`end`]. (Planning one query may plan others.)
pub(super) fn begin() -> u64 {
    GRANTS.get()
}

/// After it was planned.
///
/// # Safety
/// `plan` must be what the planner returned.
#[pgrx::pg_guard]
pub(super) unsafe extern "C-unwind" fn end(plan: *mut pg_sys::PlannedStmt, before: u64) {
    if GRANTS.get() == before || plan.is_null() {
        return;
    }
    let granted: Vec<Oid> = LAST.with(|last| {
        last.iter().filter(|(_, grant)| **grant > before).map(|(table, _)| Oid::from(*table)).collect()
    });
    // SAFETY: by the caller.
    unsafe {
        if early::has_marks(&*plan) {
            pgrx::error!("watertight: another library keeps set_rel_pathlist_hook to itself");
        }
        headroom::mark(&mut *plan);
        let tables = elements::<pg_sys::RangeTblEntry>((*plan).rtable);
        visit((*plan).planTree, &tables, &granted);
        for part in elements::<pg_sys::Plan>((*plan).subplans) {
            visit(part, &tables, &granted);
        }
    }
}

/// # Safety
/// `plan` must be null or a node of a plan over `tables`.
unsafe fn visit(plan: *mut pg_sys::Plan, tables: &[*mut pg_sys::RangeTblEntry], granted: &[Oid]) {
    if plan.is_null() {
        return;
    }
    // SAFETY: by the caller; each cast follows the node's tag.
    unsafe {
        match (*plan).type_ {
            NodeTag::T_BitmapHeapScan => fence(&mut *plan.cast(), tables, granted),
            NodeTag::T_Append => visit_all((*plan.cast::<pg_sys::Append>()).appendplans, tables, granted),
            NodeTag::T_MergeAppend => {
                visit_all((*plan.cast::<pg_sys::MergeAppend>()).mergeplans, tables, granted)
            }
            NodeTag::T_SubqueryScan => visit((*plan.cast::<pg_sys::SubqueryScan>()).subplan, tables, granted),
            NodeTag::T_CustomScan => {
                visit_all((*plan.cast::<pg_sys::CustomScan>()).custom_plans, tables, granted)
            }
            _ => {}
        }
        visit((*plan).lefttree, tables, granted);
        visit((*plan).righttree, tables, granted);
    }
}

/// # Safety
/// `plans` must be null or a list of nodes of a plan over `tables`.
unsafe fn visit_all(plans: *mut pg_sys::List, tables: &[*mut pg_sys::RangeTblEntry], granted: &[Oid]) {
    // SAFETY: by the caller.
    unsafe {
        for plan in elements::<pg_sys::Plan>(plans) {
            visit(plan, tables, granted);
        }
    }
}

/// Puts the predicate, which stands in the filter or among the index's own conditions, before what is checked again.
///
/// # Safety
/// `scan` must be a node of a plan over `tables`.
unsafe fn fence(scan: &mut pg_sys::BitmapHeapScan, tables: &[*mut pg_sys::RangeTblEntry], granted: &[Oid]) {
    let Some(rules) = RULES.get() else { return };
    // SAFETY: the expressions of a scan are lists; what is taken from elsewhere is copied.
    unsafe {
        let table = (scan.scan.scanrelid as usize)
            .checked_sub(1)
            .and_then(|index| tables.get(index))
            .map_or(Oid::INVALID, |entry| (**entry).relid);
        if scan.bitmapqualorig.is_null() || !(rules.concerns)(table) {
            return;
        }
        let column_of = |one: *mut pg_sys::Node| match (rules.fence)(table, Clause::new(one)) {
            Fence::Predicate(column) | Fence::Key(column) => Some(column),
            Fence::No => None,
        };
        let is_fence = |one: &*mut pg_sys::Node| column_of(*one).is_some();
        let (first, rest): (Vec<_>, Vec<_>) =
            elements::<pg_sys::Node>(scan.bitmapqualorig).into_iter().partition(is_fence);
        let mut others: Vec<_> =
            elements::<pg_sys::Node>(scan.scan.plan.qual).into_iter().filter(is_fence).collect();
        for column in (rules.columns)(table) {
            let of_column = |one: &*mut pg_sys::Node| column_of(*one) == Some(column);
            if first.iter().chain(&others).any(of_column) {
                continue;
            }
            match rest.iter().find_map(|one| in_every_arm(*one, &of_column)) {
                Some(found) => others.push(found),
                None if granted.contains(&table) => {
                    pgrx::error!("watertight: a plan has lost its predicate")
                }
                None => {}
            }
        }
        if first.is_empty() && others.is_empty() {
            return;
        }
        // Where an index answers the predicate, it often is the first already.
        let stands_first = || each::<pg_sys::Node>(scan.bitmapqualorig).zip(&first).all(|(a, b)| a == *b);
        if others.is_empty() && stands_first() {
            return;
        }
        let copies = others.into_iter().map(|one| pg_sys::copyObjectImpl(one.cast()).cast::<pg_sys::Node>());
        let mut list = std::ptr::null_mut();
        for one in copies.chain(first).chain(rest) {
            list = pg_sys::lappend(list, one.cast());
        }
        scan.bitmapqualorig = list;
    }
}

/// The fence that each arm of an OR has: PostgreSQL then drops it from the filter.
///
/// # Safety
/// `node` must be a valid expression.
unsafe fn in_every_arm(
    node: *mut pg_sys::Node,
    is_fence: &impl Fn(&*mut pg_sys::Node) -> bool,
) -> Option<*mut pg_sys::Node> {
    // SAFETY: by the caller; each cast follows the node's tag.
    unsafe {
        if (*node).type_ != NodeTag::T_BoolExpr {
            return is_fence(&node).then_some(node);
        }
        let parts = &*node.cast::<pg_sys::BoolExpr>();
        let mut found =
            elements::<pg_sys::Node>(parts.args).into_iter().map(|part| in_every_arm(part, is_fence));
        match parts.boolop {
            pg_sys::BoolExprType::AND_EXPR => found.flatten().next(),
            pg_sys::BoolExprType::OR_EXPR => {
                let first = found.next()??;
                found
                    .all(|other| other.is_some_and(|other| pg_sys::equal(first.cast(), other.cast())))
                    .then_some(first)
            }
            _ => None,
        }
    }
}
