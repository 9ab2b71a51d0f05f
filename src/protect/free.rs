//! Whether protection may be taken away: nobody else may be speaking for a table of the family.

use super::{catalog, rules, schema};
use crate::pg::error::raise;
use pgrx::pg_sys::Oid;
use watertight_core::protect::{TableFacts, protected_through};

/// Raises 55000 if a parent outside of the family, or the schema of one of its tables, is protected: that table would have to
/// stay as it is while the rest of the family opens.
pub fn require(family: &[TableFacts]) {
    for table in family.iter().filter(|table| table.protected.is_some()) {
        let is_outside = |parent: &&u32| family.iter().all(|member| member.oid != **parent);
        let mut parents = table.parents.iter().filter(is_outside);
        if let Some(parent) = parents.find(|parent| rules::of_table(**parent).is_some()) {
            let parent = catalog::facts(Oid::from(*parent));
            raise(protected_through(table, &format!("table {}", parent.label())));
        }
        if schema::is_protected(&table.schema) {
            raise(protected_through(table, &format!("schema \"{}\"", table.schema)));
        }
    }
}
