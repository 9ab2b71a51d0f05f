//! A table and everything below it: locked, allowed, and looked at.

use super::catalog::facts;
use super::owner;
use crate::pg::error::{OrRaise, internal, raise};
use crate::pg::{family, role, spi};
use pgrx::pg_sys::Oid;
use pgrx::spi::Spi;
use watertight_core::protect::{Options, TableFacts};
use watertight_core::{Code, Fault};

/// The lock to look at a table.
pub const READ: &str = "ACCESS SHARE";
/// The lock to change its protection.
pub const CHANGE: &str = "ACCESS EXCLUSIVE";

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// A user, who must own every table.
    User,
    /// An event trigger, on behalf of a parent or a schema that is protected already.
    Event,
}

/// Raises 55000 in a transaction that would not see what others have committed while it waited for a lock: a partition
/// might be missed.
pub fn require_read_committed() {
    let query = "SELECT pg_catalog.current_setting('transaction_isolation')";
    let level: Option<String> = spi::one(query, &[]);
    if level.as_deref() != Some("read committed") && level.as_deref() != Some("read uncommitted") {
        raise(
            Fault::new(
                Code::NotInPrerequisiteState,
                format!(
                    "cannot change protection in a transaction with isolation level {}",
                    level.unwrap_or_default()
                ),
            )
            .detail("It might not see a partition that another transaction has just added.")
            .hint("Use READ COMMITTED."),
        );
    }
}

/// Locks a relation as its owner, with [`READ`] or [`CHANGE`]. PostgreSQL locks the
/// descendants of a table with it.
pub fn lock(table: &TableFacts, mode: &str) {
    if !matches!(table.kind, 'r' | 'p') {
        return;
    }
    let command = format!("LOCK TABLE {} IN {mode} MODE", table.sql());
    role::as_user(Oid::from(table.owner), || Spi::run(&command)).map_err(internal).or_raise();
    // The lock was taken by name: another session may have renamed two tables in between.
    let query =
        "SELECT true FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                 WHERE c.oid = $1 AND n.nspname = $2 AND c.relname = $3";
    let arguments = [Oid::from(table.oid).into(), table.schema.as_str().into(), table.name.as_str().into()];
    if spi::one::<bool>(query, &arguments).is_none() {
        raise(
            Fault::new(
                Code::NotInPrerequisiteState,
                format!("table {} was renamed concurrently", table.label()),
            )
            .hint("Try again."),
        );
    }
}

/// The facts of a relation (which the caller has locked) and of everything below it, parents first.
pub fn members(root: Oid, asker: Asker) -> Vec<TableFacts> {
    let members: Vec<TableFacts> = family::of(root).into_iter().map(facts).collect();
    if asker == Asker::User {
        members.iter().for_each(owner::require_table);
    }
    members
}

/// Finds out, for a family, whether rows would be without a tenant.
pub fn look_at_rows(family: &mut [TableFacts], options: &Options) {
    let Some(root) = family.first() else { return };
    let column = options.column_of(root.protected.as_ref()).to_owned();
    for table in family {
        table.unassigned = unassigned(table, &column);
    }
}

/// `None` when row security hides rows from the owner: then the statements that need the answer will find it out.
fn unassigned(table: &TableFacts, column: &str) -> Option<bool> {
    let condition = match table.column(column) {
        _ if table.kind != 'r' => return Some(false),
        Some(column) if column.not_null => return Some(false),
        Some(column) => format!(" WHERE {} IS NULL", column.quoted),
        None => String::new(),
    };
    let owner = Oid::from(table.owner);
    if table.row_security && table.forced && !sees_all(owner) {
        return None;
    }
    let query = format!("SELECT EXISTS (SELECT FROM ONLY {}{condition})", table.sql());
    role::as_user(owner, || spi::one(&query, &[]))
}

fn sees_all(role: Oid) -> bool {
    let query = "SELECT r.rolsuper OR r.rolbypassrls FROM pg_catalog.pg_roles r WHERE r.oid = $1";
    spi::one(query, &[role.into()]).unwrap_or(false)
}
