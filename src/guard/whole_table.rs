//! What concerns a whole table, whoever's rows are in it: rights that `GRANT ALL` hands out by the way, and constraints.

use crate::pg::error::raise;
use crate::pg::role;
use crate::registry::protected;
use crate::sys::hooks::Force;
use crate::sys::lookup;
use crate::sys::statement::{Change, Statement};
use pgrx::pg_sys::Oid;
use watertight_core::{Code, Fault};

/// TRUNCATE empties a table for all tenants. (An administrator's bypass is a superuser's.)
pub fn truncate(relation: Oid) {
    if role::is_superuser(role::current()) || protected::get(relation).is_none() {
        return;
    }
    raise(
        Fault::new(Code::InsufficientPrivilege, "cannot truncate a protected table")
            .detail("TRUNCATE ignores row security: it would delete the rows of every tenant.")
            .hint("Use DELETE, or have a superuser do it."),
    )
}

/// A trigger runs in every tenant's sessions, so only the table's owner may add one; the TRIGGER right is not enough.
pub fn create_trigger(relation: Oid) {
    if relation == Oid::INVALID || protected::get(relation).is_none() {
        return;
    }
    if role::has_privs_of(role::current(), lookup::relation_owner(relation)) {
        return;
    }
    raise(
        Fault::new(Code::InsufficientPrivilege, "must be owner of a protected table to create a trigger on it")
            .detail("The trigger would run in the sessions of every tenant."),
    )
}

/// A new foreign key is checked against all rows of both tables, by a query of the table's owner. Under FORCE ROW LEVEL
/// SECURITY that query would see one tenant's rows, or none, and the constraint would be called valid all the same.
/// PostgreSQL's own triggers for foreign keys suspend FORCE in the same way.
pub fn force_for(statement: &Statement<'_>) -> Force {
    match statement {
        Statement::AlterTable { relation, changes }
            if changes.iter().any(|(change, _)| *change == Change::Constrain)
                && !protected::all().is_empty() =>
        {
            if protected::get(*relation).is_some() { Force::SuspendedQuietly } else { Force::Suspended }
        }
        _ => Force::InForce,
    }
}
