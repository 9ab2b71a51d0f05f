//! The floor: our predicate holds on every protected table, whatever other policies its owner adds.

use super::rewrite::{functions_for, number_of};
use crate::pg::error::raise;
use crate::registry::protected;
use crate::sys::lookup;
use crate::sys::policy::{self, Floor};
use pgrx::pg_sys::Oid;
use watertight_core::{Code, Fault};

/// Installs the hook; called once, while the library is loaded.
pub fn install() {
    policy::install(floor_of);
}

fn floor_of(relation: Oid) -> Option<Floor> {
    let entry = protected::get(relation)?;
    let floor = number_of(relation, &entry.tenant_column).and_then(|column| {
        let (kind, _, _) = lookup::attribute_type(relation, column);
        let (argument, using, check) = functions_for(kind)?;
        Some(Floor { column, using, check, argument })
    });
    // Registered, but the column is not what it was: there is no floor to add, so there is no access.
    Some(floor.unwrap_or_else(|| {
        raise(
            Fault::new(Code::NotInPrerequisiteState, "protected table has lost its tenant column")
                .hint("Restore the column, or take the protection away with watertight.unprotect()."),
        )
    }))
}
