//! Queries of catalogs that find what is in sight only.

use super::belongs;
use super::local::Local;
use super::tree::elements;
use pgrx::pg_sys::{self, Oid};

/// Which rows of a catalog are in sight: `function(catalog, object)` says so of each. It must be leakproof and stable.
#[derive(Clone, Copy)]
pub struct Sight {
    /// The function.
    pub function: Oid,
    /// The catalog whose oids the column holds, or the column that says which.
    pub class: Result<Oid, i16>,
    /// The column that holds the object.
    pub column: i16,
}

static INLINE: Local<bool> = Local::new(true);
static PREVIOUS: Local<pg_sys::needs_fmgr_hook_type> = Local::new(None);

/// Called once, while the library is loaded.
pub(super) fn install() {
    // SAFETY: while the library is loaded nothing runs that could call the hook.
    unsafe {
        PREVIOUS.set(pg_sys::needs_fmgr_hook);
        pg_sys::needs_fmgr_hook = Some(needs_hook);
    }
}

/// The planner does not put the body of a function in place of its call if somebody wants to hear of the call.
unsafe extern "C-unwind" fn needs_hook(function: Oid) -> bool {
    if !INLINE.get() && function.to_u32() >= belongs::FIRST {
        return true;
    }
    // SAFETY: passes on what we were given.
    PREVIOUS.get().is_some_and(|previous| unsafe { previous(function) })
}

/// Whether the planner may put bodies of functions in place of their calls; returns what was so before.
pub(super) fn inline(allowed: bool) -> bool {
    let before = INLINE.get();
    INLINE.set(allowed);
    before
}

/// Adds the condition to the catalogs of a query, for PostgreSQL to evaluate before what the query says.
///
/// # Safety
/// `query` must be a valid query of the planner's own.
pub(super) unsafe fn narrow(query: &mut pg_sys::Query, sight: fn(Oid) -> Option<Sight>) {
    // SAFETY: the range table is a list of its entries.
    for (index, entry) in unsafe { elements::<pg_sys::RangeTblEntry>(query.rtable) }.into_iter().enumerate() {
        // SAFETY: an entry of the list.
        let entry = unsafe { &mut *entry };
        let place = index as i32 + 1;
        if !is_catalog(entry) || query.resultRelation == place {
            continue;
        }
        if let Some(sight) = sight(entry.relid) {
            // SAFETY: the condition is about this entry; lists and nodes in the planner's memory context. It comes before others
            // of its kind.
            unsafe {
                let first =
                    pg_sys::lappend(std::ptr::null_mut(), condition(place, entry.relid, sight).cast());
                entry.securityQuals = pg_sys::list_concat(first, entry.securityQuals);
            }
        }
    }
}

/// # Safety
/// `place` must be the catalog's in the query.
unsafe fn condition(place: i32, catalog: Oid, sight: Sight) -> *mut pg_sys::Expr {
    // SAFETY: builds nodes; the columns are the catalog's, of type oid or one that is stored as it is (regproc).
    unsafe {
        let column = |number| {
            let kind = pg_sys::get_atttype(catalog, number);
            pg_sys::makeVar(place, number, kind, -1, Oid::INVALID, 0).cast::<pg_sys::Node>()
        };
        let class = match sight.class {
            Ok(catalog) => pg_sys::makeConst(
                pg_sys::OIDOID,
                -1,
                Oid::INVALID,
                size_of::<Oid>() as i32,
                pg_sys::Datum::from(catalog),
                false,
                true,
            )
            .cast(),
            Err(number) => column(number),
        };
        let mut arguments = pg_sys::lappend(std::ptr::null_mut(), class.cast());
        arguments = pg_sys::lappend(arguments, column(sight.column).cast());
        pg_sys::makeFuncExpr(
            sight.function,
            pg_sys::BOOLOID,
            arguments,
            Oid::INVALID,
            Oid::INVALID,
            pg_sys::CoercionForm::COERCE_EXPLICIT_CALL,
        )
        .cast()
    }
}

fn is_catalog(entry: &pg_sys::RangeTblEntry) -> bool {
    entry.rtekind == pg_sys::RTEKind::RTE_RELATION
        && entry.relkind as u8 == pg_sys::RELKIND_RELATION
        && entry.relid.to_u32() < belongs::FIRST
}

/// A copy of the query to plan again, if the planner may put the body of a function into it that reads catalogs; else null.
///
/// # Safety
/// `query` must be a valid query.
pub(super) unsafe fn spare(query: *mut pg_sys::Query, sight: fn(Oid) -> Option<Sight>) -> *mut pg_sys::Query {
    // SAFETY: by the caller; a copy of a query is one.
    unsafe {
        if may_be_inlined(query) && sight(pg_sys::RelationRelationId).is_some() {
            pg_sys::copyObjectImpl(query.cast()).cast()
        } else {
            std::ptr::null_mut()
        }
    }
}

/// Whether the query calls a function in FROM, at its top or in a query in FROM, that is not PostgreSQL's own: the planner may
/// put its body in place of the call, and does not show it to anybody.
///
/// # Safety
/// `query` must be a valid query.
unsafe fn may_be_inlined(query: *mut pg_sys::Query) -> bool {
    // SAFETY: lists and nodes of a valid query; each cast follows the node's tag.
    unsafe {
        elements::<pg_sys::RangeTblEntry>((*query).rtable).into_iter().any(|entry| {
            let entry = &*entry;
            match entry.rtekind {
                pg_sys::RTEKind::RTE_FUNCTION => {
                    elements::<pg_sys::RangeTblFunction>(entry.functions).into_iter().any(|function| {
                        let call = (*function).funcexpr;
                        (*call).type_ == pg_sys::NodeTag::T_FuncExpr
                            && (*call.cast::<pg_sys::FuncExpr>()).funcid.to_u32() >= belongs::FIRST
                    })
                }
                _ => !entry.subquery.is_null() && may_be_inlined(entry.subquery),
            }
        }) || (*query).hasSubLinks
            || !(*query).cteList.is_null()
    }
}

/// Whether a plan reads a catalog.
///
/// # Safety
/// `plan` must be null or a plan with its range table.
pub(super) unsafe fn is_read_by(plan: *mut pg_sys::PlannedStmt) -> bool {
    // SAFETY: by the caller.
    unsafe {
        !plan.is_null()
            && elements::<pg_sys::RangeTblEntry>((*plan).rtable).into_iter().any(|entry| is_catalog(&*entry))
    }
}
