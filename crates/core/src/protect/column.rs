//! The tenant column: its type, its rows, its default.

use super::facts::{ColumnFacts, TableFacts};
use super::options::{Backfill, Options, Statement};
use super::policy;
use super::subject::Subject;
use crate::sql::{ident, literal};
use crate::{Code, Fault};

/// Which of a tenant's three names a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// uuid.
    Id,
    /// text, varchar.
    Name,
    /// bigint, integer.
    Key,
}

impl Holds {
    /// By the name of the type; `None` for a type that cannot serve (a domain, too: its checks are not ours).
    pub fn of(type_name: &str) -> Option<Holds> {
        match type_name {
            "uuid" => Some(Holds::Id),
            "text" | "varchar" => Some(Holds::Name),
            "int8" | "int4" => Some(Holds::Key),
            _ => None,
        }
    }

    /// The default of a column.
    pub const fn default(self) -> &'static str {
        match self {
            Holds::Id => "watertight.tenant_id()",
            Holds::Name => "watertight.tenant()",
            Holds::Key => "watertight.tenant_key()",
        }
    }

    fn value(self, tenant: &Backfill) -> Result<String, Fault> {
        match (self, tenant.key) {
            (Holds::Id, _) => Ok(literal(&tenant.id)),
            (Holds::Name, _) => Ok(literal(&tenant.name)),
            (Holds::Key, Some(key)) => Ok(key.to_string()),
            (Holds::Key, None) => {
                Err(Fault::new(Code::InvalidParameter, format!("tenant \"{}\" has no key", tenant.name))
                    .hint("An integer tenant column needs a tenant with a key."))
            }
        }
    }
}

/// What a table's tenant column holds; a missing one will be added as uuid.
pub(super) fn holds(table: &TableFacts, name: &str) -> Result<Holds, Fault> {
    let Some(column) = table.column(name) else { return Ok(Holds::Id) };
    let label = format!("column \"{name}\" of table {}", table.label());
    let Some(holds) = Holds::of(&column.type_name) else {
        return Err(Fault::new(
            Code::DatatypeMismatch,
            format!("{label} is of type {} and cannot name a tenant", column.shown_type),
        )
        .hint("A tenant column is uuid (the tenant's id), text or varchar (its name), bigint or integer (its key)."));
    };
    if column.generated {
        return Err(Fault::new(
            Code::FeatureNotSupported,
            format!("{label} is generated and cannot name a tenant"),
        )
        .hint("The default of a tenant column is the tenant of the session. Use an ordinary column."));
    }
    if !column.deterministic {
        return Err(Fault::new(
            Code::DatatypeMismatch,
            format!("{label} has a nondeterministic collation and cannot name a tenant"),
        )
        .hint("Two tenants whose names differ must never compare as equal. Use a deterministic collation."));
    }
    Ok(holds)
}

/// The statements that give every row of a family (a table and its descendants) a tenant.
pub(super) fn statements(
    family: &[Subject],
    options: &Options,
    out: &mut Vec<Statement>,
) -> Result<(), Fault> {
    let Some(root) = family.first() else { return Ok(()) };
    let mut passed_on = Inherited::default();
    if root.column().is_none() {
        add(family, root, options, &mut passed_on, out)?;
    }
    for table in family {
        fill(table, options, out)?;
    }
    for table in family {
        let wanted = Wanted { name: &table.tenant_column, default: table.holds.default() };
        let changes = changes(table, wanted, &mut passed_on, table.facts.oid == root.facts.oid);
        if !changes.is_empty() {
            out.push(table.alter(&changes.join(", ")));
        }
    }
    Ok(())
}

/// What the root's statements have given to its descendants: ALTER TABLE recurses.
#[derive(Default)]
pub(super) struct Inherited {
    pub column: bool,
    pub not_null: bool,
    pub default: bool,
}

/// What a column has to be like in the end: NOT NULL, with this default.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub name: &'a str,
    pub default: &'a str,
}

fn add(
    family: &[Subject],
    root: &Subject,
    options: &Options,
    passed_on: &mut Inherited,
    out: &mut Vec<Statement>,
) -> Result<(), Fault> {
    if root.facts.partition {
        return Err(Fault::new(
            Code::FeatureNotSupported,
            format!("partition {} has no column \"{}\"", root.facts.label(), root.tenant_column),
        )
        .hint("A column cannot be added to one partition. Protect the partitioned table."));
    }
    let mut default = String::new();
    for table in
        family.iter().filter(|table| table.facts.unassigned != Some(false) && table.column().is_none())
    {
        match &options.backfill {
            Some(tenant) => default = format!(" DEFAULT {}", Holds::Id.value(tenant)?),
            None if table.facts.unassigned == Some(true) => return Err(without_tenant(table)),
            None => {}
        }
    }
    // A constant default fills existing rows without rewriting the table and without firing its triggers. Where a
    // descendant has the column already, NOT NULL has to wait until its rows are filled, too.
    let at_once = family.iter().all(|table| table.column().is_none());
    let not_null = if at_once { " NOT NULL" } else { "" };
    out.push(root.alter(&format!("ADD COLUMN {} uuid{default}{not_null}", ident(&root.tenant_column))));
    *passed_on = Inherited { column: true, not_null: at_once, default: false };
    Ok(())
}

/// Fills rows whose tenant is NULL. Without `backfill` this is the place where protection is refused: a row without a
/// tenant would be visible to nobody, and nobody would notice.
fn fill(table: &Subject, options: &Options, out: &mut Vec<Statement>) -> Result<(), Fault> {
    let may_have = table.facts.unassigned != Some(false) && table.facts.kind == 'r';
    let Some(column) = table.column().filter(|column| !column.not_null && may_have) else { return Ok(()) };
    match &options.backfill {
        Some(tenant) => {
            let name = ident(&column.name);
            let value = table.holds.value(tenant)?;
            let fill = format!("UPDATE ONLY {} SET {name} = {value} WHERE {name} IS NULL", table.facts.sql());
            policy::unforced(table, table.run(fill), out);
            Ok(())
        }
        None if table.facts.unassigned == Some(true) => Err(without_tenant(table)),
        None => Ok(()),
    }
}

fn without_tenant(table: &Subject) -> Fault {
    Fault::new(
        Code::NotNullViolation,
        format!("rows of table {} would be left without a tenant", table.facts.label()),
    )
    .detail("Nothing was changed.")
    .hint("Name the tenant that owns them: backfill => '<tenant>'.")
}

/// The actions of ALTER TABLE that make the column so.
pub(super) fn changes(table: &Subject, wanted: Wanted, passed_on: &mut Inherited, root: bool) -> Vec<String> {
    let name = ident(wanted.name);
    let column = table.facts.column(wanted.name);
    let added = passed_on.column && (root || column.is_none());
    let not_null = passed_on.not_null || (!added && column.is_some_and(|column| column.not_null));
    let default =
        passed_on.default || (!added && column.is_some_and(|column| has_default(column, wanted.default)));
    let mut changes = Vec::new();
    if !default {
        changes.push(format!("ALTER COLUMN {name} SET DEFAULT {}", wanted.default));
    }
    if !not_null {
        changes.push(format!("ALTER COLUMN {name} SET NOT NULL"));
    }
    if root {
        passed_on.default |= !default;
        passed_on.not_null |= !not_null;
    }
    changes
}

pub(super) fn has_default(column: &ColumnFacts, default: &str) -> bool {
    column.default.as_deref() == Some(default)
}
