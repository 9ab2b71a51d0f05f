//! What the caller asks for, and what comes out.

use serde::Deserialize;

/// The arguments of `protect()`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The column that names the row's tenant.
    pub tenant_column: String,
    /// The column that names the row's compartment; `None`: rows belong to their tenant only.
    pub compartment_column: Option<String>,
    /// The column that names the row's creator; `None` takes a text column `created_by` where there is one.
    pub creator_column: Option<String>,
    /// The tenant that gets the rows without one.
    pub backfill: Option<Backfill>,
    /// Primary, unique and foreign keys get the tenant column, and the compartment column where there is one.
    pub scope_keys: bool,
    /// For a whole schema: a table that is protected by another column already stays as it is.
    pub keep_recorded: bool,
    /// The tables are new children of a protected table: partitions have indexes and keys from there.
    pub as_children: bool,
}

/// The tenant of `backfill`, in all three of its names.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Backfill {
    /// For uuid columns.
    pub id: String,
    /// For text columns.
    pub name: String,
    /// For bigint and integer columns.
    pub key: Option<i64>,
}

/// A row of `watertight.protected_tables`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Record {
    /// The table.
    pub relation: u32,
    /// Its tenant column.
    pub tenant_column: String,
    /// Its creator column.
    pub creator_column: Option<String>,
    /// Its keys include the tenant column, and the compartment column where there is one.
    pub scope_keys: bool,
    /// Its compartment column.
    pub compartment_column: Option<String>,
}

impl Options {
    /// The tenant column of a table: the recorded one comes first, so that its rows can be looked at.
    pub fn column_of<'a>(&'a self, recorded: Option<&'a Record>) -> &'a str {
        recorded.map_or(&self.tenant_column, |record| &record.tenant_column)
    }
}

/// One statement, the table it changes and the role that must run it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The table it changes.
    pub relation: u32,
    /// Another table it reads: the referenced one of a foreign key.
    pub reads: Option<u32>,
    /// The owner of the table it changes.
    pub owner: u32,
    /// The statement.
    pub sql: String,
}

/// What to do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Statements, in this order.
    pub statements: Vec<Statement>,
    /// Registry rows that are new or different (of `unplan`: that go away).
    pub records: Vec<Record>,
}
