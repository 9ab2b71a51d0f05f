//! Recognising a protected table's own predicate.

use crate::context::datum_of_type;
use crate::protect::{is_tenant_column, is_tenant_equality, is_tenant_value, tenant_value_type};
use crate::sys::clause::Clause;
use crate::sys::paths::{Fence, Value};
use pgrx::pg_sys::Oid;

/// What a condition is to the table's predicate: `column = tenant_id()`, as `visible(column)` is rewritten.
pub fn fence(table: Oid, condition: Clause) -> Fence {
    match condition.compared_column() {
        Some((function, column, value))
            if is_tenant_equality(function) && is_tenant_column(table, column) =>
        {
            if is_value(value) {
                Fence::Predicate
            } else if value.has_columns() {
                Fence::No
            } else {
                Fence::Key
            }
        }
        _ => Fence::No,
    }
}

/// Whether an expression is `tenant_id()`, `tenant()` or `tenant_key()`.
pub fn is_value(expression: Clause) -> bool {
    expression.plain_call().is_some_and(is_tenant_value)
}

/// What such an expression returns; raises where it would.
pub fn value(expression: Clause) -> Option<Value> {
    let kind = expression.plain_call().and_then(tenant_value_type)?;
    Some(Value { datum: datum_of_type(kind)?, kind })
}
