//! Estimates of conditions by statistics that row security hides from the planner.
//!
//! Beside a security predicate PostgreSQL estimates with a column's statistics only for leakproof functions, because an
//! estimator calls the function with values of all rows (`statistic_proc_security_check` in selfuncs.c). Here the
//! statistics are shown while one condition is estimated that somebody has vouched for, and to nobody else.

use super::clause::Clause;
use super::local::Local;
use super::tree::elements;
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
    struct Restore(Shown);
    impl Drop for Restore {
        fn drop(&mut self) {
            SHOWN.set(self.0);
        }
    }
    let _restore = Restore(SHOWN.get());
    SHOWN.set(Some((root, rel)));
    f()
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
        if !is_guarded(restriction) {
            return false;
        }
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

/// Whether the condition's estimator asks if the function is leakproof. Those that look at values of its type in their own way
/// (words, elements) do not, and have used the statistics the first time.
///
/// # Safety
/// The restriction must be valid.
unsafe fn is_guarded(restriction: *mut pg_sys::RestrictInfo) -> bool {
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
        for one in elements::<pg_sys::RestrictInfo>((*rel).baserestrictinfo) {
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
        PREVIOUS_INDEX.get().is_some_and(|previous| previous(root, index, column, variable))
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
    unsafe {
        elements::<pg_sys::IndexOptInfo>((*rel).indexlist).into_iter().any(|one| (*one).indexoid == index)
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn show(
    relation: Oid,
    column: pg_sys::AttrNumber,
    inherited: bool,
    variable: *mut pg_sys::VariableStatData,
) {
    unsafe extern "C-unwind" fn release(tuple: pg_sys::HeapTuple) {
        // SAFETY: PostgreSQL releases the tuple it was given, once.
        unsafe { pg_sys::ReleaseSysCache(tuple) }
    }
    // SAFETY: by the caller; the tuple is released by `release`.
    unsafe {
        (*variable).statsTuple = pg_sys::SearchSysCache3(
            pg_sys::SysCacheIdentifier::STATRELATTINH as i32,
            pg_sys::Datum::from(relation),
            pg_sys::Datum::from(column),
            pg_sys::Datum::from(inherited),
        );
        (*variable).freefunc = Some(release);
        (*variable).acl_ok = true;
    }
}
