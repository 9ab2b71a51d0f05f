//! Recognising a protected table's own predicate.

use super::term;
use crate::protect::{Value, is_equality, predicate_columns, value_of};
use crate::sys::clause::Clause;
use crate::sys::paths::Fence;
use pgrx::pg_sys::Oid;
use watertight_core::search::{Shape, Term};

/// What a condition is to the table's predicate: `column = tenant_id()`, as `visible(column)` is rewritten; with a compartment
/// column two of them, or `compartment = ANY (readable_compartments())`.
pub fn fence(table: Oid, condition: Clause) -> Fence {
    let condition = term::read(condition);
    let Shape::Call { function, arguments, .. } = &condition.shape else { return Fence::No };
    let [left, right] = arguments.as_slice() else { return Fence::No };
    let (column, value) = if left.has_columns() { (left, right) } else { (right, left) };
    let Shape::Column(number) = column.shape else { return Fence::No };
    if value.has_columns() || !is_equality(Oid::from(*function)) {
        return Fence::No;
    }
    match predicate_columns(table).into_iter().find(|(column, _)| *column == number) {
        Some((_, wanted)) if own(value) == Some(wanted) => Fence::Predicate(number),
        Some(_) => Fence::Key(number),
        None => Fence::No,
    }
}

/// The columns that the table's predicate compares.
pub fn columns(table: Oid) -> Vec<i16> {
    predicate_columns(table).into_iter().map(|(column, _)| column).collect()
}

/// Whether an expression is what the predicate compares a column of the table with.
pub fn is_value(table: Oid, column: i16, expression: Clause) -> bool {
    let wanted = predicate_columns(table).into_iter().find(|(number, _)| *number == column);
    wanted.is_some_and(|(_, wanted)| own(&term::read(expression)) == Some(wanted))
}

fn own(term: &Term) -> Option<Value> {
    match &term.shape {
        Shape::Call { function, arguments, .. } if arguments.is_empty() => value_of(Oid::from(*function)),
        _ => None,
    }
}
