//! Estimates of conditions by statistics that row security hides from the planner.
//!
//! Beside a security predicate PostgreSQL estimates with a column's statistics only for leakproof functions, because an
//! estimator calls the function with values of all rows (`statistic_proc_security_check` in selfuncs.c). Here the
//! statistics are shown while one condition is estimated that somebody has vouched for, and to nobody else.

use super::clause::Clause;
use super::early;
use super::local::Local;
use super::paths::Value;
use super::tree::each;
use pgrx::pg_sys::{self, Oid};

/// To which planner, and of which table, the statistics are shown. Another one may run meanwhile: an estimator evaluates stable
/// functions, and those plan queries of their own.
type Shown = Option<(*mut pg_sys::PlannerInfo, *mut pg_sys::RelOptInfo)>;

static SHOWN: Local<Shown> = Local::new(None);
static PREVIOUS_RELATION: Local<pg_sys::get_relation_stats_hook_type> = Local::new(None);
static PREVIOUS_INDEX: Local<pg_sys::get_index_stats_hook_type> = Local::new(None);

/// Called once, while the library is loaded.
pub(super) fn install() {
    // SAFETY: while the library is loaded nothing runs that could call the hooks.
    unsafe {
        PREVIOUS_RELATION.set(pg_sys::get_relation_stats_hook);
        pg_sys::get_relation_stats_hook = Some(relation_stats);
        PREVIOUS_INDEX.set(pg_sys::get_index_stats_hook);
        pg_sys::get_index_stats_hook = Some(index_stats);
    }
}

/// Shows the statistics of one table to one planner while `f` runs. What `f` estimates of that table for the first time must
/// be vouched for.
pub(super) fn with_statistics<R>(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    f: impl FnOnce() -> R,
) -> R {
    SHOWN.during(Some((root, rel)), f)
}

/// Estimates one restriction of one table anew; the planner keeps the result with it. True if it is another.
///
/// # Safety
/// `root`, `rel` and `restriction` must be the planner's.
pub(super) unsafe fn restriction(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    restriction: *mut pg_sys::RestrictInfo,
) -> bool {
    // SAFETY: by the caller.
    unsafe {
        let before = (*restriction).norm_selec;
        (*restriction).norm_selec = -1.0;
        let join = pg_sys::JoinType::JOIN_INNER;
        let none = std::ptr::null_mut();
        let now = with_statistics(root, rel, || {
            pg_sys::clause_selectivity(root, restriction.cast(), 0, join, none)
        });
        now != before
    }
}

/// Estimates a condition as PostgreSQL does, with `value` for the `call` on one of its sides, which PostgreSQL would start an
/// executor to evaluate. The planner keeps the result with the condition.
///
/// # Safety
/// `root` and `restriction` must be the planner's, of an operator with the call, which returns the value.
pub(super) unsafe fn with_value(
    root: *mut pg_sys::PlannerInfo,
    restriction: *mut pg_sys::RestrictInfo,
    call: Clause,
    value: Value,
) {
    // SAFETY: by the caller; the call is put back. (After an error the whole plan is thrown away.)
    unsafe {
        let sides = (*(*restriction).clause.cast::<pg_sys::OpExpr>()).args;
        let Some(place) = (0..(*sides).length as usize)
            .map(|number| &mut (*(*sides).elements.add(number)).ptr_value)
            .find(|side| call.is(side.cast()))
        else {
            return;
        };
        let before = *place;
        let (mut length, mut by_value) = (0, false);
        pg_sys::get_typlenbyval(value.kind, &mut length, &mut by_value);
        let collation = pg_sys::exprCollation(before.cast());
        *place =
            pg_sys::makeConst(value.kind, -1, collation, length.into(), value.datum, false, by_value).cast();
        let join = pg_sys::JoinType::JOIN_INNER;
        pg_sys::clause_selectivity(root, restriction.cast(), 0, join, std::ptr::null_mut());
        *place = before;
    }
}

/// Whether the condition's estimator asks if the function is leakproof. Those that look at values of its type in their own way
/// (words, elements) do not, and have used the statistics the first time.
///
/// # Safety
/// The restriction must be valid.
pub(super) unsafe fn is_guarded(restriction: *mut pg_sys::RestrictInfo) -> bool {
    // tsmatchsel, arraycontsel; contsel, areasel, positionsel have no statistics (pg_proc.dat).
    const OWN_WAY: [u32; 5] = [3686, 3817, 1302, 139, 1300];
    // SAFETY: by the caller; a syscache look-up.
    unsafe {
        Clause::new((*restriction).clause.cast())
            .operator()
            .is_none_or(|operator| !OWN_WAY.contains(&pg_sys::get_oprrest(operator).to_u32()))
    }
}

/// Computes the number of rows of a table anew, and makes those of its parents fit.
///
/// # Safety
/// `root` and `rel` must be the planner's; the parts of the table's restrictions have been estimated.
pub(super) unsafe fn table(root: *mut pg_sys::PlannerInfo, rel: *mut pg_sys::RelOptInfo) {
    // SAFETY: by the caller; the arrays have an entry for each table of the query.
    unsafe {
        for one in each::<pg_sys::RestrictInfo>((*rel).baserestrictinfo) {
            if !(*one).orclause.is_null() {
                (*one).norm_selec = -1.0; // from its parts
            }
        }
        let before = (*rel).rows;
        // As `set_baserel_size_estimates` does; width and cost of the conditions are what they were.
        let join = pg_sys::JoinType::JOIN_INNER;
        let part =
            pg_sys::clauselist_selectivity(root, (*rel).baserestrictinfo, 0, join, std::ptr::null_mut());
        (*rel).rows = pg_sys::clamp_row_est((*rel).tuples * part);
        let difference = (*rel).rows - before;
        let mut child = (*rel).relid as usize;
        while !(*root).append_rel_array.is_null() && !(*(*root).append_rel_array.add(child)).is_null() {
            child = (**(*root).append_rel_array.add(child)).parent_relid as usize;
            let parent = *(*root).simple_rel_array.add(child);
            if !parent.is_null() {
                (*parent).rows = ((*parent).rows + difference).max(1.0);
            }
        }
    }
}

// Two halves, as in `hooks`.
unsafe extern "C-unwind" fn relation_stats(
    root: *mut pg_sys::PlannerInfo,
    entry: *mut pg_sys::RangeTblEntry,
    column: pg_sys::AttrNumber,
    variable: *mut pg_sys::VariableStatData,
) -> bool {
    // SAFETY: PostgreSQL passes valid nodes; passes on what we were given.
    unsafe {
        if SHOWN.get().is_some_and(|(shown, rel)| shown == root && entry_of(root, rel) == entry) {
            show((*entry).relid, column, (*entry).inh, variable);
            return true;
        }
        if (*root).qual_security_level > 0 && early::is_shown(root, entry, (*variable).var) {
            show((*entry).relid, column, (*entry).inh, variable);
            return true;
        }
        PREVIOUS_RELATION.get().is_some_and(|previous| previous(root, entry, column, variable))
    }
}

unsafe extern "C-unwind" fn index_stats(
    root: *mut pg_sys::PlannerInfo,
    index: Oid,
    column: pg_sys::AttrNumber,
    variable: *mut pg_sys::VariableStatData,
) -> bool {
    // SAFETY: as above.
    unsafe {
        if SHOWN.get().is_some_and(|(shown, rel)| shown == root && has_index(rel, index)) {
            show(index, column, false, variable);
            return true;
        }
        if (*root).qual_security_level > 0 && is_shown_early(root, index, variable) {
            show(index, column, false, variable);
            return true;
        }
        PREVIOUS_INDEX.get().is_some_and(|previous| previous(root, index, column, variable))
    }
}

/// The same for an expression that an index is made of.
///
/// # Safety
/// `root` must be the planner's. (What is asked for an index that is costed has no table: then any address may stand there.)
unsafe fn is_shown_early(
    root: *mut pg_sys::PlannerInfo,
    index: Oid,
    variable: *const pg_sys::VariableStatData,
) -> bool {
    // SAFETY: by the caller; the array has an element for each table of the query, and only such are looked into.
    unsafe {
        let rel = (*variable).rel;
        let tables = (*root).simple_rel_array_size as usize;
        !rel.is_null()
            && (1..tables).any(|table| *(*root).simple_rel_array.add(table) == rel)
            && has_index(rel, index)
            && early::is_shown(root, entry_of(root, rel), (*variable).var)
    }
}

/// # Safety
/// Both must be the planner's.
unsafe fn entry_of(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
) -> *mut pg_sys::RangeTblEntry {
    // SAFETY: by the caller; the array has an entry for each table of the query.
    unsafe { *(*root).simple_rte_array.add((*rel).relid as usize) }
}

/// # Safety
/// `rel` must be the planner's.
unsafe fn has_index(rel: *mut pg_sys::RelOptInfo, index: Oid) -> bool {
    // SAFETY: by the caller.
    unsafe { each::<pg_sys::IndexOptInfo>((*rel).indexlist).any(|one| (*one).indexoid == index) }
}

unsafe extern "C-unwind" {
    // PostgreSQL itself calls it.
    fn ReleaseSysCache(tuple: pg_sys::HeapTuple);
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn show(
    relation: Oid,
    column: pg_sys::AttrNumber,
    inherited: bool,
    variable: *mut pg_sys::VariableStatData,
) {
    // SAFETY: by the caller; PostgreSQL releases the tuple, once.
    unsafe {
        (*variable).statsTuple = pg_sys::SearchSysCache3(
            pg_sys::SysCacheIdentifier::STATRELATTINH as i32,
            pg_sys::Datum::from(relation),
            pg_sys::Datum::from(column),
            pg_sys::Datum::from(inherited),
        );
        (*variable).freefunc = Some(ReleaseSysCache);
        (*variable).acl_ok = true;
    }
}
