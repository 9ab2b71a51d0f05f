//! Full-text, trigram, JSON, geometry and vector indexes under row security: conditions whose functions have been
//! examined (`watertight_core::search`) are given to indexes.

mod bounded;
mod examiner;
mod predicate;
mod term;
mod trusted;

use crate::pg::error::raise;
use crate::pg::{ext, settings};
use crate::registry::protected;
use crate::sys::clause::Clause;
use crate::sys::headroom;
use crate::sys::paths::{self, Place, Rules};
use pgrx::pg_sys::Oid;
use watertight_core::search::{Grade, examine, may_estimate};
use watertight_core::{Code, Fault};

/// Installs the hooks; called once, while the library is loaded.
pub fn install() {
    headroom::install(|| ext::tables().map_or(Oid::INVALID, |tables| tables.trusted_operators), no_headroom);
    paths::install(Rules {
        concerns,
        fence: predicate::fence,
        is_value: predicate::is_value,
        place,
        estimates,
        orders,
    });
}

fn concerns(table: Oid) -> bool {
    settings::search_indexes() && protected::all().contains_key(&table)
}

fn place(condition: Clause, families: &[Oid]) -> Option<Place> {
    condition.wrap_argument(bounded::wrapper);
    match examine(&term::read(condition), &examiner::Server { families, ordering: false })? {
        Grade::Total | Grade::Derived => Some(Place::Anywhere),
        Grade::Long | Grade::Guarded => Some(Place::Fenced),
    }
}

fn estimates(condition: Clause, families: &[Oid]) -> bool {
    may_estimate(&term::read(condition), &examiner::Server { families, ordering: false })
}

fn no_headroom() -> ! {
    raise(
        Fault::new(Code::StatementTooComplex, "stack depth limit exceeded")
            .detail("A search in a protected table needs 512 kB of stack.")
            .hint("Search outside of deeply nested functions, or increase max_stack_depth."),
    )
}

/// An expression that an index orders by. In a rescan or a recheck it is evaluated on rows of all tenants.
fn orders(expression: Clause, families: &[Oid]) -> bool {
    examine(&term::read(expression), &examiner::Server { families, ordering: true }) == Some(Grade::Total)
}
