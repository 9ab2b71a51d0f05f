//! What the rules need to know about a template schema. `src/compartment/clone` reads it from the catalogs as JSON, in these
//! names. Definitions are as PostgreSQL prints them with the template first in the search path: its own objects are named
//! without a schema.

use super::relation::{Constraint, Relation};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A schema and everything in it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Template {
    /// Its oid.
    pub oid: u32,
    /// Its name.
    pub schema: String,
    /// `nspowner`.
    pub owner: u32,
    /// `server_version_num`.
    pub version: u32,
    /// It has grants.
    pub acl: bool,
    /// Names of the owners of all objects.
    #[serde(default)]
    pub roles: BTreeMap<u32, String>,
    /// Comments on them.
    #[serde(default)]
    pub comments: Vec<Comment>,
    /// Somebody has default privileges for all schemas: new objects do not start without grants.
    pub default_privileges: bool,
    /// Default privileges in this schema.
    pub defaults: Vec<DefaultPrivilege>,
    /// Objects of kinds that cannot be cloned, as PostgreSQL describes them.
    pub unsupported: Vec<String>,
    /// Types of their own, without row types and arrays.
    #[serde(default)]
    pub types: Vec<Type>,
    /// Functions, procedures, aggregates.
    #[serde(default)]
    pub functions: Vec<Function>,
    /// Sequences, those of columns included.
    #[serde(default)]
    pub sequences: Vec<Sequence>,
    /// Tables, views, and whatever else is a relation and no sequence.
    #[serde(default)]
    pub relations: Vec<Relation>,
}

/// A comment.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Comment {
    /// The catalog of the object.
    pub class: String,
    /// Its oid there.
    pub oid: u32,
    /// The number of a column, or 0.
    pub part: i32,
    /// What it says.
    pub text: String,
}

/// One privilege that one role grants on what it creates.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct DefaultPrivilege {
    /// Who creates.
    pub role: u32,
    /// `defaclobjtype`.
    pub kind: char,
    /// To whom; `None` is PUBLIC.
    pub grantee: Option<String>,
    /// The privilege.
    pub privilege: String,
    /// WITH GRANT OPTION.
    pub grantable: bool,
}

/// A type.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Type {
    /// `pg_type.oid`.
    pub oid: u32,
    /// `typrelid`, which the attributes of a composite type belong to.
    pub relation: u32,
    /// Its name.
    pub name: String,
    /// `typtype`, or `p` for a shell.
    pub kind: char,
    /// Its owner.
    pub owner: u32,
    /// It has grants.
    pub acl: bool,
    /// Of an enum.
    pub labels: Vec<String>,
    /// Of a domain.
    pub base: Option<String>,
    /// Of a domain, when not the base type's.
    pub collation: Option<String>,
    /// Of a domain.
    pub default: Option<String>,
    /// Of a domain.
    pub not_null: bool,
    /// Of a domain.
    pub constraints: Vec<Constraint>,
    /// Of a composite type.
    pub attributes: Vec<Attribute>,
    /// Of a range type.
    pub range: Option<Range>,
}

/// An attribute of a composite type.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Attribute {
    /// `attnum`
    pub number: i32,
    /// Its name.
    pub name: String,
    /// Its type as SQL writes it.
    pub type_name: String,
    /// Its collation, when not the type's.
    pub collation: Option<String>,
}

/// What is special about a range type. Names are quoted.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Range {
    /// SUBTYPE
    pub subtype: String,
    /// SUBTYPE_OPCLASS
    pub opclass: String,
    /// COLLATION
    pub collation: Option<String>,
    /// Has a CANONICAL function.
    pub canonical: bool,
    /// SUBTYPE_DIFF
    pub difference: Option<String>,
    /// The name of the multirange type, not quoted.
    pub multirange: String,
}

/// A function, procedure or aggregate.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Function {
    /// `pg_proc.oid`.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// `prokind`.
    pub kind: char,
    /// Its owner.
    pub owner: u32,
    /// It has grants.
    pub acl: bool,
    /// Quoted name and input types.
    pub signature: String,
    /// How its definition names it, with the opening parenthesis.
    pub head: String,
    /// `pg_get_functiondef`; aggregates have none.
    pub definition: Option<String>,
    /// `proconfig`.
    pub settings: Vec<String>,
    /// Only a superuser may define it.
    pub superuser: bool,
    /// Of an aggregate.
    pub aggregate: Option<Aggregate>,
}

/// What is special about an aggregate, by the names of CREATE AGGREGATE's options. Names of functions are quoted.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Aggregate {
    /// Its arguments as SQL writes them.
    pub arguments: String,
    /// `aggkind`
    pub kind: char,
    /// SFUNC and others.
    pub functions: BTreeMap<String, String>,
    /// STYPE and MSTYPE.
    pub types: BTreeMap<String, Option<String>>,
    /// SSPACE and MSSPACE; 0 where not given.
    pub numbers: BTreeMap<String, i32>,
    /// INITCOND and MINITCOND.
    pub texts: BTreeMap<String, Option<String>>,
    /// FINALFUNC_EXTRA
    pub extra: bool,
    /// MFINALFUNC_EXTRA
    pub moving_extra: bool,
    /// FINALFUNC_MODIFY, `aggfinalmodify`
    pub modify: char,
    /// MFINALFUNC_MODIFY
    pub moving_modify: char,
    /// `proparallel`
    pub parallel: char,
    /// SORTOP
    pub sort: Option<String>,
}

/// A sequence.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Sequence {
    /// `pg_class.oid`.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// Its owner.
    pub owner: u32,
    /// It has grants.
    pub acl: bool,
    /// UNLOGGED.
    pub unlogged: bool,
    /// Its type.
    pub type_name: String,
    /// START
    pub start: i64,
    /// INCREMENT
    pub increment: i64,
    /// MINVALUE
    pub minimum: i64,
    /// MAXVALUE
    pub maximum: i64,
    /// CACHE
    pub cache: i64,
    /// CYCLE
    pub cycle: bool,
    /// The table of the column that owns it.
    pub table: Option<u32>,
    /// The column that owns it.
    pub column: Option<String>,
    /// That column is an identity column.
    pub identity: bool,
}

/// That one object needs another one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Need {
    /// `r`elation, `t`ype or `f`unction.
    pub kind: char,
    /// Its oid.
    pub oid: u32,
    /// What it needs.
    pub needs_kind: char,
    /// Its oid.
    pub needs_oid: u32,
    /// For a default or check constraint only: these can be added later.
    pub soft: bool,
}
