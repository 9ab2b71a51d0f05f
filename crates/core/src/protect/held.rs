//! Foreign keys that would keep a compartment's rows from being destroyed, or copy what is sealed in one into another.
//!
//! PostgreSQL checks a reference without row security, so a row of another compartment, or of another tenant, can reference one of an
//! ephemeral compartment that it cannot read. With NO ACTION or RESTRICT that row could then not be deleted. So a foreign key to a table
//! with compartments either cannot cross them, or gives way.

use std::collections::BTreeSet;

use super::facts::{ForeignKeyFacts, SideTenant, TableFacts};
use super::foreign::{is_scoped, tenant};
use super::subject::Subject;
use crate::{Code, Fault};

/// Looks at the foreign keys of these tables, in either direction, as they will be; those in `scoped` will not cross compartments.
///
/// # Errors
/// 2BP01
pub(super) fn check(tables: &[&Subject], scoped: &BTreeSet<u32>) -> Result<(), Fault> {
    tables
        .iter()
        .flat_map(|table| table.facts.foreign_keys.iter().chain(&table.facts.referenced_by))
        .filter(|key| !scoped.contains(&key.oid))
        .try_for_each(|key| may_stay(key, tables))
}

/// The same for the foreign keys of a table that somebody has just made or changed, as they are.
///
/// # Errors
/// 2BP01
pub fn references(table: &TableFacts) -> Result<(), Fault> {
    table.foreign_keys.iter().try_for_each(|key| may_stay(key, &[]))
}

/// The same for tables that are about to lose their compartments: what they reference keeps its own.
///
/// # Errors
/// 2BP01
pub(super) fn without_protection(tables: &[TableFacts]) -> Result<(), Fault> {
    let stays = |key: &ForeignKeyFacts| {
        let is_within = tables.iter().any(|table| table.oid == key.parent.oid);
        !is_within && key.parent.tenant.as_ref().is_some_and(has_compartments)
    };
    let holds = |key: &&ForeignKeyFacts| !key.inherited && key.enforced && !sets_null(key) && stays(key);
    match tables.iter().flat_map(|table| &table.foreign_keys).find(holds) {
        Some(key) => Err(held(key).hint(format!(
            "Take the protection of table {} away first, or drop the foreign key.",
            key.parent.label()
        ))),
        None => Ok(()),
    }
}

fn has_compartments(tenant: &SideTenant) -> bool {
    tenant.compartment.is_some()
}

fn sets_null(key: &ForeignKeyFacts) -> bool {
    key.on_delete == 'n' && key.clears
}

fn may_stay(key: &ForeignKeyFacts, tables: &[&Subject]) -> Result<(), Fault> {
    let Some(parent) = tenant(&key.parent, tables).filter(has_compartments) else { return Ok(()) };
    if key.inherited || !key.enforced {
        return Ok(());
    }
    let child = tenant(&key.child, tables).filter(has_compartments);
    let scoped = child.as_ref().is_some_and(|child| is_scoped(key, child, &parent));
    if key.on_update == 'c' && key.sealed && !scoped {
        return Err(copied(key));
    }
    if sets_null(key) {
        return Ok(());
    }
    match child {
        // What goes with it may be referenced in turn: as a table with compartments it is held to the same.
        Some(_) if key.on_delete == 'c' || scoped => Ok(()),
        Some(_) => Err(held(key).hint(format!(
            "Use scope_keys => true for table {}, or make the foreign key ON DELETE CASCADE or SET NULL.",
            key.parent.label()
        ))),
        None => Err(held(key).hint(format!(
            "Protect table {} with compartment_column first, or make the foreign key ON DELETE SET NULL.",
            key.child.label()
        ))),
    }
}

/// ON UPDATE CASCADE writes the parent's value into rows of other compartments as it is sealed.
fn copied(key: &ForeignKeyFacts) -> Fault {
    Fault::new(
        Code::DependentObjects,
        format!(
            "foreign key \"{}\" of table {} could copy encrypted values of table {} to where they do not open",
            key.name,
            key.child.label(),
            key.parent.label()
        ),
    )
    .detail("ON UPDATE CASCADE writes a compartment's value into rows of other compartments that reference it.")
    .hint(format!(
        "Use scope_keys => true for table {}, or make the foreign key ON UPDATE NO ACTION.",
        key.parent.label()
    ))
}

fn held(key: &ForeignKeyFacts) -> Fault {
    Fault::new(
        Code::DependentObjects,
        format!(
            "foreign key \"{}\" of table {} could keep rows of table {} from being destroyed with their compartment",
            key.name,
            key.child.label(),
            key.parent.label()
        ),
    )
    .detail("A row of another compartment or tenant could reference one of an ephemeral compartment.")
}
