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
    Aggregate, Attribute, Comment, DefaultPrivilege, Function, Need, Range, Sequence, Template, Type,
};
pub use plan::{Copies, Options, Plan, Statement, plan};
pub use relation::{Column, Constraint, Index, Parent, Part, Policy, Relation, Statistics};

use crate::{Code, Fault};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// What a query of ours builds as JSON.
pub trait Fact: DeserializeOwned {}

impl<T: DeserializeOwned> Fact for T {}

/// Reads it.
///
/// # Errors
/// 55000 when it does not fit: a bug of ours.
pub fn read<T: Fact>(json: &str) -> Result<T, Fault> {
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

impl Template {
    /// The roles that own something.
    pub fn owners(&self) -> BTreeSet<u32> {
        let statistics = self.relations.iter().flat_map(|relation| &relation.statistics);
        std::iter::once(self.owner)
            .chain(self.types.iter().map(|kind| kind.owner))
            .chain(self.functions.iter().map(|function| function.owner))
            .chain(self.sequences.iter().map(|sequence| sequence.owner))
            .chain(self.relations.iter().map(|relation| relation.owner))
            .chain(statistics.map(|statistics| statistics.owner))
            .collect()
    }
}

impl Template {
    /// The oids of whatever may have a comment.
    pub fn commented(&self) -> BTreeSet<u32> {
        let mut oids = BTreeSet::from([self.oid]);
        for kind in &self.types {
            oids.extend([kind.oid, kind.relation]);
            oids.extend(kind.constraints.iter().map(|constraint| constraint.oid));
        }
        oids.extend(self.functions.iter().map(|function| function.oid));
        oids.extend(self.sequences.iter().map(|sequence| sequence.oid));
        for relation in &self.relations {
            oids.insert(relation.oid);
            oids.extend(relation.constraints.iter().map(|constraint| constraint.oid));
            oids.extend(relation.indexes.iter().map(|index| index.oid));
            oids.extend(relation.triggers.iter().chain(&relation.rules).map(|part| part.oid));
            oids.extend(relation.policies.iter().map(|policy| policy.oid));
            oids.extend(relation.statistics.iter().map(|statistics| statistics.oid));
        }
        oids
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
