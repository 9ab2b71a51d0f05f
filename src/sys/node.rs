//! Building the expressions that a planner support function returns.

use super::function::Call;
use super::list::elements;
use pgrx::pg_sys::{self, NodeTag, Oid};

/// What `function(argument)` is rewritten into: `argument operator value()`.
#[derive(Clone, Copy)]
pub struct Comparison {
    /// The operator, `argument type x result type -> boolean`.
    pub operator: Oid,
    /// The function without arguments on the right.
    pub value: Oid,
    /// What it returns.
    pub value_type: Oid,
    /// The collation of what it returns, or `InvalidOid`.
    pub value_collation: Oid,
}

/// The row whose column a call looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Row {
    /// Nothing is known of it.
    Any,
    /// The new row of an INSERT, and the column is what this function without arguments returns.
    Inserted(Oid),
    /// A row that an UPDATE reads under row security, or its new version: this column of this table is the same in both.
    Kept(Oid, i16),
}

/// What a call becomes.
#[derive(Clone, Copy)]
pub enum Simplified {
    /// The constant true.
    True,
    /// `argument operator value()`.
    Comparison(Comparison),
}

/// Answers a support request for a call of a function of one argument. `rewrite` is told the function and the row; what
/// it does not know is left to PostgreSQL.
pub fn simplify(call: Call, rewrite: fn(Oid, Row) -> Option<Simplified>) -> pg_sys::Datum {
    let node: *mut pg_sys::Node = call.pointer(0);
    let nothing = pg_sys::Datum::null();
    // SAFETY: PostgreSQL passes a support request node; its tag says which.
    if node.is_null() || unsafe { (*node).type_ } != NodeTag::T_SupportRequestSimplify {
        return nothing;
    }
    // SAFETY: the tag says so.
    let (request, function) = unsafe {
        let request = &*node.cast::<pg_sys::SupportRequestSimplify>();
        (request, &*request.fcall)
    };
    // SAFETY: `args` is a list; a call of a function with one argument has one element, an expression.
    unsafe {
        if function.args.is_null() || (*function.args).length != 1 {
            return nothing;
        }
        let argument = (*(*function.args).elements).ptr_value.cast::<pg_sys::Expr>();
        let result = match rewrite(function.funcid, target_row(request.root, argument)) {
            Some(Simplified::True) => pg_sys::makeBoolConst(true, false).cast(),
            Some(Simplified::Comparison(comparison)) => compare(argument, function.inputcollid, comparison),
            None => return nothing,
        };
        pg_sys::Datum::from(result)
    }
}

/// What is known of the row that `argument`, a column, belongs to.
///
/// Only for an ordinary table that the statement names as its target, without children, without ON CONFLICT and without
/// BEFORE triggers, which could put another value into the column. (A trigger made later invalidates the plan.)
///
/// # Safety
/// `root` must be null or the planner's, `argument` an expression of its query.
unsafe fn target_row(root: *mut pg_sys::PlannerInfo, argument: *mut pg_sys::Expr) -> Row {
    // SAFETY: by the caller; each cast follows the node's tag.
    unsafe {
        if root.is_null() || (*root).parse.is_null() {
            return Row::Any;
        }
        let query = &*(*root).parse;
        let column = strip(argument);
        if (*column).type_ != NodeTag::T_Var || query.resultRelation <= 0 || !query.onConflict.is_null() {
            return Row::Any;
        }
        let column = &*column.cast::<pg_sys::Var>();
        if column.varno as i64 != i64::from(query.resultRelation)
            || column.varlevelsup != 0
            || column.varattno <= 0
        {
            return Row::Any;
        }
        let place = (*query.rtable).elements.add(query.resultRelation as usize - 1);
        let table = &*(*place).ptr_value.cast::<pg_sys::RangeTblEntry>();
        if table.rtekind != pg_sys::RTEKind::RTE_RELATION || table.relkind as u8 != pg_sys::RELKIND_RELATION {
            return Row::Any;
        }
        let assigned = assigned(query.targetList, column.varattno);
        match query.commandType {
            pg_sys::CmdType::CMD_INSERT
                if !has_before_triggers(table.relid, |t| t.trig_insert_before_row) =>
            {
                assigned.and_then(|value| plain_call(value)).map_or(Row::Any, Row::Inserted)
            }
            pg_sys::CmdType::CMD_UPDATE
                if assigned.is_none()
                    && !table.securityQuals.is_null()
                    && !table.inh
                    && !has_before_triggers(table.relid, |t| t.trig_update_before_row) =>
            {
                Row::Kept(table.relid, column.varattno)
            }
            _ => Row::Any,
        }
    }
}

/// The expression without changes of its type's label (varchar to text).
///
/// # Safety
/// `expression` must be an expression.
unsafe fn strip(mut expression: *mut pg_sys::Expr) -> *mut pg_sys::Expr {
    // SAFETY: by the caller; the cast follows the node's tag.
    unsafe {
        while (*expression).type_ == NodeTag::T_RelabelType {
            expression = (*expression.cast::<pg_sys::RelabelType>()).arg;
        }
    }
    expression
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

fn has_before_triggers(relation: Oid, which: fn(&pg_sys::TriggerDesc) -> bool) -> bool {
    // SAFETY: the planner holds a lock on the relation; it is closed again without giving that up.
    unsafe {
        let open = pg_sys::table_open(relation, pg_sys::NoLock as i32);
        let triggers = (*open).trigdesc;
        let has = !triggers.is_null() && which(&*triggers);
        pg_sys::table_close(open, pg_sys::NoLock as i32);
        has
    }
}

/// # Safety
/// `argument` must be an expression of the operator's left type.
unsafe fn compare(argument: *mut pg_sys::Expr, collation: Oid, comparison: Comparison) -> *mut pg_sys::Expr {
    // SAFETY: builds nodes in the planner's memory context.
    unsafe {
        let value = pg_sys::makeFuncExpr(
            comparison.value,
            comparison.value_type,
            std::ptr::null_mut(),
            comparison.value_collation,
            Oid::INVALID,
            pg_sys::CoercionForm::COERCE_EXPLICIT_CALL,
        );
        let clause = pg_sys::make_opclause(
            comparison.operator,
            pg_sys::BOOLOID,
            false,
            argument,
            value.cast(),
            Oid::INVALID,
            collation,
        );
        pg_sys::set_opfuncid(clause.cast());
        clause
    }
}
