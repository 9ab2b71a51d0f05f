//! Recognising a protected table's own predicate.

use crate::context::is_wide;
use crate::protect::{self, current_value, is_equality, predicate_columns, predicate_value, value_of};
use crate::sys::clause::Clause;
use crate::sys::paths::{Fence, Value};
use pgrx::pg_sys::Oid;

/// What a condition is to the table's predicate: `column = tenant_id()`, as `visible(column)` is rewritten; with a compartment
/// column two of them, or `compartment = ANY (readable_compartments())`.
pub fn fence(table: Oid, condition: Clause) -> Fence {
    let compared = condition.compared_column().or_else(|| condition.column_of_any());
    let Some((function, column, value)) = compared else { return Fence::No };
    if !is_equality(function) {
        return Fence::No;
    }
    match predicate_value(table, column) {
        Some(wanted) if own(value) == Some(wanted) => Fence::Predicate(column),
        Some(wanted) if !value.has_columns() && stands_for(wanted) => Fence::Key(column),
        _ => Fence::No,
    }
}

/// Whether a comparison with another value can stand for the predicate: the planner then knows both values to be equal. It does not
/// of `= ANY`: a query's own comparison of the compartment says nothing of whether it is among those that are read.
fn stands_for(wanted: protect::Value) -> bool {
    wanted == protect::Value::Tenant || !is_wide()
}

/// The columns that the table's predicate compares.
pub fn columns(table: Oid) -> Vec<i16> {
    predicate_columns(table).map(|(column, _)| column).collect()
}

/// Whether an expression is what the predicate compares a column of the table with.
pub fn is_value(table: Oid, column: i16, expression: Clause) -> bool {
    predicate_value(table, column).is_some_and(|wanted| own(expression) == Some(wanted))
}

/// What such an expression returns; raises where it would.
pub fn value(expression: Clause) -> Option<Value> {
    let (datum, kind) = current_value(expression.plain_call()?)?;
    Some(Value { datum, kind })
}

fn own(expression: Clause) -> Option<protect::Value> {
    expression.plain_call().and_then(value_of)
}
