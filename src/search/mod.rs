//! Full-text, trigram, JSON, geometry and vector indexes under row security: conditions whose functions have been
//! examined (`watertight_core::search`) are given to indexes.

mod bounded;
mod examiner;
mod known;
mod predicate;
mod term;
mod trusted;

use crate::pg::error::raise;
use crate::pg::{ext, role, settings};
use crate::registry::protected;
use crate::sys::clause::Clause;
use crate::sys::paths::{self, Grant, Indexes, Place, Rules};
use crate::sys::{headroom, lookup};
use pgrx::pg_sys::Oid;
use watertight_core::search::{Examined, Grade, examine};
use watertight_core::{Code, Fault};

/// Installs the hooks; called once, while the library is loaded.
pub fn install() {
    headroom::install(|| ext::tables().map_or(Oid::INVALID, |tables| tables.trusted_operators), no_headroom);
    paths::install(Rules {
        concerns,
        fence: predicate::fence,
        columns: predicate::columns,
        is_value: predicate::is_value,
        value: predicate::value,
        grant,
        orders,
    });
}

fn concerns(table: Oid) -> bool {
    settings::search_indexes() && protected::contains(table)
}

fn grant(condition: Clause, indexes: Indexes) -> Option<Grant> {
    condition.wrap_argument(bounded::wrapper);
    let examined = match simple(condition) {
        Some(examined) => {
            debug_assert_eq!(
                examine_in_full(condition, indexes),
                Some(examined),
                "a short cut, nothing else"
            );
            examined
        }
        None => examine_in_full(condition, indexes)?,
    };
    let place = match examined.grade {
        Grade::Total | Grade::Derived => Place::Anywhere,
        Grade::Long | Grade::Guarded => Place::Fenced,
    };
    Some(Grant { place, estimate: examined.estimate && is_of_superuser(condition) })
}

fn examine_in_full(condition: Clause, indexes: Indexes) -> Option<Examined> {
    examine(&term::read(condition), &examiner::Server { indexes, ordering: false })
}

/// The same, without looking at the arguments, for the usual condition: a column beside a value, and a function that does not
/// depend on either.
fn simple(condition: Clause) -> Option<Examined> {
    let grade = examiner::unconditional(condition.simple_comparison()?)?;
    Some(Examined { grade, estimate: grade <= Grade::Long })
}

fn no_headroom() -> ! {
    raise(
        Fault::new(Code::StatementTooComplex, "stack depth limit exceeded")
            .detail("A search in a protected table needs 512 kB of stack.")
            .hint("Search outside of deeply nested functions, or increase max_stack_depth."),
    )
}

/// An estimator may call other functions than the operator's own: those of its negator or commutator. Whoever makes an
/// operator says which these are, and which estimator it has.
fn is_of_superuser(condition: Clause) -> bool {
    let look_up = |operator| lookup::operator_owner(Oid::from(operator)).is_some_and(role::is_superuser);
    condition.operator().is_some_and(|operator| known::operator(operator.to_u32(), look_up))
}

/// An expression that an index orders by. In a rescan or a recheck it is evaluated on rows of all tenants.
fn orders(expression: Clause, indexes: Indexes) -> bool {
    examine(&term::read(expression), &examiner::Server { indexes, ordering: true })
        .is_some_and(|examined| examined.grade == Grade::Total)
}
