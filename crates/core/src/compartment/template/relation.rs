//! The same for tables and views.

use serde::Deserialize;

/// A table or view.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Relation {
    /// `pg_class.oid`.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// Schema and name, quoted where necessary: as some definitions name it.
    pub label: String,
    /// `relkind`
    pub kind: char,
    /// Its owner.
    pub owner: u32,
    /// It has grants.
    pub acl: bool,
    /// UNLOGGED.
    pub unlogged: bool,
    /// `reloptions`
    pub options: Vec<String>,
    /// Those of its TOAST table.
    pub toast_options: Vec<String>,
    /// Its access method.
    pub access_method: Option<String>,
    /// Its tablespace, when not the database's.
    pub tablespace: Option<String>,
    /// It is a partition.
    pub partition: bool,
    /// FOR VALUES ...
    pub bound: Option<String>,
    /// What a partitioned table is partitioned by.
    pub partition_key: Option<String>,
    /// The composite type of a typed table.
    pub of_type: Option<String>,
    /// `relreplident`
    pub replica_identity: char,
    /// ROW LEVEL SECURITY is enabled.
    pub row_security: bool,
    /// ... and forced.
    pub forced: bool,
    /// A materialized view that has been filled.
    pub populated: bool,
    /// The query of a view.
    pub view: Option<String>,
    /// What it inherits from, or is a partition of.
    pub parents: Vec<Parent>,
    /// A partition of it in another schema.
    pub outside_partition: Option<String>,
    /// Columns, in their order.
    pub columns: Vec<Column>,
    /// Constraints, without those that come with others.
    pub constraints: Vec<Constraint>,
    /// Indexes, those of constraints included.
    pub indexes: Vec<Index>,
    /// Triggers, without those of constraints.
    pub triggers: Vec<Part>,
    /// Rules, without the one that makes a view.
    pub rules: Vec<Part>,
    /// Policies.
    pub policies: Vec<Policy>,
    /// Statistics objects.
    pub statistics: Vec<Statistics>,
}

/// What a table inherits from.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Parent {
    /// Its name.
    pub name: String,
    /// As it is shown.
    pub label: String,
    /// It is in the template, too.
    pub inside: bool,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Column {
    /// `attnum`
    pub number: i32,
    /// Its name.
    pub name: String,
    /// Its type as SQL writes it.
    pub type_name: String,
    /// Its collation, when not the type's.
    pub collation: Option<String>,
    /// `attcompression`, where set.
    pub compression: Option<char>,
    /// `attstorage`, when not the type's.
    pub storage: Option<char>,
    /// Its default, or what it is generated from.
    pub default: Option<String>,
    /// `attgenerated`, where set.
    pub generated: Option<char>,
    /// `attidentity`, where set.
    pub identity: Option<char>,
    /// `attnotnull`
    pub not_null: bool,
    /// It has grants.
    pub acl: bool,
    /// Options such as `n_distinct=-0.5`.
    pub options: Vec<String>,
    /// It has a statistics target.
    pub target: bool,
}

/// A constraint of a table or domain.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Constraint {
    /// Its oid.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// `contype`
    pub kind: char,
    /// `pg_get_constraintdef`
    pub definition: String,
    /// Neither NOT VALID nor NOT ENFORCED.
    pub validated: bool,
    /// Of NOT NULL: its column.
    #[serde(default)]
    pub column: Option<String>,
    /// Of a foreign key: the table it references.
    #[serde(default)]
    pub references: Option<u32>,
    /// Of a foreign key: relies on an index that belongs to no constraint.
    #[serde(default)]
    pub on_index: bool,
}

/// An index.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Index {
    /// `pg_class.oid`.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// It comes with a constraint.
    pub constraint: bool,
    /// `pg_get_indexdef`, unless it comes with a constraint.
    pub definition: Option<String>,
    /// `reloptions`, if it comes with a constraint.
    pub options: Option<Vec<String>>,
    /// Its tablespace, when not the database's.
    pub tablespace: Option<String>,
    /// The table is clustered on it.
    pub clustered: bool,
    /// It is the table's replica identity.
    pub replica_identity: bool,
    /// Has columns of its own: expressions.
    pub expressions: bool,
}

/// A trigger or rule.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Part {
    /// Its oid.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// As PostgreSQL prints it; `None` if it comes with the parent's.
    pub definition: Option<String>,
    /// `tgenabled` or `ev_enabled`, when not as it is created.
    pub enabled: Option<char>,
}

/// A row-security policy.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Policy {
    /// Its oid.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// PERMISSIVE.
    pub permissive: bool,
    /// `polcmd`
    pub command: char,
    /// Whom it concerns; `None` is PUBLIC.
    pub roles: Vec<Option<String>>,
    /// USING
    pub using: Option<String>,
    /// WITH CHECK
    pub check: Option<String>,
}

/// A statistics object.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Statistics {
    /// Its oid.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// Its owner.
    pub owner: u32,
    /// How its definition names it.
    pub head: String,
    /// `pg_get_statisticsobjdef`
    pub definition: String,
    /// Its statistics target, where set.
    pub target: Option<i32>,
}
