//! `protect_schema()`: every table of a schema, now and later.

use super::family::{self, Asker, look_at_rows, members};
use super::{apply, backfill, catalog, free, owner, record};
use crate::pg::arguments::{given, name, required};
use crate::pg::error::{OrRaise, raise};
use crate::pg::{role, spi};
use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use std::collections::BTreeSet;
use std::ffi::CStr;
use watertight_core::protect::{self, Options, TableFacts, plan, unplan};
use watertight_core::{Code, Fault};

// Tables of the schema whose parents are not in it; those below them come with their family. Extensions look after their
// own tables.
const ROOTS: &str = "
    SELECT c.oid
    FROM pg_catalog.pg_class c
    WHERE c.relnamespace = $1 AND c.relkind IN ('r', 'p', 'f')
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_class p ON p.oid = h.inhparent
            WHERE h.inhrelid = c.oid AND p.relnamespace = $1)
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend d
            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.relname";

/// Puts every table of a schema under row security by tenant (and by compartment), and every table that is created in it or moved into it later.
/// Returns the statements it ran (with `dry_run`, would run). Keys are scoped for all tables together.
///
/// # Errors
/// As `protect()`, for each table; 42501 unless the caller owns the schema, too; 42809 for a schema of the system.
#[pg_extern(sql = false)]
fn protect_schema(
    schema: Option<Oid>,
    tenant_column: Option<&CStr>,
    backfill: Option<&str>,
    scope_keys: Option<bool>,
    dry_run: Option<bool>,
    compartment_column: Option<&CStr>,
) -> SetOfIterator<'static, String> {
    let schema = owned(required("schema", schema));
    let dry_run = given("dry_run", dry_run);
    let (scoped, recorded) = recorded(schema);
    let mut options = Options {
        tenant_column: name(given("tenant_column", tenant_column)),
        compartment_column: compartment_column.map(name).or(recorded),
        scope_keys: given("scope_keys", scope_keys) | scoped,
        keep_recorded: true,
        ..Options::default()
    };
    options.backfill = backfill.map(backfill::tenant);
    if !dry_run {
        family::require_read_committed();
        record::lock_for_all_tables(schema);
    }
    let mode = if dry_run { family::READ } else { family::CHANGE };
    let tables = tables(schema, mode, |family| look_at_rows(family, &options));
    let plan = plan(&tables, &options).or_raise();
    owner::require_others(&plan, &tables);
    if dry_run {
        return SetOfIterator::new(apply::texts(&plan));
    }
    let statements = apply::protect(&plan);
    record::schema(&label(schema), &options);
    SetOfIterator::new(statements)
}

/// Takes protection away from a schema and from every protected table in it.
///
/// # Errors
/// 42501 unless the caller owns the schema and its tables and is a member of `watertight_admin`, 42704 for a schema without
/// protection, 55000 for a table that a protected parent elsewhere, or a child in another protected schema, holds.
#[pg_extern(sql = false)]
fn unprotect_schema(schema: Option<Oid>) -> SetOfIterator<'static, String> {
    role::require_admin("take protection away");
    let schema = owned(required("schema", schema));
    let label = label(schema);
    if !is_protected(&label) {
        raise(Fault::new(Code::UndefinedObject, format!("schema \"{label}\" is not protected")));
    }
    family::require_read_committed();
    record::forget_schemas(std::slice::from_ref(&label));
    let families = tables(schema, family::CHANGE, |_| {});
    let mut statements = Vec::new();
    for root in families.iter().filter(|table| table.schema == label) {
        // Again, because a family's first table takes the others with it.
        let family = members(Oid::from(root.oid), Asker::User);
        if family.first().is_some_and(|root| root.protected.is_some()) {
            free::require(&family);
            statements.extend(apply::unprotect(&unplan(&family).or_raise()));
        }
    }
    SetOfIterator::new(statements)
}

/// The tables of a schema with their families, each table once, locked.
fn tables(schema: Oid, mode: &str, mut look: impl FnMut(&mut [TableFacts])) -> Vec<TableFacts> {
    let mut seen = BTreeSet::new();
    let mut tables = Vec::new();
    for root in spi::column::<Oid>(ROOTS, &[schema.into()]) {
        let facts = catalog::facts(root);
        protect::schema_member(&facts).or_raise();
        owner::require_table(&facts);
        family::lock(&facts, mode);
        let mut family = members(root, Asker::User);
        look(&mut family);
        tables.extend(family.into_iter().filter(|table| seen.insert(table.oid)));
    }
    tables
}

/// A schema that can be protected, and that the caller owns.
fn owned(schema: Oid) -> Oid {
    let label = label(schema);
    protect::schema(&label).or_raise();
    let query = "SELECT n.nspowner FROM pg_catalog.pg_namespace n WHERE n.oid = $1";
    let found = spi::one(query, &[schema.into()]).unwrap_or(Oid::INVALID);
    owner::require(found, "schema", &label);
    schema
}

fn label(schema: Oid) -> String {
    let query = "SELECT n.nspname::text FROM pg_catalog.pg_namespace n WHERE n.oid = $1";
    spi::one(query, &[schema.into()]).unwrap_or_else(|| {
        raise(Fault::new(
            Code::UndefinedObject,
            format!("schema with oid {} does not exist", schema.to_u32()),
        ))
    })
}

/// Is a rule for this schema registered?
pub fn is_protected(name: &str) -> bool {
    let query = "SELECT true FROM watertight.protected_schemas s WHERE s.schema = $1";
    role::as_extension_owner(|| spi::one(query, &[name.into()])).unwrap_or(false)
}

/// What is recorded of the schema already, and stays so, also for tables that came since: that keys are scoped, and the
/// compartment column.
fn recorded(schema: Oid) -> (bool, Option<String>) {
    let query = "SELECT s.scope_keys, s.compartment_column::text FROM watertight.protected_schemas s
                 JOIN pg_catalog.pg_namespace n ON n.nspname = s.schema WHERE n.oid = $1";
    let rows = role::as_extension_owner(|| {
        spi::all(query, &[schema.into()], |row| Ok((row.get::<bool>(1)?, row.get::<String>(2)?)))
    });
    let (scoped, column) = rows.into_iter().next().unwrap_or_default();
    (scoped.unwrap_or(false), column)
}
