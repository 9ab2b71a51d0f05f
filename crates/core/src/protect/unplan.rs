//! The way back.

use super::column::{self, Holds};
use super::facts::TableFacts;
use super::options::{Plan, Statement};
use super::{compartment, creator, held, policy};
use crate::sql::ident;
use crate::{Code, Fault};

/// What `unprotect()` has to do for a table and its descendants. The columns, NOT NULL, indexes and scoped keys stay: the rows
/// still have their tenants. Row security stays where the owner has policies of their own.
///
/// # Errors
/// 42704 when the first table is not protected; 2BP01 for one that a foreign key ties to a table that keeps its compartments.
pub fn unplan(tables: &[TableFacts]) -> Result<Plan, Fault> {
    let mut plan = Plan::default();
    if let Some(root) = tables.first().filter(|root| root.protected.is_none()) {
        return Err(Fault::new(Code::UndefinedObject, format!("table {} is not protected", root.label())));
    }
    held::without_protection(tables)?;
    for table in tables {
        let Some(record) = &table.protected else { continue };
        trigger(table, &mut plan.statements);
        security(table, &mut plan.statements);
        let holds = table.column(&record.tenant_column).and_then(|column| Holds::of(&column.type_name));
        if let Some(holds) = holds {
            default(table, &record.tenant_column, holds.default(), &mut plan.statements);
        }
        if let Some(name) = &record.compartment_column {
            default(table, name, compartment::DEFAULT, &mut plan.statements);
        }
        plan.records.push(record.clone());
    }
    Ok(plan)
}

fn run(table: &TableFacts, sql: String) -> Statement {
    Statement { relation: table.oid, reads: None, owner: table.owner, sql }
}

fn trigger(table: &TableFacts, out: &mut Vec<Statement>) {
    if table.creator_trigger.is_some() {
        out.push(run(table, format!("DROP TRIGGER {} ON {}", ident(creator::TRIGGER), table.sql())));
    }
}

fn security(table: &TableFacts, out: &mut Vec<Statement>) {
    if table.policies.iter().any(|policy| policy.name == policy::POLICY) {
        out.push(run(table, format!("DROP POLICY {} ON {}", ident(policy::POLICY), table.sql())));
    }
    let others = table.policies.iter().any(|policy| policy.name != policy::POLICY);
    if !others && (table.row_security || table.forced) {
        out.push(run(
            table,
            format!("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY", table.sql()),
        ));
    }
}

/// Only on this table: a descendant has its own turn.
fn default(table: &TableFacts, name: &str, default: &str, out: &mut Vec<Statement>) {
    let ours = table.column(name).is_some_and(|column| column::has_default(column, default));
    if ours {
        out.push(run(
            table,
            format!("ALTER TABLE ONLY {} ALTER COLUMN {} DROP DEFAULT", table.sql(), ident(name)),
        ));
    }
}
