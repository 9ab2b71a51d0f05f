//! Whose table it is.

use crate::pg::error::raise;
use crate::pg::role;
use pgrx::pg_sys::Oid;
use watertight_core::protect::TableFacts;
use watertight_core::{Code, Fault};

/// Raises 42501 unless the caller has the rights of the table's owner.
pub fn require_table(table: &TableFacts) {
    require(Oid::from(table.owner), "table", &format!("{}.{}", table.schema, table.name));
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
