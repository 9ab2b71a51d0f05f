//! What a DDL command may not leave behind: an open child of a protected table, an open table in a protected schema, a
//! materialised view over a protected table, a registry row of a table that is gone.
//!
//! The functions run with the rights of whoever ran the command.

use super::family::{Asker, look_at_rows, members};
use super::{apply, catalog, change, materialized, owner, record, rules};
use crate::keys::types::kept;
use crate::pg::error::{OrRaise, raise};
use crate::pg::{ext, spi};
use crate::registry::protected;
use pgrx::JsonB;
use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use std::collections::BTreeSet;
use watertight_core::protect::{Found, Newcomer, created, newcomer, plan, read, references, schema_member};
use watertight_core::{Code, Fault};

const TOUCHED: &str = include_str!("queries/touched.sql");
const ALTERED: &str = include_str!("queries/altered.sql");
const BELOW: &str = include_str!("queries/below.sql");
const TRIGGERS: &str = include_str!("queries/triggers.sql");
const REFERENCES: &str = include_str!("queries/references.sql");
const CROSSING: &str = include_str!("queries/crossing.sql");
const DROPPED: &str = include_str!("queries/dropped.sql");

/// A relation that a command made or changed.
struct Touched {
    relation: Oid,
    /// The type of its rows.
    row: Oid,
    view: bool,
    /// It has no rows of its own.
    composite: bool,
    in_extension: bool,
    /// Unless it is a temporary one.
    schema: Option<Oid>,
}

/// For the event trigger on `ddl_command_end`.
#[pg_extern(sql = false)]
fn protect_after_ddl() {
    if ext::tables().is_none() {
        return;
    }
    let mut touched = touched();
    kept::check_rows_of(touched.iter().map(|touched| (touched.relation, touched.row)));
    touched.retain(|touched| !touched.composite);
    touched.iter().filter(|touched| !touched.view).for_each(|table| kept::check_table(table.relation));
    // A protect_schema() that runs at the same time either is waited for here, or waits for us and sees the table.
    let schemas: BTreeSet<u32> =
        touched.iter().filter_map(|touched| touched.schema).map(|oid| oid.to_u32()).collect();
    schemas.into_iter().for_each(|schema| record::lock_for_new_table(Oid::from(schema)));
    if rules::none() {
        return;
    }
    refuse_foreign_triggers();
    refuse_foreign_references(&touched);
    spi::column::<Oid>(ALTERED, &[]).into_iter().for_each(record::rename_schema);
    let touched: Vec<Touched> =
        touched.into_iter().filter(|touched| !change::is_changing(touched.relation)).collect();
    refuse_references_that_hold(&touched);
    touched.iter().filter(|touched| touched.view).for_each(|view| materialized::refuse(view.relation));
    for by_extension in [false, true] {
        let tables = touched
            .iter()
            .filter(|touched| !touched.view && touched.in_extension == by_extension)
            .map(|touched| touched.relation)
            .collect();
        protect_newcomers(tables, by_extension);
    }
}

/// A trigger runs in every tenant's sessions, so only an owner may add one; the TRIGGER right, which `GRANT ALL` hands out by
/// the way, is not enough. Views and tables that are shared, too: a tenant's session uses them just the same.
fn refuse_foreign_triggers() {
    if let Some(relation) = spi::one::<String>(TRIGGERS, &[]) {
        raise(
            Fault::new(
                Code::InsufficientPrivilege,
                format!("must be owner of relation \"{relation}\" to create a trigger on it"),
            )
            .detail("There are protected tables in this database, and the trigger would run in the sessions of every tenant."),
        );
    }
}

/// A foreign key tells which keys there are, whoever's they are, and its actions run triggers of the referencing table in the
/// sessions of others. So it takes an owner of the referenced table; the REFERENCES right is not enough.
fn refuse_foreign_references(touched: &[Touched]) {
    let tables: Vec<Oid> =
        touched.iter().filter(|touched| !touched.view).map(|touched| touched.relation).collect();
    let registered: Vec<Oid> = protected::all().keys().copied().collect();
    if tables.is_empty() || registered.is_empty() {
        return;
    }
    if let Some(table) = spi::one::<String>(REFERENCES, &[tables.into(), registered.into()]) {
        raise(
            Fault::new(
                Code::InsufficientPrivilege,
                format!("must be owner of protected table \"{table}\" to reference it"),
            )
            .detail("A foreign key tells which keys other tenants have."),
        );
    }
}

/// A foreign key must not keep what is in a compartment from being destroyed.
fn refuse_references_that_hold(touched: &[Touched]) {
    let compartmented: Vec<Oid> = protected::all()
        .iter()
        .filter(|(_, table)| table.compartment_column.is_some())
        .map(|(relation, _)| *relation)
        .collect();
    let tables: Vec<Oid> = touched.iter().filter(|it| !it.view).map(|it| it.relation).collect();
    if compartmented.is_empty() || tables.is_empty() {
        return;
    }
    for table in spi::column::<Oid>(CROSSING, &[tables.into(), compartmented.into()]) {
        references(&catalog::facts(table)).or_raise();
    }
}

/// For the event trigger on `sql_drop`.
#[pg_extern(sql = false)]
fn forget_after_drop() {
    if rules::none() {
        return;
    }
    let dropped: Vec<(Oid, Option<String>)> =
        spi::all(DROPPED, &[], |row| Ok((row.get(1)?.unwrap_or(Oid::INVALID), row.get(2)?)));
    let rules = rules::of_schemas();
    let (schemas, tables): (Vec<_>, Vec<_>) = dropped.into_iter().partition(|(_, schema)| schema.is_some());
    let tables: Vec<Oid> =
        tables.into_iter().map(|(oid, _)| oid).filter(|oid| protected::contains(*oid)).collect();
    let schemas: Vec<String> =
        schemas.into_iter().filter_map(|(_, name)| name).filter(|name| rules.contains_key(name)).collect();
    if !tables.is_empty() {
        record::forget_tables(&tables);
    }
    if !schemas.is_empty() {
        record::forget_schemas(&schemas);
    }
}

fn touched() -> Vec<Touched> {
    spi::all(TOUCHED, &[], |row| {
        let kind = row.get::<String>(2)?;
        Ok(Touched {
            relation: row.get(1)?.unwrap_or(Oid::INVALID),
            view: matches!(kind.as_deref(), Some("v" | "m")),
            composite: kind.as_deref() == Some("c"),
            in_extension: row.get(3)?.unwrap_or(false),
            schema: row.get(4)?,
            row: row.get(5)?.unwrap_or(Oid::INVALID),
        })
    })
}

/// Protects what needs it, one family after the other: a family's first table takes those below it along.
fn protect_newcomers(tables: Vec<Oid>, by_extension: bool) {
    if tables.is_empty() {
        return;
    }
    let schemas = rules::of_schemas();
    let found = spi::all(BELOW, &[tables.into()], |row| row.get::<JsonB>(1));
    for JsonB(json) in found.into_iter().flatten() {
        let found: Found = read(json).or_raise();
        let schema_rule = |name: &str| schemas.get(name).cloned();
        if let Some(newcomer) = newcomer(&found, by_extension, rules::of_table, schema_rule).or_raise() {
            protect_newcomer(Oid::from(found.relation), &newcomer);
        }
    }
}

fn protect_newcomer(relation: Oid, newcomer: &Newcomer) {
    let mut family = members(relation, Asker::Event);
    if !newcomer.child {
        family.iter().try_for_each(schema_member).or_raise();
    }
    look_at_rows(&mut family, &newcomer.options);
    let plan = plan(&family, &newcomer.options).map_err(created).or_raise();
    owner::require_others(&plan, &family);
    apply::protect(&plan);
}
