//! More index paths for a table under row security than PostgreSQL itself makes.
//!
//! PostgreSQL gives a condition to an index, beside a security predicate, only if all its functions are leakproof
//! (`restriction_is_securely_promotable` in restrictinfo.c). Here somebody else may say so of a condition, and the
//! planner is asked again for the paths of that one table. The mark is taken away afterwards, so wherever else the
//! condition stands, in a filter or a join, it keeps its place behind the predicate.

use super::clause::Clause;
use super::local::Local;
use super::recheck;
use super::tree::elements;
use super::{estimate, headroom};
use pgrx::pg_sys::{self, NodeTag, Oid};

/// Where a condition may be evaluated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// By an index, and on any row.
    Anywhere,
    /// By an index, and on rows only after the predicate: in bitmap scans, whose rechecks begin with the predicate (see
    /// [`recheck`]), and in B-trees, which need none.
    Fenced,
}

/// What a condition is to the table's security predicate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fence {
    /// The predicate itself.
    Predicate,
    /// A leakproof comparison of the predicate's column with another value: the predicate where the planner knows both
    /// values to be equal.
    Key,
    /// Something else.
    No,
}

/// What decides. `families` are the operator families of the table's indexes.
#[derive(Clone, Copy)]
pub struct Rules {
    /// Whether the table is one of those this is about.
    pub concerns: fn(table: Oid) -> bool,
    /// What the condition is to the table's security predicate. What is not `No` comes first in rechecks.
    pub fence: fn(table: Oid, condition: Clause) -> Fence,
    /// Whether the expression is the value that the predicate compares with.
    pub is_value: fn(expression: Clause) -> bool,
    /// Where a condition may be evaluated; `None`: only behind the predicate.
    pub place: fn(condition: Clause, families: &[Oid]) -> Option<Place>,
    /// Whether the condition may be estimated with statistics of all rows.
    pub estimates: fn(condition: Clause, families: &[Oid]) -> bool,
    /// Whether an expression an index orders by may be evaluated on any row.
    pub orders: fn(expression: Clause, families: &[Oid]) -> bool,
}

static RULES: Local<Option<Rules>> = Local::new(None);
static PREVIOUS: Local<pg_sys::set_rel_pathlist_hook_type> = Local::new(None);

/// Called once, while the library is loaded.
pub fn install(rules: Rules) {
    RULES.set(Some(rules));
    estimate::install();
    recheck::install(rules.concerns, rules.fence);
    // SAFETY: while the library is loaded nothing runs that could call the hook.
    unsafe {
        PREVIOUS.set(pg_sys::set_rel_pathlist_hook);
        pg_sys::set_rel_pathlist_hook = Some(set_rel_pathlist);
    }
}

// Two halves, as in `hooks`.
unsafe extern "C-unwind" fn set_rel_pathlist(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    index: pg_sys::Index,
    entry: *mut pg_sys::RangeTblEntry,
) {
    // SAFETY: PostgreSQL passes valid nodes; passes on what we were given.
    unsafe {
        // Conditions of the query have a level above 0 only where there are security predicates.
        if (*root).qual_security_level > 0 {
            add_paths(root, rel, entry);
        }
        // After us, because PostgreSQL's own paths are made anew.
        if let Some(previous) = PREVIOUS.get() {
            previous(root, rel, index, entry);
        }
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn add_paths(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    entry: *mut pg_sys::RangeTblEntry,
) {
    let Some(rules) = RULES.get() else { return };
    // SAFETY: valid nodes of the planner, by the caller.
    unsafe {
        let (entry, table) = (&*entry, (*entry).relid);
        if entry.rtekind != pg_sys::RTEKind::RTE_RELATION
            || entry.relkind as u8 != pg_sys::RELKIND_RELATION
            || entry.inh
            || !entry.tablesample.is_null()
            || (*rel).indexlist.is_null()
            || pg_sys::is_dummy_rel(rel)
            || !(rules.concerns)(table)
        {
            return;
        }
        if is_fenced(root, rel, table, rules) && headroom::is_enough() {
            add_index_paths(root, rel, rules);
        }
        remove_orderings(rel, rules);
    }
}

/// Whether the table's own predicate is all that stands before the query's conditions. Where other predicates do, other
/// policies or a security-barrier view, they keep PostgreSQL's protection as it is.
///
/// # Safety
/// `root` and `rel` must be the planner's.
unsafe fn is_fenced(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    table: Oid,
    rules: Rules,
) -> bool {
    // SAFETY: nodes and lists of the planner.
    unsafe {
        let (rel, table) = parent(root, rel).unwrap_or((rel, table));
        let mut fenced = false;
        for restriction in elements::<pg_sys::RestrictInfo>((*rel).baserestrictinfo) {
            let restriction = &*restriction;
            // WHERE CURRENT OF is answered in one way only.
            if (*restriction.clause).type_ == NodeTag::T_CurrentOfExpr {
                return false;
            }
            match (rules.fence)(table, Clause::new(restriction.clause.cast())) {
                Fence::Predicate => fenced = true,
                Fence::Key if equals_value(restriction, rules) => fenced = true,
                // Evaluated once, before the scan.
                _ if restriction.pseudoconstant => {}
                _ if restriction.security_level < (*root).qual_security_level => return false,
                _ => {}
            }
        }
        fenced
    }
}

/// The table that a partition or an inheritance child is read for: its conditions are the originals, with what the
/// planner knows of them.
///
/// # Safety
/// `root` and `rel` must be the planner's.
unsafe fn parent(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
) -> Option<(*mut pg_sys::RelOptInfo, Oid)> {
    // SAFETY: the arrays have an entry for each table of the query.
    unsafe {
        if (*rel).top_parent_relids.is_null() {
            return None;
        }
        let index = usize::try_from(pg_sys::bms_next_member((*rel).top_parent_relids, -1)).ok()?;
        let (rel, entry) = (*(*root).simple_rel_array.add(index), *(*root).simple_rte_array.add(index));
        ((*entry).rtekind == pg_sys::RTEKind::RTE_RELATION).then(|| (rel, (*entry).relid))
    }
}

/// Whether the planner derived the condition from the predicate and from another that says the same of another value:
/// `column = $1` from `column = value() AND column = $1`; then it also checks `value() = $1`, before the scan.
///
/// # Safety
/// The restriction must be the planner's.
unsafe fn equals_value(restriction: &pg_sys::RestrictInfo, rules: Rules) -> bool {
    // SAFETY: the class's members are a list of such.
    unsafe {
        [restriction.parent_ec, restriction.left_ec].into_iter().filter(|class| !class.is_null()).any(
            |class| {
                elements::<pg_sys::EquivalenceMember>((*class).ec_members)
                    .into_iter()
                    .any(|member| (rules.is_value)(Clause::new((*member).em_expr.cast())))
            },
        )
    }
}

/// # Safety
/// `root` and `rel` must be the planner's.
unsafe fn add_index_paths(root: *mut pg_sys::PlannerInfo, rel: *mut pg_sys::RelOptInfo, rules: Rules) {
    // SAFETY: by the caller. The marks are taken away before anybody else sees them; after an error the whole plan is
    // thrown away.
    unsafe {
        let families = families(&*rel);
        let (mut anywhere, mut fenced) = (Vec::new(), Vec::new());
        for restriction in blocked(&*rel) {
            match (rules.place)(Clause::new((*restriction).clause.cast()), &families) {
                Some(Place::Anywhere) => anywhere.push(restriction),
                Some(Place::Fenced) => fenced.push(restriction),
                None => {}
            }
        }
        if anywhere.is_empty() && fenced.is_empty() {
            return;
        }
        let estimates = |one: &*mut pg_sys::RestrictInfo| {
            (rules.estimates)(Clause::new((**one).clause.cast()), &families)
        };
        for one in anywhere.iter().chain(&fenced).filter(|one| is_restriction(&*rel, one) && estimates(one)) {
            estimate::restriction(root, *one);
        }
        start_anew(root, rel);
        let with_statistics = blocked(&*rel).iter().all(|one| (**one).norm_selec >= 0.0 || estimates(one))
            && !has_partial_indexes(&*rel);
        let make = || pg_sys::create_index_paths(root, rel);
        let make = || if with_statistics { estimate::with_statistics(make) } else { make() };
        mark(&anywhere, true);
        make();
        if !fenced.is_empty() {
            mark(&fenced, true);
            let others = without_plain_scans(rel);
            make();
            others.into_iter().for_each(|index| (*index).amhasgettuple = true);
        }
        mark(&anywhere, false);
        mark(&fenced, false);
        recheck::needed();
    }
}

/// The operator families of the table's indexes.
///
/// # Safety
/// `rel` must be the planner's.
unsafe fn families(rel: &pg_sys::RelOptInfo) -> Vec<Oid> {
    // SAFETY: an index has a family for each key column.
    unsafe {
        elements::<pg_sys::IndexOptInfo>(rel.indexlist)
            .into_iter()
            .flat_map(|index| {
                (0..(*index).nkeycolumns as usize).map(move |column| *(*index).opfamily.add(column))
            })
            .collect()
    }
}

/// The conditions that PostgreSQL does not give to an index; of an OR its parts.
///
/// # Safety
/// `rel` must be the planner's.
unsafe fn blocked(rel: &pg_sys::RelOptInfo) -> Vec<*mut pg_sys::RestrictInfo> {
    let mut found = Vec::new();
    // SAFETY: lists of restrictions.
    unsafe {
        for list in [rel.baserestrictinfo, rel.joininfo] {
            for restriction in elements::<pg_sys::RestrictInfo>(list) {
                if (*restriction).security_level > rel.baserestrict_min_security {
                    collect(restriction.cast(), &mut found);
                }
            }
        }
    }
    found
}

/// # Safety
/// `node` must be a restriction, or a part of one's OR clause.
unsafe fn collect(node: *mut pg_sys::Node, found: &mut Vec<*mut pg_sys::RestrictInfo>) {
    // SAFETY: by the caller; an OR clause is made of restrictions, and of ANDs of them.
    unsafe {
        if (*node).type_ == NodeTag::T_BoolExpr {
            for part in elements::<pg_sys::Node>((*node.cast::<pg_sys::BoolExpr>()).args) {
                collect(part, found);
            }
        } else if (*node).type_ == NodeTag::T_RestrictInfo {
            let restriction = node.cast::<pg_sys::RestrictInfo>();
            if !(*restriction).orclause.is_null() {
                collect((*restriction).orclause.cast(), found);
            }
            if !(*restriction).leakproof && !(*restriction).pseudoconstant {
                found.push(restriction);
            }
        }
    }
}

/// # Safety
/// The restrictions must be valid.
unsafe fn mark(restrictions: &[*mut pg_sys::RestrictInfo], leakproof: bool) {
    for restriction in restrictions {
        // SAFETY: by the caller.
        unsafe { (**restriction).leakproof = leakproof };
    }
}

/// Whether only columns of this table come into the condition.
///
/// # Safety
/// Both must be the planner's.
unsafe fn is_restriction(rel: &pg_sys::RelOptInfo, restriction: &*mut pg_sys::RestrictInfo) -> bool {
    // SAFETY: by the caller.
    unsafe { pg_sys::bms_is_subset((**restriction).clause_relids, rel.relids) }
}

/// # Safety
/// `rel` must be the planner's.
unsafe fn has_partial_indexes(rel: &pg_sys::RelOptInfo) -> bool {
    // SAFETY: the table's indexes.
    unsafe {
        elements::<pg_sys::IndexOptInfo>(rel.indexlist).iter().any(|index| !(**index).indpred.is_null())
    }
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

/// Takes plain scans away from all indexes but B-trees, and returns those that had them.
///
/// # Safety
/// `rel` must be the planner's.
unsafe fn without_plain_scans(rel: *mut pg_sys::RelOptInfo) -> Vec<*mut pg_sys::IndexOptInfo> {
    // SAFETY: the table's indexes.
    unsafe {
        let mut indexes = elements::<pg_sys::IndexOptInfo>((*rel).indexlist);
        indexes.retain(|index| (**index).amhasgettuple && (**index).relam != pg_sys::BTREE_AM_OID);
        indexes.iter().for_each(|index| (**index).amhasgettuple = false);
        indexes
    }
}

/// Removes paths that take their order from an index by an expression that is not for every row: it may be evaluated
/// on rows before the predicate (`EvalOrderByExpressions` in nodeIndexscan.c).
///
/// # Safety
/// `rel` must be the planner's.
unsafe fn remove_orderings(rel: *mut pg_sys::RelOptInfo, rules: Rules) {
    // SAFETY: lists of paths; the lists are the table's own.
    unsafe {
        let families = families(&*rel);
        for list in [&raw mut (*rel).pathlist, &raw mut (*rel).partial_pathlist] {
            for path in elements::<pg_sys::Path>(*list) {
                if (*path).type_ != NodeTag::T_IndexPath {
                    continue;
                }
                let expressions = elements::<pg_sys::Node>((*path.cast::<pg_sys::IndexPath>()).indexorderbys);
                if !expressions.into_iter().all(|one| (rules.orders)(Clause::new(one), &families)) {
                    *list = pg_sys::list_delete_ptr(*list, path.cast());
                }
            }
        }
    }
}
