//! What the rules need to know about a table. `src/protect` reads these from the catalogs as JSON, in these names.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::options::Record;
use crate::{Code, Fault};

/// Reads what a query of ours has built as JSON.
///
/// # Errors
/// 55000 when it does not fit: a bug of ours, or a registry that was tampered with.
pub fn read<T: DeserializeOwned>(json: serde_json::Value) -> Result<T, Fault> {
    serde_json::from_value(json).map_err(|error| {
        Fault::new(Code::NotInPrerequisiteState, format!("watertight could not read its catalog: {error}"))
    })
}

/// A relation, as `pg_class` and its neighbours describe it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct TableFacts {
    /// `pg_class.oid`.
    pub oid: u32,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// `relkind`: only `r` and `p` can be protected.
    pub kind: char,
    /// A temporary table.
    pub temporary: bool,
    /// A table `OF` a composite type.
    pub typed: bool,
    /// In `pg_catalog`, `information_schema` or `pg_toast`.
    pub system: bool,
    /// The extension it is a member of.
    pub extension: Option<String>,
    /// `relowner`: its statements run as this role.
    pub owner: u32,
    /// A partition of one of `parents`.
    pub partition: bool,
    /// Direct parents (`pg_inherits`).
    pub parents: Vec<u32>,
    /// Those of `parents` that are not registered.
    #[serde(default)]
    pub open_parents: Vec<Parent>,
    /// `relrowsecurity`.
    pub row_security: bool,
    /// `relforcerowsecurity`.
    pub forced: bool,
    /// Do rows without a tenant exist, in this table alone? `None`: it could not be found out.
    pub unassigned: Option<bool>,
    /// Columns that are not dropped.
    pub columns: Vec<ColumnFacts>,
    /// Policies.
    pub policies: Vec<PolicyFacts>,
    /// Indexes, those of constraints included.
    pub indexes: Vec<IndexFacts>,
    /// Foreign keys of this table.
    pub foreign_keys: Vec<ForeignKeyFacts>,
    /// Foreign keys of other tables (or itself) that reference this one.
    pub referenced_by: Vec<ForeignKeyFacts>,
    /// The trigger `watertight_creator`, if there is one.
    pub creator_trigger: Option<TriggerFacts>,
    /// Materialised views that read it, directly or through views and functions.
    pub materialized_views: Vec<String>,
    /// Its row in the registry.
    pub protected: Option<Record>,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// Its name as `quote_ident` writes it: catalog expressions are compared with it.
    pub quoted: String,
    /// `typname` for a type of `pg_catalog` (`int4`, `varchar`), else the qualified name.
    pub type_name: String,
    /// The type as SQL writes it, for messages.
    pub shown_type: String,
    /// `attnotnull`.
    pub not_null: bool,
    /// The default expression.
    pub default: Option<String>,
    /// An identity or generated column.
    pub generated: bool,
    /// Its collation compares byte-wise distinct strings as distinct.
    pub deterministic: bool,
}

/// A row-security policy.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct PolicyFacts {
    /// Its name.
    pub name: String,
    /// Permissive, for all commands, to PUBLIC.
    pub plain: bool,
    /// The USING expression.
    pub using: Option<String>,
    /// The WITH CHECK expression.
    pub check: Option<String>,
}

/// An index, and the constraint it serves.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct IndexFacts {
    /// `indexrelid`.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// Unique.
    pub unique: bool,
    /// A valid btree index without a predicate, in the collation of its first column.
    pub lists: bool,
    /// Key columns; `None` is an expression.
    pub columns: Vec<Option<String>>,
    /// INCLUDE columns.
    pub include: Vec<String>,
    /// Has a predicate.
    pub partial: bool,
    /// NULLS NOT DISTINCT.
    pub nulls_not_distinct: bool,
    /// Storage parameters as SQL.
    pub options: Option<String>,
    /// Its tablespace, when not the database's.
    pub tablespace: Option<String>,
    /// The table's replica identity.
    pub replica_identity: bool,
    /// The table is clustered on it.
    pub clustered: bool,
    /// Belongs to an index or constraint of a parent table.
    pub inherited: bool,
    /// What `pg_get_indexdef` says from the first key column on.
    pub tail: String,
    /// Its comment.
    pub comment: Option<String>,
    /// The constraint it serves.
    pub constraint: Option<ConstraintFacts>,
}

/// A primary key, unique or exclusion constraint.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct ConstraintFacts {
    /// `contype`: `p`, `u` or `x`.
    pub kind: char,
    /// DEFERRABLE.
    pub deferrable: bool,
    /// INITIALLY DEFERRED.
    pub deferred: bool,
    /// WITHOUT OVERLAPS (PostgreSQL 18).
    pub temporal: bool,
    /// Exclusion: key columns that are compared with `=`.
    pub equal_columns: Vec<String>,
    /// Its comment.
    pub comment: Option<String>,
}

/// A foreign key.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct ForeignKeyFacts {
    /// `pg_constraint.oid`.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// The referencing table.
    pub child: Side,
    /// The referenced table.
    pub parent: Side,
    /// Referencing columns.
    pub columns: Vec<String>,
    /// Referenced columns.
    pub referenced: Vec<String>,
    /// A referenced column holds encrypted values.
    #[serde(default)]
    pub sealed: bool,
    /// The unique index it relies on.
    pub index: u32,
    /// MATCH FULL.
    pub match_full: bool,
    /// A referencing column may be NULL.
    pub nullable: bool,
    /// All columns that ON DELETE SET NULL would clear may be NULL.
    #[serde(default)]
    pub clears: bool,
    /// `confupdtype`.
    pub on_update: char,
    /// `confdeltype`.
    pub on_delete: char,
    /// The columns ON DELETE SET NULL or SET DEFAULT is limited to.
    pub delete_columns: Vec<String>,
    /// DEFERRABLE.
    pub deferrable: bool,
    /// INITIALLY DEFERRED.
    pub deferred: bool,
    /// Not NOT VALID.
    pub validated: bool,
    /// Not NOT ENFORCED (PostgreSQL 18).
    pub enforced: bool,
    /// PERIOD (PostgreSQL 18).
    pub temporal: bool,
    /// Belongs to a foreign key of the child's parent table.
    pub inherited: bool,
    /// Its comment.
    pub comment: Option<String>,
}

/// One side of a foreign key.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Side {
    /// The table.
    pub oid: u32,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its owner.
    pub owner: u32,
    /// Row security is enabled and forced: a check of existing rows would not see them all.
    pub forced: bool,
    /// Its tenant column, when it is protected.
    pub tenant: Option<SideTenant>,
    /// The column lists of its unique indexes that a foreign key can rely on.
    pub keys: Vec<Vec<String>>,
}

/// The tenant column of a protected table.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct SideTenant {
    /// Its name.
    pub column: String,
    /// Its type, as in [`ColumnFacts::type_name`].
    pub type_name: String,
    /// Its type, as in [`ColumnFacts::shown_type`].
    pub shown_type: String,
    /// The name of the table's compartment column.
    #[serde(default)]
    pub compartment: Option<String>,
}

/// The trigger that records a creator.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct TriggerFacts {
    /// The column it is given.
    pub column: Option<String>,
    /// Ours in every respect: function, events, no condition, ENABLE ALWAYS.
    pub intact: bool,
}

impl TableFacts {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&ColumnFacts> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The table in a statement.
    pub fn sql(&self) -> String {
        qualified(&self.schema, &self.name)
    }

    /// The table in a message.
    pub fn label(&self) -> String {
        let schema = if self.temporary { "pg_temp" } else { &self.schema };
        format!("\"{schema}.{}\"", self.name)
    }
}

impl Side {
    /// The table in a statement.
    pub fn sql(&self) -> String {
        qualified(&self.schema, &self.name)
    }

    /// The table in a message.
    pub fn label(&self) -> String {
        format!("\"{}.{}\"", self.schema, self.name)
    }
}

/// `"schema"."name"`.
pub(super) fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", crate::sql::ident(schema), crate::sql::ident(name))
}

/// A table that another one inherits from.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Parent {
    /// Its oid.
    pub oid: u32,
    /// As it is shown.
    pub label: String,
}
