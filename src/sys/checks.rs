//! Checks of new rows that row security adds to a statement, and that cannot fail.
//!
//! They are taken out before the statement is planned, and `executor` refuses to run a plan without them where a trigger
//! has come between: see `docs/design/protect.md`.

use super::local::Local;
use super::tree::{elements, strip};
use pgrx::pg_sys::{self, CmdType, NodeTag, Oid, WCOKind};

/// What a boolean function of one argument, a column, says: that the column is what `value()` returns.
#[derive(Clone, Copy)]
pub struct Predicate {
    /// The function without arguments.
    pub value: Oid,
    /// It is asked about rows that are read. (Else about rows that are written.)
    pub reads: bool,
}

type Meaning = fn(Oid) -> Option<Predicate>;

static MEANING: Local<Option<Meaning>> = Local::new(None);

/// `meaning` says which functions are such predicates. For one column, what is read and what is written must be the same.
pub fn install(meaning: fn(Oid) -> Option<Predicate>) {
    MEANING.set(Some(meaning));
}

/// Takes the checks out of a query if none of them can fail. All of them or none: a plan without any is how `executor` knows.
///
/// # Safety
/// `query` must be a valid query that the planner has not seen, and owns.
pub(super) unsafe fn settle(query: &mut pg_sys::Query) {
    if query.withCheckOptions.is_null() || query.resultRelation <= 0 || !query.onConflict.is_null() {
        return;
    }
    // SAFETY: lists of a valid query; the result relation is one of its range table.
    let redundant = unsafe {
        let place = (*query.rtable).elements.add(query.resultRelation as usize - 1);
        let table = &*(*place).ptr_value.cast::<pg_sys::RangeTblEntry>();
        table.rtekind == pg_sys::RTEKind::RTE_RELATION
            && table.relkind as u8 == pg_sys::RELKIND_RELATION
            && elements::<pg_sys::WithCheckOption>(query.withCheckOptions)
                .into_iter()
                .all(|check| cannot_fail(query, table, &*check))
    };
    if redundant {
        query.withCheckOptions = std::ptr::null_mut();
    }
}

/// # Safety
/// `table` must be the result relation of a valid query, a table, and `check` one of the query's.
unsafe fn cannot_fail(
    query: &pg_sys::Query,
    table: &pg_sys::RangeTblEntry,
    check: &pg_sys::WithCheckOption,
) -> bool {
    // SAFETY: by the caller.
    unsafe {
        let Some((column, predicate)) = predicate_of(query, check.qual) else { return false };
        let assigned = assigned(query.targetList, column);
        match (query.commandType, check.kind) {
            // The new row's column is the very value it is compared with.
            (CmdType::CMD_INSERT, WCOKind::WCO_RLS_INSERT_CHECK) => {
                assigned.and_then(|value| plain_call(value)) == Some(predicate.value)
                    && stays(table.relid, column, |triggers| triggers.trig_insert_before_row, false)
            }
            // The row was read because its column is the value, and keeps it.
            (CmdType::CMD_UPDATE, WCOKind::WCO_RLS_UPDATE_CHECK) => {
                assigned.is_none()
                    && is_read_by(query, table, column, predicate.value)
                    && stays(table.relid, column, |triggers| triggers.trig_update_before_row, true)
            }
            _ => false,
        }
    }
}

/// The column of the query's result relation that an expression asks about, if it is nothing but a call of a predicate.
///
/// # Safety
/// `expression` must be null or an expression of the query.
unsafe fn predicate_of(query: &pg_sys::Query, expression: *mut pg_sys::Node) -> Option<(i16, Predicate)> {
    // SAFETY: by the caller; each cast follows the node's tag.
    unsafe {
        if expression.is_null() || (*expression).type_ != NodeTag::T_FuncExpr {
            return None;
        }
        let call = &*expression.cast::<pg_sys::FuncExpr>();
        let predicate = (MEANING.get()?)(call.funcid)?;
        let [argument] = elements::<pg_sys::Expr>(call.args)[..] else { return None };
        let column = strip(argument);
        if (*column).type_ != NodeTag::T_Var {
            return None;
        }
        let column = &*column.cast::<pg_sys::Var>();
        let of_result = i64::from(column.varno) == i64::from(query.resultRelation)
            && column.varlevelsup == 0
            && column.varattno > 0;
        of_result.then_some((column.varattno, predicate))
    }
}

/// True if row security lets the query read those rows of its result relation only whose column is the value.
///
/// # Safety
/// `table` must be the result relation of a valid query.
unsafe fn is_read_by(query: &pg_sys::Query, table: &pg_sys::RangeTblEntry, column: i16, value: Oid) -> bool {
    // SAFETY: the quals are a list of expressions of the query, all of which must hold.
    unsafe {
        elements::<pg_sys::Node>(table.securityQuals)
            .into_iter()
            .filter_map(|qual| predicate_of(query, qual))
            .any(|(of, predicate)| of == column && predicate.reads && predicate.value == value)
    }
}

/// True if a row is written as the statement says: no BEFORE trigger can put another value into the column, it is not
/// generated, and, if that matters, there are no children with triggers and columns of their own.
fn stays(
    relation: Oid,
    column: i16,
    triggered: fn(&pg_sys::TriggerDesc) -> bool,
    without_children: bool,
) -> bool {
    // SAFETY: the statement holds a lock on the relation; it is closed again without giving that up. The column is the
    // relation's.
    unsafe {
        let open = pg_sys::table_open(relation, pg_sys::NoLock as i32);
        let has_triggers = (*open).trigdesc.as_ref().is_some_and(triggered);
        let has_children = (*(*open).rd_rel).relhassubclass;
        pg_sys::table_close(open, pg_sys::NoLock as i32);
        let may_change = has_triggers || without_children && has_children;
        !may_change && pg_sys::get_attgenerated(relation, column) == 0
    }
}

/// What a target list assigns to a column.
///
/// # Safety
/// `targets` must be null or a list of target entries.
unsafe fn assigned(targets: *mut pg_sys::List, column: i16) -> Option<*mut pg_sys::Expr> {
    // SAFETY: by the caller.
    unsafe {
        elements::<pg_sys::TargetEntry>(targets)
            .into_iter()
            .map(|entry| &*entry)
            .find(|entry| !entry.resjunk && entry.resno == column)
            .map(|entry| entry.expr)
    }
}

/// The function, if the expression is a call without arguments.
///
/// # Safety
/// `expression` must be an expression.
unsafe fn plain_call(expression: *mut pg_sys::Expr) -> Option<Oid> {
    // SAFETY: by the caller; the cast follows the node's tag.
    unsafe {
        let expression = strip(expression);
        if (*expression).type_ != NodeTag::T_FuncExpr {
            return None;
        }
        let call = &*expression.cast::<pg_sys::FuncExpr>();
        call.args.is_null().then_some(call.funcid)
    }
}
