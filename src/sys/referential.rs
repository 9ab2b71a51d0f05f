//! PostgreSQL's own queries for foreign keys, which row security does not apply to, and ours that go the same way.

use super::local::Local;
use super::tree::elements;
use pgrx::pg_sys::{self, NodeTag};
use std::ffi::{CStr, c_char};

/// The text of the query that is looked at has their form.
static TEXT: Local<bool> = Local::new(false);

/// A query is about to be looked at.
///
/// # Safety
/// `text` must be null, or the text that the query was made of.
pub(super) unsafe fn begin(text: *const c_char) {
    // SAFETY: by the caller.
    TEXT.set(!text.is_null() && unsafe { is_referential_text(CStr::from_ptr(text).to_bytes()) });
}

/// As ri_triggers.c writes them, and we in its way: every name in quotes, every operator qualified. What looks alike in a tree, a function's
/// `UPDATE t SET ... WHERE id = $1` on a partitioned table, is written differently.
fn is_referential_text(text: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 6] = [
        b"SELECT 1 FROM ONLY \"",
        b"SELECT 1 FROM \"",
        b"DELETE FROM ONLY \"",
        b"DELETE FROM \"",
        b"UPDATE ONLY \"",
        b"UPDATE \"",
    ];
    const OPERATOR: &[u8] = b" OPERATOR(";
    BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
        && text.windows(OPERATOR.len()).any(|part| part == OPERATOR)
}

/// The form of the queries in ri_triggers.c: one table, ONLY unless it is partitioned, columns compared with parameters, and
/// either a lock on the key and nothing of the row in the result, or a change without RETURNING. Code that people write
/// does not look like this.
///
/// # Safety
/// `entry` must be one of `query`.
pub(super) unsafe fn is(query: &pg_sys::Query, entry: &pg_sys::RangeTblEntry) -> bool {
    let partitioned = entry.relkind as u8 == pg_sys::RELKIND_PARTITIONED_TABLE;
    // SAFETY: lists and nodes of a valid query.
    unsafe {
        if !TEXT.get()
            || (*query.rtable).length != 1
            || (entry.inh && !partitioned)
            || query.hasSubLinks
            || !query.cteList.is_null()
            || !query.returningList.is_null()
            || query.jointree.is_null()
        {
            return false;
        }
        let in_form = match query.commandType {
            pg_sys::CmdType::CMD_SELECT => !query.rowMarks.is_null() && selects_no_row(query.targetList),
            pg_sys::CmdType::CMD_UPDATE | pg_sys::CmdType::CMD_DELETE => true,
            _ => false,
        };
        in_form && compares_with_parameters((*query.jointree).quals)
    }
}

/// # Safety
/// `targets` must be null or a list of target entries.
unsafe fn selects_no_row(targets: *mut pg_sys::List) -> bool {
    // SAFETY: by the caller.
    unsafe {
        let targets = elements::<pg_sys::TargetEntry>(targets);
        matches!(targets.as_slice(), [target] if (*(**target).expr).type_ == NodeTag::T_Const)
    }
}

/// # Safety
/// `quals` must be null or an expression.
unsafe fn compares_with_parameters(quals: *mut pg_sys::Node) -> bool {
    if quals.is_null() {
        return false;
    }
    // SAFETY: by the caller; each cast follows the node's tag.
    unsafe {
        match (*quals).type_ {
            NodeTag::T_BoolExpr => {
                let all = &*quals.cast::<pg_sys::BoolExpr>();
                all.boolop == pg_sys::BoolExprType::AND_EXPR
                    && elements::<pg_sys::Node>(all.args).into_iter().all(|q| compares_with_parameters(q))
            }
            NodeTag::T_OpExpr => {
                let operands = elements::<pg_sys::Expr>((*quals.cast::<pg_sys::OpExpr>()).args);
                let kinds: Vec<NodeTag> =
                    operands.into_iter().map(|operand| (*strip(operand)).type_).collect();
                matches!(
                    kinds.as_slice(),
                    [NodeTag::T_Param, NodeTag::T_Var] | [NodeTag::T_Var, NodeTag::T_Param]
                )
            }
            _ => false,
        }
    }
}

/// Without casts.
///
/// # Safety
/// `expression` must be an expression.
unsafe fn strip(mut expression: *mut pg_sys::Expr) -> *mut pg_sys::Expr {
    // SAFETY: by the caller; each cast follows the node's tag.
    unsafe {
        loop {
            expression = match (*expression).type_ {
                NodeTag::T_RelabelType => (*expression.cast::<pg_sys::RelabelType>()).arg,
                NodeTag::T_FuncExpr => {
                    let call = &*expression.cast::<pg_sys::FuncExpr>();
                    match elements::<pg_sys::Expr>(call.args).as_slice() {
                        [argument] if call.funcformat != pg_sys::CoercionForm::COERCE_EXPLICIT_CALL => {
                            *argument
                        }
                        _ => return expression,
                    }
                }
                _ => return expression,
            }
        }
    }
}
