//! The compartment column: uuid, the nil uuid (Global) in all rows from before.

use super::column::{Inherited, Wanted, changes};
use super::facts::TableFacts;
use super::options::{Options, Statement};
use super::policy;
use super::refuse;
use super::subject::Subject;
use crate::compartment::GLOBAL;
use crate::sql::{ident, literal};
use crate::{Code, Fault};

/// The column's default.
pub(super) const DEFAULT: &str = "watertight.compartment_id()";

/// The compartment column of a table: the recorded one, else the one asked for. A missing one will be added.
pub(super) fn column(
    facts: &TableFacts,
    options: &Options,
    tenant_column: &str,
) -> Result<Option<String>, Fault> {
    let recorded = facts.protected.as_ref().and_then(|record| record.compartment_column.as_ref());
    let asked = options.compartment_column.as_ref();
    if let (Some(recorded), Some(asked)) = (recorded, asked)
        && recorded != asked
        && !options.keep_recorded
    {
        return Err(other_column(facts, recorded));
    }
    let Some(name) = recorded.or(asked) else { return Ok(None) };
    if name == tenant_column {
        return Err(Fault::new(
            Code::InvalidParameter,
            "one column cannot name both the tenant and the compartment",
        ));
    }
    holds(facts, name)?;
    Ok(Some(name.clone()))
}

/// Refuses one column for two things.
pub(super) fn differs(compartment: Option<&str>, creator: Option<&str>) -> Result<(), Fault> {
    if compartment.is_some() && compartment == creator {
        return Err(Fault::new(
            Code::InvalidParameter,
            "one column cannot name both the compartment and the creator",
        ));
    }
    Ok(())
}

/// A descendant takes the column of its family, or there is none in both: its rows are read through the parent.
pub(super) fn of_member(facts: &TableFacts, root: &Subject) -> Result<(), Fault> {
    if let Some(own) = facts.protected.as_ref().and_then(|record| record.compartment_column.as_deref()) {
        refuse::different_compartments([Some(own), root.compartment_column.as_deref()].into_iter())?;
    }
    root.compartment_column.as_ref().map_or(Ok(()), |name| holds(facts, name))
}

fn holds(facts: &TableFacts, name: &str) -> Result<(), Fault> {
    let Some(column) = facts.column(name) else { return Ok(()) };
    if column.type_name == "uuid" && !column.generated {
        return Ok(());
    }
    Err(Fault::new(
        Code::DatatypeMismatch,
        format!(
            "column \"{name}\" of table {} is of type {} and cannot name a compartment",
            facts.label(),
            column.shown_type
        ),
    )
    .hint("A compartment column is uuid, and not generated."))
}

fn other_column(facts: &TableFacts, recorded: &str) -> Fault {
    Fault::new(
        Code::InvalidParameter,
        format!("table {} is already protected by compartment column \"{recorded}\"", facts.label()),
    )
    .hint("Name that column as compartment_column, or call watertight.unprotect() first.")
}

/// The statements that put every row of a family (a table and its descendants) into a compartment: those from before into
/// Global.
pub(super) fn statements(family: &[Subject], out: &mut Vec<Statement>) -> Result<(), Fault> {
    let Some((root, name)) = family.first().and_then(|root| Some((root, root.compartment_column.as_ref()?)))
    else {
        return Ok(());
    };
    let mut passed_on = Inherited::default();
    if root.facts.column(name).is_none() {
        if root.facts.partition {
            return Err(Fault::new(
                Code::FeatureNotSupported,
                format!("partition {} has no column \"{name}\"", root.facts.label()),
            )
            .hint("A column cannot be added to one partition. Protect the partitioned table."));
        }
        // A constant default fills existing rows without rewriting the table. Where a descendant has the column already,
        // NOT NULL has to wait until its rows are filled, too.
        let at_once = family.iter().all(|table| table.facts.column(name).is_none());
        let not_null = if at_once { " NOT NULL" } else { "" };
        out.push(root.alter(&format!("ADD COLUMN {} uuid DEFAULT {}{not_null}", ident(name), global())));
        passed_on = Inherited { column: true, not_null: at_once, default: false };
    }
    for table in family {
        fill(table, name, out);
    }
    for table in family {
        let wanted = Wanted { name, default: DEFAULT };
        let changes = changes(table, wanted, &mut passed_on, table.facts.oid == root.facts.oid);
        if !changes.is_empty() {
            out.push(table.alter(&changes.join(", ")));
        }
    }
    Ok(())
}

fn global() -> String {
    literal(&GLOBAL.to_string())
}

/// A column that is there and may be null: what has no compartment is in Global.
fn fill(table: &Subject, name: &str, out: &mut Vec<Statement>) {
    if table.facts.kind == 'r' && table.facts.column(name).is_some_and(|column| !column.not_null) {
        let name = ident(name);
        let fill =
            format!("UPDATE ONLY {} SET {name} = {} WHERE {name} IS NULL", table.facts.sql(), global());
        policy::unforced(table, table.run(fill), out);
    }
}
