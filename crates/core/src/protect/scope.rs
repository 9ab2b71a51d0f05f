//! `scope_keys`: the tenant, and the compartment where there is one, become part of what must be unique and of what references
//! it.
//!
//! A key without the tenant answers whether another tenant has a value, and a foreign key without it joins rows of two
//! tenants. A foreign key follows the key it references: it includes the columns of both sides as soon as that key does.

use std::collections::BTreeSet;

use super::facts::Side;
use super::foreign;
use super::held;
use super::keys;
use super::options::Statement;
use super::policy;
use super::subject::Subject;
use crate::Fault;

/// The changes to keys of all tables of a plan.
#[derive(Default)]
pub(super) struct Scope {
    drops: Vec<Statement>,
    rebuilds: Vec<Statement>,
    adds: Vec<Statement>,
    forces: Vec<Statement>,
    indexed: BTreeSet<u32>,
}

impl Scope {
    /// Decides about the tables with `scope_keys`, and about foreign keys of all that stay without them.
    pub fn of(tables: &[&Subject]) -> Result<Scope, Fault> {
        let mut scope = Scope::default();
        let mut rebuilt = BTreeSet::new();
        for table in tables.iter().filter(|table| table.scope_keys) {
            for index in keys::unscoped(table)? {
                scope.rebuilds.extend(keys::rebuild(table, index));
                rebuilt.insert(index.oid);
                if keys::leads(table, index) {
                    scope.indexed.insert(table.facts.oid);
                }
            }
        }
        let changes = foreign::changes(tables, &rebuilt)?;
        held::check(
            tables,
            &changes.iter().filter(|change| change.within).map(|change| change.key).collect(),
        )?;
        let mut unforced = BTreeSet::new();
        for change in changes {
            for side in change.checks.into_iter().filter(|side| side.forced && unforced.insert(side.oid)) {
                scope.rebuilds.push(alter(side, policy::NO_FORCE));
                scope.forces.push(alter(side, policy::FORCE));
            }
            scope.drops.push(change.drop);
            scope.adds.extend(change.add);
        }
        Ok(scope)
    }

    /// Foreign keys away, keys rebuilt, foreign keys back.
    pub fn statements(&self, out: &mut Vec<Statement>) {
        out.extend(self.drops.iter().chain(&self.rebuilds).chain(&self.adds).chain(&self.forces).cloned());
    }

    /// Does a rebuilt key start with the tenant (and the compartment) and hold all rows?
    pub fn gives_index(&self, table: &Subject) -> bool {
        self.indexed.contains(&table.facts.oid)
    }
}

fn alter(side: &Side, action: &str) -> Statement {
    Statement {
        relation: side.oid,
        reads: None,
        owner: side.owner,
        sql: format!("ALTER TABLE {} {action}", side.sql()),
    }
}
