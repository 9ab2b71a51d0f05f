//! The paths of one table, made anew with the conditions that were granted more than PostgreSQL grants them.

use super::clause::Clause;
use super::estimate;
use super::paths::{Grant, Indexes, Place, Rules};
use super::tree::{each, elements};
use pgrx::pg_sys::{self, NodeTag};

/// A condition that was granted something.
pub(super) struct Granted {
    pub(super) condition: *mut pg_sys::RestrictInfo,
    pub(super) grant: Grant,
    /// Only columns of this table come into it.
    pub(super) alone: bool,
    /// It may be estimated with the statistics, and its estimate is another without.
    pub(super) guarded: bool,
    /// It was estimated with the statistics.
    pub(super) shown: bool,
}

/// What is granted to the blocked conditions of a table. `readable`: by the role that reads it; estimates tell about rows, too.
///
/// # Safety
/// `rel` must be the planner's.
pub(super) unsafe fn granted(
    rel: &pg_sys::RelOptInfo,
    blocked: Vec<*mut pg_sys::RestrictInfo>,
    rules: Rules,
    readable: impl Fn() -> bool,
) -> Vec<Granted> {
    // SAFETY: by the caller.
    unsafe {
        let indexes = Indexes::of(rel);
        blocked
            .into_iter()
            .filter_map(|condition| {
                let grant = (rules.grant)(Clause::new((*condition).clause.cast()), indexes)?;
                let grant = Grant { estimate: grant.estimate && readable(), ..grant };
                let alone = is_restriction(rel, condition);
                let guarded = grant.estimate && alone && estimate::is_guarded(condition);
                Some(Granted { condition, grant, alone, guarded, shown: false })
            })
            .collect()
    }
}

/// Whether PostgreSQL makes all paths that the grants allow at once, if all conditions are marked while it makes its own. Those
/// of joins are not marked as long, because other tables have them as well.
///
/// # Safety
/// `rel` must be the planner's.
pub(super) unsafe fn is_made_at_once(rel: &pg_sys::RelOptInfo, granted: &[Granted]) -> bool {
    !granted.is_empty()
        && granted.iter().all(|one| one.alone)
        && (granted.iter().all(|one| one.grant.place == Place::Anywhere)
            // SAFETY: by the caller.
            || unsafe { with_plain_scans(rel) }.is_empty())
}

/// Marks all conditions; [`unmark`] takes the marks away.
///
/// # Safety
/// The conditions must be valid.
pub(super) unsafe fn mark_all(granted: &[Granted]) {
    // SAFETY: by the caller.
    granted.iter().for_each(|one| unsafe { (*one.condition).leakproof = true });
}

/// # Safety
/// The conditions must be valid.
pub(super) unsafe fn unmark(granted: &[Granted]) {
    // SAFETY: by the caller. What is granted something was not leakproof.
    granted.iter().for_each(|one| unsafe { (*one.condition).leakproof = false });
}

/// Adds the index paths that the grants allow, and takes those away whose order is computed on rows of everybody. `made`:
/// PostgreSQL made its own with all of them.
///
/// # Safety
/// `root` and `rel` must be the planner's, of a plain table whose paths PostgreSQL has made.
pub(super) unsafe fn make(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    rules: Rules,
    granted: &[Granted],
    made: bool,
) {
    // SAFETY: by the caller.
    unsafe {
        let mut anew = forbid_orders(rel, rules);
        for one in granted.iter().filter(|one| one.guarded && !one.shown) {
            anew |= estimate::restriction(root, rel, one.condition);
        }
        if anew {
            start_anew(root, rel);
        }
        if anew || !granted.is_empty() && !made {
            add_index_paths(root, rel, rules, granted, anew);
        }
        // What is granted may have brought more of them.
        if !granted.is_empty() && forbid_orders(rel, rules) {
            start_anew(root, rel);
            add_index_paths(root, rel, rules, granted, true);
        }
    }
}

/// `all`: also those that need no grant.
///
/// # Safety
/// As for `make`. The marks are taken away before anybody else sees them; after an error the whole plan is thrown away.
unsafe fn add_index_paths(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    rules: Rules,
    granted: &[Granted],
    all: bool,
) {
    // SAFETY: by the caller.
    unsafe {
        let with_statistics = may_show_statistics(&*rel, rules, granted);
        let create = || pg_sys::create_index_paths(root, rel);
        let create = || if with_statistics { estimate::with_statistics(root, rel, create) } else { create() };
        let fenced = granted.iter().filter(|one| one.grant.place == Place::Fenced).count();
        for one in granted.iter().filter(|one| one.grant.place == Place::Anywhere) {
            (*one.condition).leakproof = true;
        }
        if all || fenced < granted.len() {
            create();
        }
        if fenced > 0 {
            mark_all(granted);
            let others = with_plain_scans(&*rel);
            others.iter().for_each(|index| (**index).amhasgettuple = false);
            create();
            others.iter().for_each(|index| (**index).amhasgettuple = true);
        }
        unmark(granted);
    }
}

/// Whether the statistics may be shown while paths are made, so that joins into this table are estimated with them: every
/// condition that is estimated for the first time then may be, leakproof ones too (their operators may have estimators that
/// call others), and there is no predicate of an index beside.
///
/// # Safety
/// `rel` must be the planner's.
unsafe fn may_show_statistics(rel: &pg_sys::RelOptInfo, rules: Rules, granted: &[Granted]) -> bool {
    // SAFETY: lists of the planner.
    unsafe {
        let indexes = Indexes::of(rel);
        let may = |one: &*mut pg_sys::RestrictInfo| {
            (**one).norm_selec >= 0.0
                || (rules.grant)(Clause::new((**one).clause.cast()), indexes)
                    .is_some_and(|grant| grant.estimate)
        };
        let mut all = Vec::new();
        for list in [rel.baserestrictinfo, rel.joininfo] {
            for one in each::<pg_sys::Node>(list) {
                collect(one, |_| true, &mut all);
            }
        }
        granted.iter().any(|one| one.grant.estimate && !one.alone)
            && all.iter().all(may)
            && each::<pg_sys::IndexOptInfo>(rel.indexlist).all(|index| (*index).indpred.is_null())
    }
}

/// The conditions that PostgreSQL does not give to an index; of an OR its parts.
///
/// # Safety
/// `rel` must be the planner's.
pub(super) unsafe fn blocked(rel: &pg_sys::RelOptInfo) -> Vec<*mut pg_sys::RestrictInfo> {
    let mut found = Vec::new();
    // SAFETY: lists of restrictions.
    unsafe {
        for list in [rel.baserestrictinfo, rel.joininfo] {
            for restriction in each::<pg_sys::RestrictInfo>(list) {
                if (*restriction).security_level > rel.baserestrict_min_security {
                    collect(restriction.cast(), |one| !one.leakproof && !one.pseudoconstant, &mut found);
                }
            }
        }
    }
    found
}

/// # Safety
/// `node` must be a restriction, or a part of one's OR clause.
unsafe fn collect(
    node: *mut pg_sys::Node,
    wanted: fn(&pg_sys::RestrictInfo) -> bool,
    found: &mut Vec<*mut pg_sys::RestrictInfo>,
) {
    // SAFETY: by the caller; an OR clause is made of restrictions, and of ANDs of them.
    unsafe {
        if (*node).type_ == NodeTag::T_BoolExpr {
            for part in each::<pg_sys::Node>((*node.cast::<pg_sys::BoolExpr>()).args) {
                collect(part, wanted, found);
            }
        } else if (*node).type_ == NodeTag::T_RestrictInfo {
            let restriction = node.cast::<pg_sys::RestrictInfo>();
            if !(*restriction).orclause.is_null() {
                collect((*restriction).orclause.cast(), wanted, found);
            }
            if wanted(&*restriction) {
                found.push(restriction);
            }
        }
    }
}

/// Whether only columns of this table come into the condition.
///
/// # Safety
/// Both must be the planner's.
unsafe fn is_restriction(rel: &pg_sys::RelOptInfo, restriction: *mut pg_sys::RestrictInfo) -> bool {
    // SAFETY: by the caller.
    unsafe { pg_sys::bms_is_subset((*restriction).clause_relids, rel.relids) }
}

/// The paths of a plain table as `set_plain_rel_pathlist` in allpaths.c makes them, but for the indexes', with the number
/// of rows as it is estimated now.
///
/// # Safety
/// `root` and `rel` must be the planner's, of a plain table.
unsafe fn start_anew(root: *mut pg_sys::PlannerInfo, rel: *mut pg_sys::RelOptInfo) {
    // SAFETY: by the caller. Nobody else has seen the paths that are dropped.
    unsafe {
        estimate::table(root, rel);
        (*rel).pathlist = std::ptr::null_mut();
        (*rel).partial_pathlist = std::ptr::null_mut();
        (*rel).ppilist = std::ptr::null_mut();
        let outer = (*rel).lateral_relids;
        pg_sys::add_path(rel, pg_sys::create_seqscan_path(root, rel, outer, 0));
        if (*rel).consider_parallel && outer.is_null() {
            let workers = pg_sys::compute_parallel_worker(
                rel,
                f64::from((*rel).pages),
                -1.0,
                pg_sys::max_parallel_workers_per_gather,
            );
            if workers > 0 {
                let path = pg_sys::create_seqscan_path(root, rel, std::ptr::null_mut(), workers);
                pg_sys::add_partial_path(rel, path);
            }
        }
        pg_sys::create_tidscan_paths(root, rel);
    }
}

/// The indexes that have plain scans, but for B-trees.
///
/// # Safety
/// `rel` must be the planner's.
unsafe fn with_plain_scans(rel: &pg_sys::RelOptInfo) -> Vec<*mut pg_sys::IndexOptInfo> {
    // SAFETY: the table's indexes.
    unsafe {
        let mut indexes = elements::<pg_sys::IndexOptInfo>(rel.indexlist);
        indexes.retain(|index| (**index).amhasgettuple && (**index).relam != pg_sys::BTREE_AM_OID);
        indexes
    }
}

/// Where there is a path that takes its order from an index by an expression that is not for every row, forbids the table's
/// indexes such orders, and says so: PostgreSQL may evaluate the expression on rows before the predicate
/// (`EvalOrderByExpressions` in nodeIndexscan.c). All of a table's paths with an order have the query's.
///
/// # Safety
/// `rel` must be the planner's.
unsafe fn forbid_orders(rel: *mut pg_sys::RelOptInfo, rules: Rules) -> bool {
    // SAFETY: lists of paths, with lists of expressions; indexes of the table.
    unsafe {
        let indexes = Indexes::of(&*rel);
        let forbidden = [(*rel).pathlist, (*rel).partial_pathlist].into_iter().any(|paths| {
            each::<pg_sys::Path>(paths)
                .filter(|path| (**path).type_ == NodeTag::T_IndexPath)
                .flat_map(|path| each::<pg_sys::Node>((*path.cast::<pg_sys::IndexPath>()).indexorderbys))
                .any(|expression| !(rules.orders)(Clause::new(expression), indexes))
        });
        if forbidden {
            for index in each::<pg_sys::IndexOptInfo>((*rel).indexlist) {
                (*index).amcanorderbyop = false;
            }
        }
        forbidden
    }
}
