//! Planner support for operators: one operand is passed through a function, and another operator compares what comes out.

use super::function::Call;
use super::tree::elements;
use pgrx::pg_sys::{self, Datum, NodeTag, Oid};

/// What stands as collation in the calls that are put in: the oid of something else, which no expression of a user's can have. So the
/// function knows them, wherever they are evaluated: by an executor, a parallel worker, or for an estimate.
const PUT_IN: Oid = pg_sys::ProcedureRelationId;

/// Whether it was put in here. What a user has called, or keeps in a view, was not.
pub fn is_put_in(call: Call) -> bool {
    call.collation() == PUT_IN
}

/// What becomes of `left operator right`.
#[derive(Clone, Copy)]
pub struct Through {
    /// Which operand: 0 or 1.
    pub argument: usize,
    /// The function that it is passed through, which has no use for a collation.
    pub function: Oid,
    /// What that returns: the type of the other operand.
    pub result: Oid,
    /// The operator on two values of that type.
    pub operator: Oid,
    /// Its function.
    pub operator_function: Oid,
}

/// Answers a support request for a call of an operator's function. `through` is told the function; what it does not know is left to
/// PostgreSQL.
pub fn simplify(call: Call, through: fn(Oid) -> Option<Through>) -> Datum {
    let node: *mut pg_sys::Node = call.pointer(0);
    // SAFETY: PostgreSQL passes a support request node; its tag says which.
    if node.is_null() || unsafe { (*node).type_ } != NodeTag::T_SupportRequestSimplify {
        return Datum::null();
    }
    // SAFETY: the tag says so; a call has a list of arguments. Nodes are built in the planner's memory context.
    unsafe {
        let function = &*(*node.cast::<pg_sys::SupportRequestSimplify>()).fcall;
        let operands = elements::<pg_sys::Expr>(function.args);
        let (Some(through), [left, right]) = (through(function.funcid), operands.as_slice()) else {
            return Datum::null();
        };
        let pass = |operand: *mut pg_sys::Expr| -> *mut pg_sys::Expr {
            pg_sys::makeFuncExpr(
                through.function,
                through.result,
                pg_sys::lappend(std::ptr::null_mut(), operand.cast()),
                Oid::INVALID,
                PUT_IN,
                pg_sys::CoercionForm::COERCE_EXPLICIT_CALL,
            )
            .cast()
        };
        let (left, right) = if through.argument == 0 { (pass(*left), *right) } else { (*left, pass(*right)) };
        let clause = pg_sys::make_opclause(
            through.operator,
            pg_sys::BOOLOID,
            false,
            left,
            right,
            Oid::INVALID,
            Oid::INVALID,
        );
        (*clause.cast::<pg_sys::OpExpr>()).opfuncid = through.operator_function;
        Datum::from(clause)
    }
}
