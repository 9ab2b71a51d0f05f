//! Building the expressions that a planner support function returns.

use super::function::Call;
use pgrx::pg_sys::{self, NodeTag, Oid};

/// What `function(argument)` is rewritten into: `argument operator value()`.
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
}

/// Answers a support request for a call of a function of one argument. `rewrite` is told the function; what it does not know
/// is left to PostgreSQL.
pub fn simplify(call: Call, rewrite: fn(Oid) -> Option<Comparison>) -> pg_sys::Datum {
    let node: *mut pg_sys::Node = call.pointer(0);
    let nothing = pg_sys::Datum::null();
    // SAFETY: PostgreSQL passes a support request node; its tag says which.
    if node.is_null() || unsafe { (*node).type_ } != NodeTag::T_SupportRequestSimplify {
        return nothing;
    }
    // SAFETY: the tag says so.
    let function = unsafe { &*(*node.cast::<pg_sys::SupportRequestSimplify>()).fcall };
    // SAFETY: `args` is a list; a call of a function with one argument has one element, an expression.
    unsafe {
        if function.args.is_null() || (*function.args).length != 1 {
            return nothing;
        }
        let argument = (*(*function.args).elements).ptr_value.cast::<pg_sys::Expr>();
        rewrite(function.funcid).map_or(nothing, |comparison| {
            pg_sys::Datum::from(compare(argument, function.inputcollid, comparison))
        })
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
        (*clause.cast::<pg_sys::OpExpr>()).opfuncid = comparison.function;
        clause
    }
}
