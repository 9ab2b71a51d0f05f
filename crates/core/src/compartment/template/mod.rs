//! Copying a schema: facts of the template become an ordered list of statements.

mod comments;
mod create;
mod facts;
mod functions;
mod order;
mod parts;
mod plan;
mod print;
mod refuse;
mod relation;
mod settings;
#[cfg(test)]
mod tests;
mod types;

pub use facts::{
    Aggregate, Attribute, DefaultPrivilege, Function, Need, Range, Sequence, Template, Type,
};
pub use plan::{Copies, Options, Plan, Statement, plan};
pub use relation::{
    Column, Constraint, Index, Parent, Part, Policy, Relation, Statistics,
};

use crate::{Code, Fault};
use serde::de::DeserializeOwned;

/// Reads what a query of ours has built as JSON.
///
/// # Errors
/// 55000 when it does not fit: a bug of ours.
pub fn read<T: DeserializeOwned>(json: &str) -> Result<T, Fault> {
    serde_json::from_str(json).map_err(|error| print::unreadable(&error.to_string()))
}

impl Template {
    /// Must it be found out which object needs which? Tables and sequences alone are ordered by their foreign keys.
    pub fn has_needs(&self) -> bool {
        !self.types.is_empty()
            || !self.functions.is_empty()
            || self.relations.iter().any(|relation| relation.view.is_some())
    }
}

/// Whether a schema can be a template at all.
///
/// # Errors
/// 42809 for a schema of the system or of Watertight.
pub fn schema(name: &str) -> Result<(), Fault> {
    if name.starts_with("pg_") || name == "information_schema" || name == "watertight" {
        return Err(Fault::new(Code::WrongObjectType, format!("schema \"{name}\" cannot be a template")));
    }
    Ok(())
}
