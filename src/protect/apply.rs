//! Running a plan: each statement as the owner of its table, then the registry.

use super::{change, record};
use crate::pg::error::{OrRaise, internal};
use crate::pg::role;
use pgrx::pg_sys::Oid;
use pgrx::spi::Spi;
use watertight_core::protect::{Plan, Statement};

/// Runs the statements and writes the registry rows; returns the statements' text.
pub fn protect(plan: &Plan) -> Vec<String> {
    plan.statements.iter().for_each(run);
    plan.records.iter().for_each(record::table);
    texts(plan)
}

/// Runs the statements and removes the registry rows; returns the statements' text.
pub fn unprotect(plan: &Plan) -> Vec<String> {
    plan.statements.iter().for_each(run);
    let relations: Vec<Oid> = plan.records.iter().map(|record| Oid::from(record.relation)).collect();
    record::forget_tables(&relations);
    texts(plan)
}

/// What would be run.
pub fn texts(plan: &Plan) -> Vec<String> {
    plan.statements.iter().map(|statement| statement.sql.clone()).collect()
}

/// As the table's owner: its triggers and index expressions run with the rights they always run with.
fn run(statement: &Statement) {
    change::during(statement, || role::as_user(Oid::from(statement.owner), || Spi::run(&statement.sql)))
        .map_err(internal)
        .or_raise();
}
