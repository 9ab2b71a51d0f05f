//! Recognising a protected table's own predicate.

use super::term;
use crate::protect::{is_tenant_column, is_tenant_equality, is_tenant_value};
use crate::sys::clause::Clause;
use crate::sys::paths::Fence;
use pgrx::pg_sys::Oid;
use watertight_core::search::{Shape, Term};

/// What a condition is to the table's predicate: `column = tenant_id()`, as `visible(column)` is rewritten.
pub fn fence(table: Oid, condition: Clause) -> Fence {
    let condition = term::read(condition);
    let Shape::Call { function, arguments, .. } = &condition.shape else { return Fence::No };
    let [left, right] = arguments.as_slice() else { return Fence::No };
    let (column, value) = if left.has_columns() { (left, right) } else { (right, left) };
    match column.shape {
        Shape::Column(number)
            if !value.has_columns()
                && is_tenant_equality(Oid::from(*function))
                && is_tenant_column(table, number) => {}
        _ => return Fence::No,
    }
    if is_own(value) { Fence::Predicate } else { Fence::Key }
}

/// Whether an expression is `tenant_id()`, `tenant()` or `tenant_key()`.
pub fn is_value(expression: Clause) -> bool {
    is_own(&term::read(expression))
}

fn is_own(term: &Term) -> bool {
    matches!(&term.shape, Shape::Call { function, arguments, .. }
        if arguments.is_empty() && is_tenant_value(Oid::from(*function)))
}
