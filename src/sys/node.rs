//! Building the expressions that a planner support function returns.

use super::function::Call;
use super::tree::{elements, strip};
use pgrx::pg_sys::{self, NodeTag, Oid};

/// What an argument of a function is rewritten into: `argument operator value()`.
#[derive(Clone, Copy)]
pub struct Comparison {
    /// The operator, `argument type x result type -> boolean`.
    pub operator: Oid,
    /// The operator's function.
    pub function: Oid,
    /// The function without arguments on the right.
    pub value: Oid,
    /// What it returns.
    pub value_type: Oid,
    /// The collation of what it returns, or `InvalidOid`.
    pub value_collation: Oid,
    /// The function returns an array, and any of its elements will do.
    pub any: bool,
}

/// Answers a support request for a call of a function. `rewrite` is told the function, and whether it is asked about rows of a
/// table that the query writes or locks; it says what each argument is compared with. What it does not know is left to
/// PostgreSQL.
pub fn simplify(call: Call, rewrite: fn(Oid, bool) -> Option<Vec<Comparison>>) -> pg_sys::Datum {
    let node: *mut pg_sys::Node = call.pointer(0);
    let nothing = pg_sys::Datum::null();
    // SAFETY: PostgreSQL passes a support request node; its tag says which.
    if node.is_null() || unsafe { (*node).type_ } != NodeTag::T_SupportRequestSimplify {
        return nothing;
    }
    // SAFETY: the tag says so.
    let request = unsafe { &*node.cast::<pg_sys::SupportRequestSimplify>() };
    // SAFETY: a call has a list of arguments, expressions.
    unsafe {
        let function = &*request.fcall;
        let arguments = elements::<pg_sys::Expr>(function.args);
        let written = arguments.last().is_some_and(|last| is_written(request.root, *last));
        let Some(comparisons) = rewrite(function.funcid, written) else { return nothing };
        if comparisons.len() != arguments.len() {
            return nothing;
        }
        let mut all = std::ptr::null_mut();
        for (argument, comparison) in arguments.into_iter().zip(comparisons) {
            let clause = compare(argument, function.inputcollid, comparison);
            all = pg_sys::lappend(all, clause.cast());
        }
        pg_sys::Datum::from(pg_sys::make_ands_explicit(all))
    }
}

/// True if the expression is a column of the table that the query writes, or of one whose rows it locks.
///
/// # Safety
/// `root` must be null or a planner, and `expression` one of its query.
unsafe fn is_written(root: *mut pg_sys::PlannerInfo, expression: *mut pg_sys::Expr) -> bool {
    // SAFETY: by the caller; each cast follows the node's tag, and row marks are a list of clauses.
    unsafe {
        let expression = strip(expression);
        if root.is_null() || (*expression).type_ != NodeTag::T_Var {
            return false;
        }
        let table = i64::from((*expression.cast::<pg_sys::Var>()).varno);
        let query = &*(*root).parse;
        i64::from(query.resultRelation) == table
            || elements::<pg_sys::RowMarkClause>(query.rowMarks)
                .into_iter()
                .any(|mark| i64::from((*mark).rti) == table)
    }
}

/// # Safety
/// `argument` must be an expression of the operator's left type.
pub(super) unsafe fn compare(
    argument: *mut pg_sys::Expr,
    collation: Oid,
    comparison: Comparison,
) -> *mut pg_sys::Expr {
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
        // Types without collations are compared without.
        let collation = if comparison.value_collation == Oid::INVALID { Oid::INVALID } else { collation };
        if comparison.any {
            return any_of(argument, value, comparison).cast();
        }
        let clause = pg_sys::make_opclause(
            comparison.operator,
            pg_sys::BOOLOID,
            false,
            argument,
            value.cast(),
            Oid::INVALID,
            collation,
        );
        (*clause.cast::<pg_sys::OpExpr>()).opfuncid = comparison.function;
        clause
    }
}

/// `argument operator ANY (array)`
///
/// # Safety
/// `argument` must be an expression of the operator's left type, and `array` one of arrays of its right type.
unsafe fn any_of(
    argument: *mut pg_sys::Expr,
    array: *mut pg_sys::FuncExpr,
    comparison: Comparison,
) -> *mut pg_sys::ScalarArrayOpExpr {
    // SAFETY: a node of its size, zeroed, in the planner's memory context; then its fields.
    unsafe {
        let size = size_of::<pg_sys::ScalarArrayOpExpr>();
        let clause = pg_sys::palloc0(size).cast::<pg_sys::ScalarArrayOpExpr>();
        (*clause).xpr.type_ = NodeTag::T_ScalarArrayOpExpr;
        (*clause).opno = comparison.operator;
        (*clause).opfuncid = comparison.function;
        (*clause).useOr = true;
        (*clause).args = pg_sys::lappend(std::ptr::null_mut(), argument.cast());
        (*clause).args = pg_sys::lappend((*clause).args, array.cast());
        (*clause).location = -1;
        clause
    }
}
