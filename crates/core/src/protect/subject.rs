//! A table together with what was asked for it: options, the registry and its family settle each other here.

use super::column::{self, Holds};
use super::facts::{ColumnFacts, TableFacts};
use super::options::{Options, Record, Statement};
use super::refuse;
use super::{compartment, creator};
use crate::{Code, Fault};

/// A table to protect, with its settings decided.
pub(super) struct Subject<'a> {
    pub facts: &'a TableFacts,
    pub tenant_column: String,
    pub compartment_column: Option<String>,
    pub creator_column: Option<String>,
    pub scope_keys: bool,
    pub holds: Holds,
    /// A partition of a protected table: its indexes and keys come from there.
    pub from_parent: bool,
}

impl Subject<'_> {
    /// The tenant column, where it exists already.
    pub fn column(&self) -> Option<&ColumnFacts> {
        self.facts.column(&self.tenant_column)
    }

    /// The columns that say whose a row is: what its keys have to include.
    pub fn scope(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.tenant_column).chain(&self.compartment_column)
    }

    /// A statement about this table.
    pub fn run(&self, sql: String) -> Statement {
        Statement { relation: self.facts.oid, reads: None, owner: self.facts.owner, sql }
    }

    /// `ALTER TABLE <this table> <action>`.
    pub fn alter(&self, action: &str) -> Statement {
        self.run(format!("ALTER TABLE {} {action}", self.facts.sql()))
    }

    /// Its registry row, if that is new or different.
    pub fn record(&self) -> Option<Record> {
        let record = Record {
            relation: self.facts.oid,
            tenant_column: self.tenant_column.clone(),
            creator_column: self.creator_column.clone(),
            scope_keys: self.scope_keys,
            compartment_column: self.compartment_column.clone(),
        };
        (self.facts.protected.as_ref() != Some(&record)).then_some(record)
    }
}

/// Settles the settings of every table. `tables` lists a table before its descendants; a family is a table whose
/// parents are not listed and everything below it.
pub(super) fn families<'a>(
    tables: &'a [TableFacts],
    options: &Options,
) -> Result<Vec<Vec<Subject<'a>>>, Fault> {
    let mut families: Vec<Vec<Subject>> = Vec::new();
    for facts in tables {
        refuse::relation(facts)?;
        let is_child =
            |family: &[Subject]| family.iter().any(|table| facts.parents.contains(&table.facts.oid));
        let columns = families.iter().filter(|family| is_child(family)).flatten();
        refuse::different_parents(columns.map(|table| table.tenant_column.as_str()))?;
        let columns = families.iter().filter(|family| is_child(family)).flatten();
        refuse::different_compartments(columns.map(|table| table.compartment_column.as_deref()))?;
        match families.iter_mut().find(|family| is_child(family)) {
            Some(family) => {
                let member = member(facts, family)?;
                family.push(member);
            }
            None => families.push(vec![root(facts, options)?]),
        }
    }
    Ok(families)
}

fn root<'a>(facts: &'a TableFacts, options: &Options) -> Result<Subject<'a>, Fault> {
    let recorded = facts.protected.as_ref();
    let tenant_column = match recorded {
        Some(record) if record.tenant_column != options.tenant_column => {
            if !options.keep_recorded {
                return Err(other_column(facts, record));
            }
            record.tenant_column.clone()
        }
        _ => options.tenant_column.clone(),
    };
    let compartment_column = compartment::column(facts, options, &tenant_column)?;
    let creator_column = creator::column(facts, options, &tenant_column)?;
    compartment::differs(compartment_column.as_deref(), creator_column.as_deref())?;
    Ok(Subject {
        holds: column::holds(facts, &tenant_column)?,
        scope_keys: options.scope_keys || recorded.is_some_and(|record| record.scope_keys),
        facts,
        tenant_column,
        compartment_column,
        creator_column,
        from_parent: options.as_children && facts.partition,
    })
}

/// A descendant takes the settings of its family: its rows are read through the parent.
fn member<'a>(facts: &'a TableFacts, family: &[Subject<'a>]) -> Result<Subject<'a>, Fault> {
    let Some(root) = family.first() else {
        return Err(Fault::new(Code::UndefinedObject, "a family without a table"));
    };
    if let Some(record) = facts.protected.as_ref().filter(|record| record.tenant_column != root.tenant_column)
    {
        return Err(other_column(facts, record));
    }
    compartment::of_member(facts, root)?;
    let holds = match facts.column(&root.tenant_column) {
        Some(_) => column::holds(facts, &root.tenant_column)?,
        None => root.holds,
    };
    if holds != root.holds {
        return Err(Fault::new(
            Code::DatatypeMismatch,
            format!(
                "column \"{}\" of table {} and of its parent {} differ in type",
                root.tenant_column,
                facts.label(),
                root.facts.label()
            ),
        ));
    }
    Ok(Subject {
        holds,
        facts,
        tenant_column: root.tenant_column.clone(),
        compartment_column: root.compartment_column.clone(),
        creator_column: root.creator_column.clone(),
        scope_keys: root.scope_keys || facts.protected.as_ref().is_some_and(|record| record.scope_keys),
        from_parent: facts.partition,
    })
}

fn other_column(facts: &TableFacts, record: &Record) -> Fault {
    Fault::new(
        Code::InvalidParameter,
        format!("table {} is already protected by column \"{}\"", facts.label(), record.tenant_column),
    )
    .hint("Name that column as tenant_column, or call watertight.unprotect() first.")
}
