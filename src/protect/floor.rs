//! The floor: our predicate holds on every protected table, whatever other policies its owner adds.

use super::rewrite::{functions_for, number_of, touched};
use crate::pg::error::raise;
use crate::registry::protected::{self, ProtectedTable};
use crate::sys::lookup;
use crate::sys::policy::{self, Column, Floor};
use pgrx::pg_sys::{self, Oid};
use watertight_core::{Code, Fault};

/// Installs the hook; called once, while the library is loaded.
pub fn install() {
    policy::install(floor_of);
}

fn floor_of(relation: Oid) -> Option<Floor> {
    let entry = protected::get(relation)?;
    // Registered, but a column is not what it was: there is no floor to add, so there is no access.
    Some(floor_with(relation, &entry).unwrap_or_else(|| {
        raise(
            Fault::new(
                Code::NotInPrerequisiteState,
                "protected table has lost its tenant or compartment column",
            )
            .hint("Restore the column, or take the protection away with watertight.unprotect()."),
        )
    }))
}

fn floor_with(relation: Oid, entry: &ProtectedTable) -> Option<Floor> {
    let number = number_of(relation, &entry.tenant_column)?;
    let (kind, _, _) = lookup::attribute_type(relation, number);
    let functions = functions_for(kind, entry.compartment_column.is_some())?;
    let mut floor = Floor {
        columns: vec![Column { number, argument: functions.argument }],
        using: functions.visible,
        check: functions.writable,
        touched: None,
    };
    if let Some(column) = &entry.compartment_column {
        let number = number_of(relation, column)?;
        let (kind, _, _) = lookup::attribute_type(relation, number);
        if kind != pg_sys::UUIDOID {
            return None;
        }
        floor.columns.push(Column { number, argument: kind });
        floor.touched = Some((number, touched()?));
    }
    Some(floor)
}
