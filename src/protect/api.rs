//! `protect()` and `unprotect()` as SQL calls them.

use super::family::{self, Asker, look_at_rows, members};
use super::{apply, backfill, catalog, free, owner};
use crate::pg::arguments::{given, name, required};
use crate::pg::error::OrRaise;
use crate::pg::role;
use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use std::ffi::CStr;
use watertight_core::protect::{Options, TableFacts, plan, unplan};

/// Puts a table, its partitions and its inheritance children under row security by tenant, and by compartment where
/// `compartment_column` names one. Returns the statements it ran
/// (with `dry_run`, would run); none when there was nothing to do.
///
/// # Errors
/// 22023 for a null argument, 42501 unless the caller owns the table, 42809 for what is not a table of one's own, 23502 when
/// rows would be left without a tenant, 42804 for a tenant or compartment column of another type, 2BP01 for materialised views or
/// unprotected references, 0A000 for families that would have different columns, and for keys that cannot include them.
#[pg_extern(sql = false)]
fn protect(
    relation: Option<Oid>,
    tenant_column: Option<&CStr>,
    compartment_column: Option<&CStr>,
    backfill: Option<&str>,
    scope_keys: Option<bool>,
    dry_run: Option<bool>,
    creator_column: Option<&CStr>,
) -> SetOfIterator<'static, String> {
    let relation = required("relation", relation);
    let dry_run = given("dry_run", dry_run);
    let mut options = Options {
        tenant_column: name(given("tenant_column", tenant_column)),
        compartment_column: compartment_column.map(name),
        creator_column: creator_column.map(name),
        scope_keys: given("scope_keys", scope_keys),
        ..Options::default()
    };
    let mut tables = locked(relation, if dry_run { family::READ } else { family::CHANGE });
    options.backfill = backfill.map(backfill::tenant);
    look_at_rows(&mut tables, &options);
    let plan = plan(&tables, &options).or_raise();
    owner::require_others(&plan, &tables);
    SetOfIterator::new(if dry_run { apply::texts(&plan) } else { apply::protect(&plan) })
}

/// Takes protection away from a table and its descendants. The columns, their values and indexes stay.
///
/// # Errors
/// 42501 unless the caller owns the table and is a member of `watertight_admin`, 42704 for a table without protection, 55000
/// for a table that its parent or its schema would have protected again.
#[pg_extern(sql = false)]
fn unprotect(relation: Option<Oid>) -> SetOfIterator<'static, String> {
    let relation = required("relation", relation);
    role::require_admin("take protection away");
    let tables = locked(relation, family::CHANGE);
    let plan = unplan(&tables).or_raise();
    free::require(&tables);
    SetOfIterator::new(apply::unprotect(&plan))
}

/// A table the caller owns, and everything below it, locked.
fn locked(relation: Oid, mode: &str) -> Vec<TableFacts> {
    let root = catalog::facts(relation);
    owner::require_table(&root);
    if mode != family::READ {
        family::require_read_committed();
    }
    family::lock(&root, mode);
    members(relation, Asker::User)
}
