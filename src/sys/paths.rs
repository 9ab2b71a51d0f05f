//! More index paths for a table under row security than PostgreSQL itself makes.
//!
//! PostgreSQL gives a condition to an index, beside a security predicate, only if all its functions are leakproof
//! (`restriction_is_securely_promotable` in restrictinfo.c). Here somebody else may say so of a condition, and the
//! planner is asked again for the paths of that one table. The mark is taken away afterwards, so wherever else the
//! condition stands, in a filter or a join, it keeps its place behind the predicate.

use super::clause::Clause;
use super::index_paths::Granted;
use super::local::Local;
use super::tree::each;
use super::{early, estimate, headroom, index_paths, recheck};
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

/// What a condition may before the predicate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grant {
    /// Where it may be evaluated.
    pub place: Place,
    /// It may be estimated with statistics of all rows.
    pub estimate: bool,
}

/// The indexes of the table.
#[derive(Clone, Copy)]
pub struct Indexes(*mut pg_sys::List);

impl Indexes {
    /// # Safety
    /// `rel` must be the planner's, and outlive the value.
    pub(super) const unsafe fn of(rel: &pg_sys::RelOptInfo) -> Self {
        Indexes(rel.indexlist)
    }

    /// Whether one of them is of this operator family.
    pub fn any_of_family(self, family: Oid) -> bool {
        // SAFETY: the planner's list of indexes; each has a family for each key column.
        unsafe {
            each::<pg_sys::IndexOptInfo>(self.0).any(|index| {
                (0..(*index).nkeycolumns as usize).any(|column| *(*index).opfamily.add(column) == family)
            })
        }
    }
}

/// What a condition is to the table's security predicate, which is one comparison for each of its columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fence {
    /// The predicate itself, of this column.
    Predicate(i16),
    /// A leakproof comparison of this column with another value: the predicate where the planner knows both values to be
    /// equal.
    Key(i16),
    /// Something else.
    No,
}

/// A value that is not NULL.
#[derive(Clone, Copy)]
pub struct Value {
    /// The value.
    pub datum: pg_sys::Datum,
    /// Its type.
    pub kind: Oid,
}

/// What decides.
#[derive(Clone, Copy)]
pub struct Rules {
    /// Whether the table is one of those this is about.
    pub concerns: fn(table: Oid) -> bool,
    /// What the condition is to the table's security predicate. What is not `No` comes first in rechecks.
    pub fence: fn(table: Oid, condition: Clause) -> Fence,
    /// The columns of the table's security predicate.
    pub columns: fn(table: Oid) -> Vec<i16>,
    /// Whether the expression is the value that the predicate compares the column with.
    pub is_value: fn(table: Oid, column: i16, expression: Clause) -> bool,
    /// What such an expression returns in this statement; raises where it would. `None` for NULL, or if nobody knows beforehand.
    pub value: fn(expression: Clause) -> Option<Value>,
    /// What a condition may; `None`: nothing before the predicate.
    pub grant: fn(condition: Clause, indexes: Indexes) -> Option<Grant>,
    /// Whether an expression an index orders by may be evaluated on any row.
    pub orders: fn(expression: Clause, indexes: Indexes) -> bool,
}

static RULES: Local<Option<Rules>> = Local::new(None);
static PREVIOUS: Local<pg_sys::set_rel_pathlist_hook_type> = Local::new(None);

/// Called once, while the library is loaded.
pub fn install(rules: Rules) {
    RULES.set(Some(rules));
    estimate::install();
    recheck::install(rules);
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
    // SAFETY: valid nodes of the planner, by the caller.
    unsafe {
        // Before anything else: it takes marks away.
        let early = early::take(root, &*rel, entry);
        let Some(rules) = rules_for(rel, entry) else { return };
        if pg_sys::is_dummy_rel(rel) {
            return;
        }
        let table = (*entry).relid;
        let (granted, made) =
            early.unwrap_or_else(|| (granted(root, rel, table, rules).unwrap_or_default(), false));
        index_paths::make(root, rel, rules, &granted, made);
        if !granted.is_empty() {
            recheck::needed(table);
        }
    }
}

/// The rules, if the table is one that more may be granted for.
///
/// # Safety
/// Both must be the planner's.
pub(super) unsafe fn rules_for(
    rel: *mut pg_sys::RelOptInfo,
    entry: *mut pg_sys::RangeTblEntry,
) -> Option<Rules> {
    let rules = RULES.get()?;
    // SAFETY: by the caller.
    unsafe {
        let entry = &*entry;
        (entry.rtekind == pg_sys::RTEKind::RTE_RELATION
            && entry.relkind as u8 == pg_sys::RELKIND_RELATION
            && !entry.inh
            && entry.tablesample.is_null()
            && !(*rel).indexlist.is_null()
            && (rules.concerns)(entry.relid))
        .then_some(rules)
    }
}

/// What is granted to the table's conditions; `None` where PostgreSQL itself would give all of them to an index.
///
/// # Safety
/// `root` and `rel` must be the planner's, of a table that `rules` are for.
pub(super) unsafe fn granted(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    table: Oid,
    rules: Rules,
) -> Option<Vec<Granted>> {
    // SAFETY: by the caller.
    unsafe {
        // Most queries have leakproof conditions only: nothing else is asked for them.
        let blocked = index_paths::blocked(&*rel);
        if blocked.is_empty() {
            return None;
        }
        let may =
            is_fenced(root, rel, table, rules) && headroom::is_enough() && !headroom::is_used_up_by(root);
        let blocked = if may { blocked } else { Vec::new() };
        // Asked once, and only if there is anything to estimate.
        let readable = std::cell::OnceCell::new();
        let readable = || *readable.get_or_init(|| is_readable(root, rel, table));
        Some(index_paths::granted(&*rel, blocked, rules, readable))
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
        let mut fenced = Vec::new();
        for restriction in each::<pg_sys::RestrictInfo>((*rel).baserestrictinfo) {
            let restriction = &*restriction;
            // WHERE CURRENT OF is answered in one way only.
            if (*restriction.clause).type_ == NodeTag::T_CurrentOfExpr {
                return false;
            }
            // Conditions of the query itself, and what is evaluated once, before the scan.
            if restriction.security_level >= (*root).qual_security_level || restriction.pseudoconstant {
                continue;
            }
            match (rules.fence)(table, Clause::new(restriction.clause.cast())) {
                Fence::Predicate(column) => fenced.push(column),
                Fence::Key(column) if equals_value(restriction, table, column, rules) => fenced.push(column),
                _ => return false,
            }
        }
        let columns = (rules.columns)(table);
        !columns.is_empty() && columns.iter().all(|column| fenced.contains(column))
    }
}

/// Whether the role that reads the table may read all of it.
///
/// # Safety
/// `root` and `rel` must be the planner's.
unsafe fn is_readable(root: *mut pg_sys::PlannerInfo, rel: *mut pg_sys::RelOptInfo, table: Oid) -> bool {
    // SAFETY: by the caller; syscache look-ups.
    unsafe {
        let (rel, table) = parent(root, rel).unwrap_or((rel, table));
        let role = if (*rel).userid == Oid::INVALID { pg_sys::GetUserId() } else { (*rel).userid };
        pg_sys::pg_class_aclcheck(table, role, pg_sys::ACL_SELECT as pg_sys::AclMode)
            == pg_sys::AclResult::ACLCHECK_OK
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
unsafe fn equals_value(restriction: &pg_sys::RestrictInfo, table: Oid, column: i16, rules: Rules) -> bool {
    // SAFETY: the class's members are a list of such.
    unsafe {
        [restriction.parent_ec, restriction.left_ec].into_iter().filter(|class| !class.is_null()).any(
            |class| {
                each::<pg_sys::EquivalenceMember>((*class).ec_members)
                    .any(|member| (rules.is_value)(table, column, Clause::new((*member).em_expr.cast())))
            },
        )
    }
}
