//! No query reads or writes a registered table without row security, however it came about.

use crate::pg::error::raise;
use crate::protect::is_changing;
use crate::registry::protected;
use crate::sys::during::FILLING;
use crate::sys::lookup;
use crate::sys::query::{Applies, TableUse, applies, forget_plans};
use pgrx::pg_sys::Oid;
use watertight_core::protect::materialized_view_reads;
use watertight_core::{Code, Fault};

/// Is there anything to look for in this database?
pub fn needed() -> bool {
    !protected::all().is_empty()
}

/// A materialized view is about to be filled. A plan that a function has kept would read without asking again.
pub fn before_materialized_view() {
    if needed() {
        forget_plans();
    }
}

/// Raises 42501 for a registered table that the query would use without its predicate:
///
/// * PostgreSQL suspends FORCE for the actions of foreign keys, and with it for every trigger and rule that runs inside
///   them. Its own queries are let through; anything else is not.
/// * A query that was analysed inside and saved has no predicate either, outside. It is analysed anew.
/// * A table may have lost its row security behind our back (a command that raced with a rename, an incomplete
///   restore).
///
/// Raises 0A000 for any use of one while a materialized view is filled: by a function whose body is a string, for instance, in
/// which the event trigger sees no table.
pub fn check(table: TableUse) {
    if !protected::contains(table.relation) || is_changing(table.relation) {
        return;
    }
    let fault = match applies(&table) {
        Applies::Bypassed => return,
        _ if FILLING.active() => {
            let name = lookup::qualified_name(table.relation).unwrap_or_default();
            materialized_view_reads(&name)
        }
        Applies::Yes if table.restricted => return,
        Applies::Suspended if table.referential => return,
        Applies::Yes => refused("the query was prepared while row security was suspended").hint("Run it again."),
        Applies::Suspended => refused("row security is suspended here")
            .detail("PostgreSQL suspends it for triggers and rules that run inside the actions of foreign keys.")
            .hint("Read the table outside of such triggers and rules, or do the work of the foreign key yourself."),
        Applies::No => refused("its row security is not in force")
            .hint("Repair the table with watertight.protect(), or end the protection with watertight.unprotect()."),
    };
    forget_plans();
    raise(fault)
}

/// The same for the tables of SQL functions that the planner has put in place of their calls. They were analysed a moment ago, as
/// things are now, so where row security applies they have its predicates.
pub fn check_planned(table: TableUse) {
    check(TableUse { restricted: true, ..table });
}

/// Raises 42501 for a registered table that a plan would write without a check that has become necessary since.
pub fn stale(relation: Oid) {
    if protected::contains(relation) {
        raise(refused("the statement was planned before a trigger was made").hint("Run it again."));
    }
}

/// Our own tables: their triggers tell other backends what has changed.
pub fn is_ours(relation: Oid) -> bool {
    lookup::extension_of_relation(relation)
        .is_some_and(|extension| lookup::extension(c"watertight") == Some(extension))
}

fn refused(why: &str) -> Fault {
    Fault::new(Code::InsufficientPrivilege, format!("cannot use a protected table: {why}"))
}
