//! Checks of new rows that row security adds to a statement, and that cannot fail.
//!
//! They are taken out before the statement is planned, and `executor` refuses to run a plan without them where a trigger
//! has come between: see `docs/design/protect.md`.

use super::local::Local;
use super::tree::{elements, strip};
use pgrx::pg_sys::{self, CmdType, NodeTag, Oid, WCOKind};

/// What a boolean function of columns says of a new row: it holds if each column is what its value's function returns.
pub struct Predicate {
    /// For each argument, the function without arguments.
    pub values: Vec<Oid>,
    /// It is asked about rows that are read. (Else about rows that are written.) Where it is, the first column is its value.
    pub reads: bool,
}

/// What decides.
#[derive(Clone, Copy)]
pub struct Rules {
    /// Which functions are such predicates.
    pub predicate: fn(function: Oid) -> Option<Predicate>,
    /// Which functions compare like that, in conditions on rows that are read.
    pub is_equality: fn(function: Oid) -> bool,
    /// Whether an assignment of `assigned()` may be turned into one of `value()`, which never is another value of the same type,
    /// but may be one that the column refuses.
    pub stands_for: fn(assigned: Oid, value: Oid) -> bool,
}

static RULES: Local<Option<Rules>> = Local::new(None);

/// Called once, while the library is loaded.
pub fn install(rules: Rules) {
    RULES.set(Some(rules));
}

/// A column, and the function that returns its value.
type Fact = (i16, Oid);

/// Takes the checks out of a query if none of them can fail. All of them or none: a plan without any is how `executor` knows.
///
/// # Safety
/// `query` must be a valid query that the planner has not seen, and owns.
pub(super) unsafe fn settle(query: &mut pg_sys::Query) {
    if query.withCheckOptions.is_null() || query.resultRelation <= 0 || !query.onConflict.is_null() {
        return;
    }
    let Some(rules) = RULES.get() else { return };
    // SAFETY: lists of a valid query; the result relation is one of its range table.
    unsafe {
        let place = (*query.rtable).elements.add(query.resultRelation as usize - 1);
        let table = &*(*place).ptr_value.cast::<pg_sys::RangeTblEntry>();
        if table.rtekind != pg_sys::RTEKind::RTE_RELATION || table.relkind as u8 != pg_sys::RELKIND_RELATION {
            return;
        }
        let mut facts = Vec::new();
        for check in elements::<pg_sys::WithCheckOption>(query.withCheckOptions) {
            match cannot_fail(query, table, &*check, rules) {
                Some(more) => facts.extend(more),
                None => return,
            }
        }
        if query.commandType == CmdType::CMD_INSERT {
            facts.into_iter().for_each(|(column, value)| assign(query.targetList, column, value));
        }
        query.withCheckOptions = std::ptr::null_mut();
    }
}

/// What a check asks for, if it cannot fail.
///
/// # Safety
/// `table` must be the result relation of a valid query, a table, and `check` one of the query's.
unsafe fn cannot_fail(
    query: &pg_sys::Query,
    table: &pg_sys::RangeTblEntry,
    check: &pg_sys::WithCheckOption,
    rules: Rules,
) -> Option<Vec<Fact>> {
    // SAFETY: by the caller.
    unsafe {
        let facts = facts_of(query, check.qual, false, rules)?;
        let holds = |(column, value): &Fact| {
            let assigned = assigned(query.targetList, *column);
            match (query.commandType, check.kind) {
                // The new row's column is the very value it is compared with.
                (CmdType::CMD_INSERT, WCOKind::WCO_RLS_INSERT_CHECK) => {
                    assigned
                        .and_then(|expression| plain_call(expression))
                        .is_some_and(|assigned| assigned == *value || (rules.stands_for)(assigned, *value))
                        && stays(table.relid, *column, |triggers| triggers.trig_insert_before_row, false)
                }
                // The row was read because its column is the value, and keeps it.
                (CmdType::CMD_UPDATE, WCOKind::WCO_RLS_UPDATE_CHECK) => {
                    assigned.is_none()
                        && is_read_by(query, table, (*column, *value), rules)
                        && stays(table.relid, *column, |triggers| triggers.trig_update_before_row, true)
                }
                _ => false,
            }
        };
        facts.iter().all(holds).then_some(facts)
    }
}

/// What an expression says of columns of the query's result relation, if it is nothing but a call of a predicate, or a
/// comparison of a column with a value. `reads`: of the rows that it lets through, which may be more than may be written.
///
/// # Safety
/// `expression` must be null or an expression of the query.
unsafe fn facts_of(
    query: &pg_sys::Query,
    expression: *mut pg_sys::Node,
    reads: bool,
    rules: Rules,
) -> Option<Vec<Fact>> {
    // SAFETY: by the caller; each cast follows the node's tag.
    unsafe {
        if expression.is_null() {
            return None;
        }
        match (*expression).type_ {
            NodeTag::T_FuncExpr => {
                let call = &*expression.cast::<pg_sys::FuncExpr>();
                let predicate = (rules.predicate)(call.funcid).filter(|one| one.reads || !reads)?;
                let arguments = elements::<pg_sys::Expr>(call.args);
                if arguments.len() != predicate.values.len() {
                    return None;
                }
                let known = if reads { 1 } else { arguments.len() };
                arguments
                    .into_iter()
                    .zip(predicate.values)
                    .take(known)
                    .map(|(argument, value)| Some((column_of(query, argument)?, value)))
                    .collect()
            }
            NodeTag::T_OpExpr => {
                let comparison = &*expression.cast::<pg_sys::OpExpr>();
                let [column, value] = elements::<pg_sys::Expr>(comparison.args)[..] else { return None };
                if !(rules.is_equality)(comparison.opfuncid) {
                    return None;
                }
                Some(vec![(column_of(query, column)?, plain_call(value)?)])
            }
            _ => None,
        }
    }
}

/// The number, if an expression is a column of the query's result relation.
///
/// # Safety
/// `expression` must be an expression of the query.
unsafe fn column_of(query: &pg_sys::Query, expression: *mut pg_sys::Expr) -> Option<i16> {
    // SAFETY: by the caller; the cast follows the node's tag.
    unsafe {
        let column = strip(expression);
        if (*column).type_ != NodeTag::T_Var {
            return None;
        }
        let column = &*column.cast::<pg_sys::Var>();
        let of_result = i64::from(column.varno) == i64::from(query.resultRelation)
            && column.varlevelsup == 0
            && column.varattno > 0;
        of_result.then_some(column.varattno)
    }
}

/// True if row security lets the query read those rows of its result relation only of which the fact is true.
///
/// # Safety
/// `table` must be the result relation of a valid query.
unsafe fn is_read_by(query: &pg_sys::Query, table: &pg_sys::RangeTblEntry, fact: Fact, rules: Rules) -> bool {
    // SAFETY: the quals are a list of expressions of the query, all of which must hold.
    unsafe {
        elements::<pg_sys::Node>(table.securityQuals)
            .into_iter()
            .filter_map(|qual| facts_of(query, qual, true, rules))
            .any(|facts| facts.contains(&fact))
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

/// Makes a plain call that a target list assigns to a column one of `value`.
///
/// # Safety
/// `targets` must be null or a list of target entries that the planner owns; the column must be assigned a plain call, of a
/// function of the same type.
unsafe fn assign(targets: *mut pg_sys::List, column: i16, value: Oid) {
    // SAFETY: by the caller.
    unsafe {
        if let Some(expression) = assigned(targets, column) {
            let expression = strip(expression);
            if (*expression).type_ == NodeTag::T_FuncExpr {
                (*expression.cast::<pg_sys::FuncExpr>()).funcid = value;
            }
        }
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
