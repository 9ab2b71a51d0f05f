//! The order of things.

use super::facts::TableFacts;
use super::options::{Options, Plan, Statement};
use super::scope::Scope;
use super::subject::{Subject, families};
use super::{column, compartment, creator, index, policy, refuse};
use crate::Fault;

/// What `protect()` has to do for these tables, a table listed before its descendants.
///
/// Columns come first, because keys and policies need them; then keys, of all tables together, because a foreign key
/// joins two of them; row security itself is last, so that everything before sees all rows.
///
/// # Errors
/// A [`Fault`] for each thing that cannot be protected; then nothing may be run.
pub fn plan(tables: &[TableFacts], options: &Options) -> Result<Plan, Fault> {
    let families = families(tables, options)?;
    refuse::open_parents(tables)?;
    let mut statements: Vec<Statement> = Vec::new();
    for family in &families {
        column::statements(family, options, &mut statements)?;
        compartment::statements(family, &mut statements)?;
    }
    let all: Vec<&Subject> = families.iter().flatten().collect();
    let scope = Scope::of(&all)?;
    scope.statements(&mut statements);
    for table in &all {
        index::statements(table, &scope, &mut statements);
        policy::statements(table, &mut statements);
        creator::statements(table, &mut statements);
    }
    for table in &all {
        policy::enable(table, &mut statements);
    }
    let records = all.iter().filter_map(|table| table.record()).collect();
    Ok(Plan { statements, records })
}
