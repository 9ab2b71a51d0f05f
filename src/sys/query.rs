//! Queries as they come to the planner: rewritten, with row security's predicates in place.

use super::local::Local;
pub use super::saved::{forget_plans, forget_plans_later};
pub use super::sight::Sight;
use super::tree::{each, elements, expression_tree_walker, query_tree_walker};
use super::{analysis, checks, during::FILLING, quiet, recheck, referential, saved, sight};
use pgrx::pg_sys::{self, NodeTag, Oid};
use std::ffi::{c_char, c_int, c_void};

/// A table of a query.
#[derive(Clone, Copy, Debug)]
pub struct TableUse {
    /// The table.
    pub relation: Oid,
    /// Whose rights it is read with; `InvalidOid` means the present role's.
    pub as_user: Oid,
    /// It carries predicates of row security: quals, or checks of the rows that are written to it.
    pub restricted: bool,
    /// The query has the form of PostgreSQL's own for foreign keys.
    pub referential: bool,
}

unsafe extern "C-unwind" {
    // Without pgrx's guard: see `hooks`.
    fn standard_planner(
        query: *mut pg_sys::Query,
        text: *const c_char,
        options: c_int,
        params: pg_sys::ParamListInfo,
    ) -> *mut pg_sys::PlannedStmt;
}

static PREVIOUS: Local<pg_sys::planner_hook_type> = Local::new(None);

/// What to do with the tables of queries. Both checks raise to refuse.
#[derive(Clone, Copy)]
pub struct Watch {
    /// Is there anything to look for?
    pub needed: fn() -> bool,
    /// Called with every table of a query, at any depth, before it is planned.
    pub check: fn(TableUse),
    /// Called with every table of a plan whose query calls functions in FROM: the planner puts the bodies of SQL functions in
    /// their place, and analyses them on the way.
    pub check_planned: fn(TableUse),
    /// For a catalog of PostgreSQL's: which of its rows are in sight; `None` for all.
    pub sight: fn(Oid) -> Option<Sight>,
}

static WATCH: Local<Option<Watch>> = Local::new(None);
/// The query has a function in FROM.
static FUNCTIONS: Local<bool> = Local::new(false);

/// Starts looking at queries.
pub fn install(watch: Watch) {
    WATCH.set(Some(watch));
    // SAFETY: while the library is loaded nothing runs that could call the hook.
    unsafe {
        PREVIOUS.set(pg_sys::planner_hook);
        pg_sys::planner_hook = Some(planner);
        sight::install();
    }
}

// Two halves, as in `hooks`.
unsafe extern "C-unwind" fn planner(
    query: *mut pg_sys::Query,
    text: *const c_char,
    options: c_int,
    params: pg_sys::ParamListInfo,
) -> *mut pg_sys::PlannedStmt {
    // SAFETY: PostgreSQL passes a valid query; both calls pass on what we were given, and the plan is what they return.
    unsafe {
        let look = look_at(query, text);
        let options = options & !look.without;
        let outer = recheck::begin();
        let within = sight::inline(true);
        let made = analysis::planning();
        let whole = quiet::planning(query, params);
        let next = PREVIOUS.get().unwrap_or(standard_planner);
        let mut plan = next(query, text, options, params);
        if !look.spare.is_null() && sight::is_read_by(plan) {
            sight::inline(false);
            plan = next(look.spare, text, options, params);
        }
        quiet::planned(whole);
        sight::inline(within);
        analysis::planned(made);
        recheck::end(plan, outer);
        if look.again {
            look_at_plan(plan);
        }
        plan
    }
}

/// What came of looking at a query.
#[repr(C)]
struct Look {
    /// Options to plan without.
    without: c_int,
    /// Look at the plan as well.
    again: bool,
    /// A copy to plan again if the first plan turns out to read catalogs; or null.
    spare: *mut pg_sys::Query,
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn look_at(query: *mut pg_sys::Query, text: *const c_char) -> Look {
    saved::forget_plans_at_last();
    if !WATCH.get().is_some_and(|watch| (watch.needed)()) {
        return Look { without: 0, again: false, spare: std::ptr::null_mut() };
    }
    FUNCTIONS.set(false);
    // SAFETY: null, or the text that the query was made of.
    unsafe { referential::begin(text) };
    // SAFETY: by the caller; the walker raises under the guard of the boundary.
    unsafe {
        if has_queries_inside(&*query) {
            pg_sys::ffi::pg_guard_ffi_boundary(|| visit(query.cast(), std::ptr::null_mut()));
        } else {
            tables(&mut *query);
        }
    }
    // A parallel worker plans the queries of the functions it runs, and does not know what its leader is doing.
    let without = if FILLING.active() { pg_sys::CURSOR_OPT_PARALLEL_OK as c_int } else { 0 };
    let spare = match WATCH.get() {
        // SAFETY: by the caller.
        Some(watch) if FUNCTIONS.get() => unsafe { sight::spare(query, watch.sight) },
        _ => std::ptr::null_mut(),
    };
    Look { without, again: FUNCTIONS.get(), spare }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn look_at_plan(plan: *mut pg_sys::PlannedStmt) {
    let Some(watch) = WATCH.get() else { return };
    // SAFETY: a plan of the server, with its range table.
    unsafe {
        for entry in elements::<pg_sys::RangeTblEntry>((*plan).rtable) {
            if is_table(&*entry) {
                (watch.check_planned)(TableUse {
                    relation: (*entry).relid,
                    as_user: planned_as(&*plan, &*entry),
                    // The plan has them, somewhere else.
                    restricted: false,
                    referential: false,
                });
            }
        }
    }
}

/// True unless it is certain that there is no query inside this one. To walk through all expressions costs as much as to
/// look at the tables; the planner itself relies on the flag for those that stand in expressions.
///
/// # Safety
/// `query` must be a valid query.
unsafe fn has_queries_inside(query: &pg_sys::Query) -> bool {
    // SAFETY: the range table is a list of its entries.
    query.hasSubLinks
        || !query.cteList.is_null()
        || unsafe {
            each::<pg_sys::RangeTblEntry>(query.rtable).any(|entry| {
                (*entry).rtekind == pg_sys::RTEKind::RTE_SUBQUERY || !(*entry).subquery.is_null()
            })
        }
}

/// Looks at the tables of a query, then goes on into its parts.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn visit(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: PostgreSQL passes nodes of the query; the cast follows the node's tag.
    unsafe {
        if (*node).type_ == NodeTag::T_Query {
            let query = node.cast::<pg_sys::Query>();
            tables(&mut *query);
            return pg_sys::ffi::pg_guard_ffi_boundary(|| query_tree_walker(query, Some(visit), context, 0));
        }
        pg_sys::ffi::pg_guard_ffi_boundary(|| expression_tree_walker(node, Some(visit), context))
    }
}

/// # Safety
/// `query` must be a valid query of the planner's own.
unsafe fn tables(query: &mut pg_sys::Query) {
    // SAFETY: by the caller.
    unsafe {
        look_at_tables(query);
        if let Some(watch) = WATCH.get() {
            sight::narrow(query, watch.sight);
        }
        checks::settle(query);
    }
}

/// # Safety
/// `query` must be a valid query.
unsafe fn look_at_tables(query: &pg_sys::Query) {
    let Some(watch) = WATCH.get() else { return };
    // SAFETY: the range table is a list of its entries.
    let entries = unsafe { each::<pg_sys::RangeTblEntry>(query.rtable) };
    for (index, entry) in entries.enumerate() {
        // SAFETY: an entry of the list.
        let entry = unsafe { &*entry };
        if entry.rtekind == pg_sys::RTEKind::RTE_FUNCTION {
            FUNCTIONS.set(true);
        }
        if !is_table(entry) {
            continue;
        }
        let written = query.resultRelation == index as i32 + 1
            && matches!(query.commandType, pg_sys::CmdType::CMD_INSERT | pg_sys::CmdType::CMD_MERGE);
        (watch.check)(TableUse {
            relation: entry.relid,
            // SAFETY: entry and query are valid.
            as_user: unsafe { checked_as(query, entry) },
            restricted: !entry.securityQuals.is_null() || (written && !query.withCheckOptions.is_null()),
            // SAFETY: as above.
            referential: unsafe { referential::is(query, entry) },
        });
    }
}

/// What is called EXCLUDED in ON CONFLICT has the table's oid and is no table.
fn is_table(entry: &pg_sys::RangeTblEntry) -> bool {
    let kind = entry.relkind as u8;
    entry.rtekind == pg_sys::RTEKind::RTE_RELATION
        && (kind == pg_sys::RELKIND_RELATION || kind == pg_sys::RELKIND_PARTITIONED_TABLE)
}

/// # Safety
/// `entry` must be one of `query`.
#[cfg(feature = "pg15")]
unsafe fn checked_as(_query: &pg_sys::Query, entry: &pg_sys::RangeTblEntry) -> Oid {
    entry.checkAsUser
}

/// # Safety
/// `entry` must be one of `query`.
#[cfg(not(feature = "pg15"))]
unsafe fn checked_as(query: &pg_sys::Query, entry: &pg_sys::RangeTblEntry) -> Oid {
    // SAFETY: by the caller.
    unsafe { owner_in(query.rteperminfos, entry) }
}

/// # Safety
/// `entry` must be one of `plan`.
#[cfg(feature = "pg15")]
unsafe fn planned_as(_plan: &pg_sys::PlannedStmt, entry: &pg_sys::RangeTblEntry) -> Oid {
    entry.checkAsUser
}

/// # Safety
/// `entry` must be one of `plan`.
#[cfg(not(feature = "pg15"))]
unsafe fn planned_as(plan: &pg_sys::PlannedStmt, entry: &pg_sys::RangeTblEntry) -> Oid {
    // SAFETY: by the caller.
    unsafe { owner_in(plan.permInfos, entry) }
}

/// # Safety
/// `infos` must be the permissions that `entry` counts in.
#[cfg(not(feature = "pg15"))]
unsafe fn owner_in(infos: *mut pg_sys::List, entry: &pg_sys::RangeTblEntry) -> Oid {
    // SAFETY: by the caller.
    unsafe {
        let infos = elements::<pg_sys::RTEPermissionInfo>(infos);
        (entry.perminfoindex as usize)
            .checked_sub(1)
            .and_then(|index| infos.get(index))
            .map_or(Oid::INVALID, |info| (**info).checkAsUser)
    }
}

/// How row security applies to a table, for the role it is read as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Applies {
    /// Predicates are added.
    Yes,
    /// The role bypasses it: a superuser, or one with BYPASSRLS.
    Bypassed,
    /// The role owns the table, and this is PostgreSQL's own work for foreign keys.
    Suspended,
    /// The table has none, or does not force it on its owner.
    No,
}

/// How row security applies to a table of a query that is planned now.
pub fn applies(table: &TableUse) -> Applies {
    // SAFETY: syscache look-ups and statics.
    unsafe {
        // For roles that bypass it, it is not enabled: the usual case is the first.
        let status = pg_sys::check_enable_rls(table.relation, table.as_user, true);
        let role = || if table.as_user == Oid::INVALID { pg_sys::GetUserId() } else { table.as_user };
        if status == pg_sys::CheckEnableRlsResult::RLS_ENABLED as c_int {
            Applies::Yes
        } else if pg_sys::has_bypassrls_privilege(role()) {
            Applies::Bypassed
        } else if pg_sys::InNoForceRLSOperation() {
            Applies::Suspended
        } else {
            Applies::No
        }
    }
}
