//! What cannot be protected, and why.

use std::collections::BTreeSet;

use super::facts::TableFacts;
use crate::{Code, Fault};

/// Refuses a relation that row security cannot hold for, or that is not the caller's to protect.
pub(super) fn relation(table: &TableFacts) -> Result<(), Fault> {
    kind(table)?;
    if table.temporary {
        return Err(wrong(table, "temporary table")
            .hint("A temporary table belongs to one session. Use an ordinary table."));
    }
    if table.system || table.kind == 't' {
        return Err(wrong(table, "system table").hint("Only tables of your own schemas can be protected."));
    }
    if table.schema == "watertight" {
        return Err(wrong(table, "table").hint("The tables of Watertight guard themselves."));
    }
    if table.typed {
        return Err(wrong(table, "typed table")
            .detail("Whoever owns its type changes its columns.")
            .hint("Make it an ordinary table: ALTER TABLE ... NOT OF."));
    }
    if let Some(extension) = &table.extension {
        return Err(wrong(table, "table")
            .detail(format!("It belongs to the extension \"{extension}\"."))
            .hint("Keep tenants' rows in tables of your own."));
    }
    materialized_views(table)
}

fn kind(table: &TableFacts) -> Result<(), Fault> {
    let (kind, hint) = match table.kind {
        'r' | 'p' | 't' => return Ok(()),
        'v' => ("view", "Protect the tables that the view reads."),
        'm' => (
            "materialized view",
            "It would keep one tenant's rows for all. Use a view, or a protected table.",
        ),
        'f' if table.partition => (
            "foreign table",
            "PostgreSQL has no row security for foreign tables. Detach this partition, or move its rows into a table.",
        ),
        'f' => (
            "foreign table",
            "PostgreSQL has no row security for foreign tables. Copy its rows into a table.",
        ),
        'S' => ("sequence", "Protect the tables that use it."),
        'i' | 'I' => ("index", "Protect the table that it belongs to."),
        _ => ("relation", "Only tables can be protected."),
    };
    Err(wrong(table, kind).hint(hint))
}

fn wrong(table: &TableFacts, kind: &str) -> Fault {
    Fault::new(Code::WrongObjectType, format!("{kind} {} cannot be protected", table.label()))
}

fn materialized_views(table: &TableFacts) -> Result<(), Fault> {
    if table.materialized_views.is_empty() {
        return Ok(());
    }
    Err(Fault::new(
        Code::DependentObjects,
        format!("cannot protect table {} because materialized views read it", table.label()),
    )
    .detail(format!("Materialized views: {}.", table.materialized_views.join(", ")))
    .hint("A materialized view keeps the rows of all tenants. Drop it, or replace it by a view."))
}

/// Refuses a schema that cannot be protected.
pub fn schema(name: &str) -> Result<(), Fault> {
    let system = name == "watertight" || name == "information_schema" || name.starts_with("pg_");
    if !system {
        return Ok(());
    }
    Err(Fault::new(Code::WrongObjectType, format!("schema \"{name}\" cannot be protected"))
        .hint("Only schemas of your own can be protected."))
}

/// A relation that may not exist inside a protected schema, by its kind: row security cannot hold for it.
pub fn schema_member(table: &TableFacts) -> Result<(), Fault> {
    if table.kind != 'f' {
        return Ok(());
    }
    Err(Fault::new(
        Code::WrongObjectType,
        format!("foreign table {} cannot be in a protected schema", table.label()),
    )
    .hint("PostgreSQL has no row security for foreign tables. Put it into another schema."))
}

/// `unprotect` of a table whose parent or schema would have it protected again at once. `through` names that.
pub fn protected_through(table: &TableFacts, through: &str) -> Fault {
    Fault::new(
        Code::NotInPrerequisiteState,
        format!("table {} is protected because {through} is", table.label()),
    )
    .hint(format!("Take the protection of {through} away, or move the table out of it first."))
}

const KEEPS_ROWS: &str =
    "It would keep one tenant's rows for all. Use a view, or a protected table that is filled per tenant.";

/// A materialised view over a protected table.
pub fn materialized_view(view: &str, table: &str) -> Fault {
    Fault::new(
        Code::FeatureNotSupported,
        format!("materialized view \"{view}\" cannot read protected table \"{table}\""),
    )
    .hint(KEEPS_ROWS)
}

/// The same, found out while it is filled.
pub fn materialized_view_reads(table: &str) -> Fault {
    Fault::new(
        Code::FeatureNotSupported,
        format!("a materialized view cannot read protected table \"{table}\""),
    )
    .hint(KEEPS_ROWS)
}

/// The refusal of a table that a command has just made: `backfill` cannot be given there.
pub fn created(fault: Fault) -> Fault {
    if fault.code != Code::NotNullViolation {
        return fault;
    }
    fault.hint("Select the tenant column, too, or create the table in a schema that is not protected.")
}

/// Refuses a table whose parents have different tenant columns: its rows would have two tenants.
pub(super) fn different_parents<'a>(columns: impl Iterator<Item = &'a str>) -> Result<(), Fault> {
    let columns: BTreeSet<&str> = columns.collect();
    if columns.len() < 2 {
        return Ok(());
    }
    let columns: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
    Err(Fault::new(
        Code::FeatureNotSupported,
        "a table cannot inherit from tables that are protected by different columns",
    )
    .detail(format!("Tenant columns: {}.", columns.join(", ")))
    .hint("A row has one tenant. Use one parent, or one tenant column for all parents."))
}

/// Refuses a family whose tables have different compartment columns, or some none: a query of one reads rows of another.
pub(super) fn different_compartments<'a>(
    columns: impl Iterator<Item = Option<&'a str>>,
) -> Result<(), Fault> {
    let columns: BTreeSet<Option<&str>> = columns.collect();
    if columns.len() < 2 {
        return Ok(());
    }
    let columns: Vec<String> =
        columns.iter().map(|column| column.map_or("none".to_owned(), |name| format!("\"{name}\""))).collect();
    Err(Fault::new(
        Code::FeatureNotSupported,
        "a table and its parents cannot be protected by different compartment columns",
    )
    .detail(format!("Compartment columns: {}.", columns.join(", ")))
    .hint("Protect all of them with the same compartment_column first."))
}

const OPEN_PARENT: &str =
    "A query of the parent reads the rows of its children, under the parent's policies.";

/// Refuses tables whose parents are neither protected nor about to be.
pub(super) fn open_parents(tables: &[TableFacts]) -> Result<(), Fault> {
    let planned: BTreeSet<u32> = tables.iter().map(|table| table.oid).collect();
    let open = |table: &TableFacts| {
        table
            .open_parents
            .iter()
            .find(|parent| !planned.contains(&parent.oid))
            .map(|parent| parent.label.clone())
    };
    let Some((table, parent)) = tables.iter().find_map(|table| Some((table, open(table)?))) else {
        return Ok(());
    };
    Err(Fault::new(
        Code::WrongObjectType,
        format!("table {} cannot be protected because its parent {parent} is not", table.label()),
    )
    .detail(OPEN_PARENT)
    .hint("Protect the parent: that protects its children, too."))
}

/// Refuses to put a protected table under a parent that is not protected.
pub(super) fn open_parent() -> Fault {
    Fault::new(Code::WrongObjectType, "a protected table cannot inherit from a table that is not protected")
        .detail(OPEN_PARENT)
        .hint(
            "Protect the parent first, or take the protection of the table away with watertight.unprotect().",
        )
}
