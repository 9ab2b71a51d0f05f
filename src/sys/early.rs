//! Grants made before a table is estimated.
//!
//! When the planner comes to `set_rel_pathlist_hook`, PostgreSQL has estimated the table without statistics and made its
//! paths without the conditions that are granted more. To do both again would take as long as the rest of the planning.
//! But the first estimator that asks for statistics of the table asks us, and by then its conditions are complete: so
//! the grants are made there, the estimators that follow see the statistics, and PostgreSQL makes the index paths itself.
//! What cannot be done this way is done by the hook, as before.

use super::clause::Clause;
use super::index_paths::Granted;
use super::local::LocalRef;
use super::paths::{self, Fence, Rules};
use super::tree::{each, strip};
use super::{estimate, index_paths, recheck};
use pgrx::pg_sys::{self, NodeTag, Oid};
use std::collections::BTreeMap;
use std::ffi::c_void;

/// A table whose grants were made early.
struct Table {
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    /// The conditions when it was done.
    conditions: [Extent; 2],
    granted: Vec<Granted>,
    /// The conditions are marked.
    marked: bool,
}

/// Where a list is, and how long: lists of conditions only grow.
type Extent = (*mut pg_sys::List, i32);

/// By the address of the table's entry in its query. An address is nobody else's as long as the planner's memory is there, and
/// the entry is taken out when the planner is done with the table, or with that memory (see [`forget`]).
static TABLES: LocalRef<BTreeMap<usize, Table>> = LocalRef::new(BTreeMap::new());

/// An estimator asks for statistics of an expression: whether it estimates a condition that may be estimated with them.
///
/// # Safety
/// `root` and `entry` must be the planner's; `expression` is only compared.
#[pgrx::pg_guard]
pub(super) unsafe extern "C-unwind" fn is_shown(
    root: *mut pg_sys::PlannerInfo,
    entry: *mut pg_sys::RangeTblEntry,
    expression: *const pg_sys::Node,
) -> bool {
    // SAFETY: by the caller; what is remembered of this planner is valid as long as it runs.
    unsafe {
        let known = TABLES.with(|tables| tables.get(&entry.addr()).is_some_and(|table| table.root == root));
        if !known && !begin(root, entry) {
            return false;
        }
        TABLES.with_mut(|tables| {
            let Some(table) = tables.get_mut(&entry.addr()) else { return false };
            if (*table.rel).rows != 0.0 {
                return false;
            }
            // The condition that is estimated right now has no estimate yet, and this very node is its argument. (No node is an
            // argument of two calls: constant folding copies all conditions. What is extracted from an OR shares whole calls.)
            let shown = table.granted.iter_mut().find(|one| {
                one.guarded
                    && (*one.condition).norm_selec < 0.0
                    && is_argument((*one.condition).clause, expression)
            });
            shown.map(|one| one.shown = true).is_some()
        })
    }
}

/// The table's grants, if its conditions are still the same, and whether PostgreSQL has made its paths with them. Takes the
/// marks away.
///
/// # Safety
/// All must be the planner's.
pub(super) unsafe fn take(
    root: *mut pg_sys::PlannerInfo,
    rel: &pg_sys::RelOptInfo,
    entry: *mut pg_sys::RangeTblEntry,
) -> Option<(Vec<Granted>, bool)> {
    let table = TABLES.with_mut(|tables| tables.remove(&entry.addr()))?;
    if table.root != root {
        return None;
    }
    // SAFETY: the planner still runs.
    unsafe {
        if table.marked {
            index_paths::unmark(&table.granted);
        }
        (table.conditions == conditions(rel)).then_some((table.granted, table.marked))
    }
}

/// Whether conditions have kept their marks in this plan. They cannot, unless another library has kept the hook from us.
///
/// # Safety
/// `plan` must be what the planner returned.
pub(super) unsafe fn has_marks(plan: &pg_sys::PlannedStmt) -> bool {
    TABLES.with(|tables| {
        tables.values().any(|table| {
            // SAFETY: the planner's memory is there, or the entry would not be; the plan has its range table. (What a planner
            // that failed has left behind has another one, or none.)
            let tables = unsafe { (*(*table.root).glob).finalrtable };
            table.marked && !tables.is_null() && tables == plan.rtable
        })
    })
}

/// Makes the table's grants, unless it is too late: when it has been estimated, its paths follow.
///
/// # Safety
/// `root` and `entry` must be the planner's.
unsafe fn begin(root: *mut pg_sys::PlannerInfo, entry: *mut pg_sys::RangeTblEntry) -> bool {
    // SAFETY: by the caller.
    unsafe {
        let Some(rel) = rel_of(root, entry) else { return false };
        if (*rel).rows != 0.0 || !(*rel).pathlist.is_null() {
            return false;
        }
        let Some(rules) = paths::rules_for(rel, entry) else { return false };
        // What is built now has to last as long as the planner, wherever we are called from.
        let context = pg_sys::CurrentMemoryContext;
        pg_sys::CurrentMemoryContext = (*root).planner_cxt;
        let granted = paths::granted(root, rel, (*entry).relid, rules);
        pg_sys::CurrentMemoryContext = context;
        let Some(granted) = granted else { return false };
        let marked = index_paths::is_made_at_once(&*rel, &granted);
        let table = Table { root, rel, conditions: conditions(&*rel), granted, marked };
        watch(root);
        if marked {
            recheck::needed((*entry).relid);
            index_paths::mark_all(&table.granted);
        }
        TABLES.with_mut(|tables| tables.insert(entry.addr(), table));
        estimate_predicate(root, &*rel, (*entry).relid, rules);
        true
    }
}

/// Estimates the table's predicate: nobody has to start an executor then to find the tenant.
///
/// # Safety
/// `root` and `rel` must be the planner's.
unsafe fn estimate_predicate(
    root: *mut pg_sys::PlannerInfo,
    rel: &pg_sys::RelOptInfo,
    table: Oid,
    rules: Rules,
) {
    // SAFETY: by the caller.
    unsafe {
        for condition in each::<pg_sys::RestrictInfo>(rel.baserestrictinfo) {
            let clause = Clause::new((*condition).clause.cast());
            if (*condition).norm_selec < 0.0
                && matches!((rules.fence)(table, clause), Fence::Predicate(_))
                && let Some((_, _, call)) = clause.compared_column()
                && let Some(value) = (rules.value)(call)
            {
                estimate::with_value(root, condition, call, value);
            }
        }
    }
}

/// # Safety
/// `root` and `entry` must be the planner's.
unsafe fn rel_of(
    root: *mut pg_sys::PlannerInfo,
    entry: *mut pg_sys::RangeTblEntry,
) -> Option<*mut pg_sys::RelOptInfo> {
    // SAFETY: both arrays have an element for each table of the query.
    unsafe {
        let index = (1..(*root).simple_rel_array_size as usize)
            .find(|index| *(*root).simple_rte_array.add(*index) == entry)?;
        let rel = *(*root).simple_rel_array.add(index);
        (!rel.is_null()).then_some(rel)
    }
}

fn conditions(rel: &pg_sys::RelOptInfo) -> [Extent; 2] {
    [rel.baserestrictinfo, rel.joininfo].map(|list| {
        // SAFETY: null, or the planner's list.
        (list, unsafe { list.as_ref() }.map_or(0, |list| list.length))
    })
}

/// Whether a node is one of the two sides of a condition, as `examine_variable` in selfuncs.c looks at them.
///
/// # Safety
/// `clause` must be a valid expression.
unsafe fn is_argument(clause: *mut pg_sys::Expr, expression: *const pg_sys::Node) -> bool {
    // SAFETY: by the caller; each cast follows the node's tag.
    unsafe {
        let arguments = match (*clause).type_ {
            NodeTag::T_OpExpr => (*clause.cast::<pg_sys::OpExpr>()).args,
            NodeTag::T_ScalarArrayOpExpr => (*clause.cast::<pg_sys::ScalarArrayOpExpr>()).args,
            _ => return false,
        };
        each::<pg_sys::Expr>(arguments).any(|argument| std::ptr::addr_eq(strip(argument), expression))
    }
}

/// Has everything forgotten that belongs to this planner before its memory is given back: then other tables may have the same
/// addresses, and the conditions are gone. This also happens after an error.
///
/// # Safety
/// `root` must be the planner's.
unsafe fn watch(root: *mut pg_sys::PlannerInfo) {
    // SAFETY: by the caller. The callback lives as long as the memory it is called for.
    unsafe {
        let context = (*root).planner_cxt;
        let callback = pg_sys::MemoryContextAlloc(context, size_of::<pg_sys::MemoryContextCallback>())
            .cast::<pg_sys::MemoryContextCallback>();
        (*callback).func = Some(forget);
        (*callback).arg = root.cast();
        pg_sys::MemoryContextRegisterResetCallback(context, callback);
    }
}

// Unguarded: it runs while memory is given back. It calls nothing of PostgreSQL, and nobody holds the map meanwhile.
unsafe extern "C-unwind" fn forget(root: *mut c_void) {
    TABLES.with_mut(|tables| tables.retain(|_, table| !std::ptr::addr_eq(table.root, root)));
}
