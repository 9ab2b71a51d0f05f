//! What the caller asks for, and what comes out.

use serde::Deserialize;

/// The arguments of `protect()`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The column that names the row's tenant.
    pub tenant_column: String,
    /// The column that names the row's creator; `None` takes a text column `created_by` where there is one.
    pub creator_column: Option<String>,
    /// The tenant that gets the rows without one.
    pub backfill: Option<Backfill>,
    /// Primary, unique and foreign keys get the tenant column.
    pub scope_keys: bool,
    /// For a whole schema: a table that is protected by another column already stays as it is.
    pub keep_recorded: bool,
    /// The tables are new children of a protected table: partitions have indexes, keys and triggers from there.
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
    /// Its keys include the tenant column.
    pub scope_keys: bool,
}

impl Options {
    /// The tenant column of a table: the recorded one comes first, so that its rows can be looked at.
    pub fn column_of<'a>(&'a self, recorded: Option<&'a Record>) -> &'a str {
        recorded.map_or(&self.tenant_column, |record| &record.tenant_column)
    }
}

/// A table that a command has made or moved to where it must be protected, and the settings it takes from there.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Newcomer {
    /// The table.
    pub relation: u32,
    /// Because of its parent; otherwise because of its schema.
    pub child: bool,
    /// The tenant column.
    pub tenant_column: String,
    /// The parent's creator column.
    pub creator_column: Option<String>,
    /// Keys include the tenant column.
    pub scope_keys: bool,
}

impl Newcomer {
    /// As if `protect()` had been called with the settings of the parent or the schema.
    pub fn options(&self) -> Options {
        Options {
            tenant_column: self.tenant_column.clone(),
            creator_column: self.creator_column.clone(),
            scope_keys: self.scope_keys,
            as_children: self.child,
            ..Options::default()
        }
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
