//! Tables that a command has made, or moved to where they must be protected.

use serde::Deserialize;

use super::options::Options;
use super::refuse;
use crate::Fault;

/// A table that a command has touched, or that is below one.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Found {
    /// The table.
    pub relation: u32,
    /// Its schema.
    pub schema: String,
    /// Its direct parents, in their order.
    pub parents: Vec<u32>,
}

/// How a parent or a schema is protected.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rule {
    /// The tenant column.
    pub tenant_column: String,
    /// The creator column (of a parent).
    pub creator_column: Option<String>,
    /// Keys include the tenant column, and the compartment column where there is one.
    pub scope_keys: bool,
    /// The compartment column.
    pub compartment_column: Option<String>,
}

/// A table that has to be protected now.
#[derive(Clone, Debug, PartialEq)]
pub struct Newcomer {
    /// Because of its parent; otherwise because of its schema.
    pub child: bool,
    /// As if `protect()` had been called with these.
    pub options: Options,
}

/// Is this a table to protect? Registered tables are left alone: a restore puts their parts back one by one. A parent
/// comes before the schema, and makes no exception for tables that an extension creates.
///
/// # Errors
/// 0A000 when the parents, or a registered table and its parent, are protected by different columns, 42809 for a registered table
/// under a parent that is not.
pub fn newcomer(
    found: &Found,
    by_extension: bool,
    table_rule: impl Fn(u32) -> Option<Rule>,
    schema_rule: impl Fn(&str) -> Option<Rule>,
) -> Result<Option<Newcomer>, Fault> {
    let parents: Vec<Rule> = found.parents.iter().filter_map(|parent| table_rule(*parent)).collect();
    if let Some(own) = table_rule(found.relation) {
        if parents.len() < found.parents.len() {
            return Err(refuse::open_parent());
        }
        // Where one of them has no compartments, its queries would show all compartments of the other.
        refuse::different_compartments(
            parents.iter().chain([&own]).map(|rule| rule.compartment_column.as_deref()),
        )?;
        return Ok(None);
    }
    refuse::different_parents(parents.iter().map(|rule| rule.tenant_column.as_str()))?;
    refuse::different_compartments(parents.iter().map(|rule| rule.compartment_column.as_deref()))?;
    let parent = parents.into_iter().next();
    let child = parent.is_some();
    let Some(rule) = parent.or_else(|| schema_rule(&found.schema).filter(|_| !by_extension)) else {
        return Ok(None);
    };
    let options = Options {
        tenant_column: rule.tenant_column,
        compartment_column: rule.compartment_column,
        creator_column: rule.creator_column,
        scope_keys: rule.scope_keys,
        as_children: child,
        ..Options::default()
    };
    Ok(Some(Newcomer { child, options }))
}
