//! Whose table it is.

use super::catalog;
use crate::pg::error::raise;
use crate::pg::role;
use pgrx::pg_sys::Oid;
use std::collections::BTreeSet;
use watertight_core::protect::{Plan, TableFacts};
use watertight_core::{Code, Fault};

/// Raises 42501 unless the caller has the rights of the table's owner.
pub fn require_table(table: &TableFacts) {
    require(Oid::from(table.owner), "table", &format!("{}.{}", table.schema, table.name));
}

/// Raises 42501 unless the caller also owns the tables outside of the family that a plan changes: those with foreign keys.
pub fn require_others(plan: &Plan, family: &[TableFacts]) {
    let others: BTreeSet<u32> = plan.statements.iter().map(|statement| statement.relation).collect();
    for other in others.into_iter().filter(|oid| family.iter().all(|table| table.oid != *oid)) {
        require_table(&catalog::facts(Oid::from(other)));
    }
}

/// Raises 42501 unless the caller has the rights of `owner`.
pub fn require(owner: Oid, kind: &str, name: &str) {
    if !role::has_privs_of(role::current(), owner) {
        raise(
            Fault::new(Code::InsufficientPrivilege, format!("must be owner of {kind} \"{name}\""))
                .hint(format!("Only the owner of a {kind} may change its protection.")),
        );
    }
}
