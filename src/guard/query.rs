//! No query reads or writes a registered table without row security, however it came about.

use crate::pg::error::raise;
use crate::protect::is_changing;
use crate::registry::protected;
use crate::sys::query::{Applies, TableUse, applies, forget_plans};
use pgrx::pg_sys::Oid;
use watertight_core::{Code, Fault};

/// Is there anything to look for in this database?
pub fn needed() -> bool {
    !protected::all().is_empty()
}

/// Raises 42501 for a registered table that the query would use without its predicate:
///
/// * PostgreSQL suspends FORCE for the actions of foreign keys, and with it for every trigger and rule that runs inside
///   them. Its own queries are let through; anything else is not.
/// * A query that was analysed inside and saved has no predicate either, outside. It is analysed anew.
/// * A table may have lost its row security behind our back (a command that raced with a rename, an incomplete
///   restore).
pub fn check(table: TableUse) {
    if !protected::contains(table.relation) || is_changing(table.relation) {
        return;
    }
    let fault = match applies(&table) {
        Applies::Bypassed => return,
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

/// Raises 42501 for a registered table that a plan would write without a check that has become necessary since.
pub fn stale(relation: Oid) {
    if protected::contains(relation) {
        raise(refused("the statement was planned before a trigger was made").hint("Run it again."));
    }
}

fn refused(why: &str) -> Fault {
    Fault::new(Code::InsufficientPrivilege, format!("cannot use a protected table: {why}"))
}
