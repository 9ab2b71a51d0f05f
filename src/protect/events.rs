//! What a DDL command may not leave behind: an open child of a protected table, an open table in a protected schema, a
//! materialised view over a protected table, a registry row of a table that is gone.
//!
//! The functions run with the rights of whoever ran the command. Registered tables are left as they are, whatever state they
//! are in: a restore puts their parts back one by one.

use super::family::{Asker, look_at_rows, members};
use super::{apply, catalog, change, materialized, owner, record};
use crate::pg::error::OrRaise;
use crate::pg::{ext, role};
use crate::registry::protected;
use crate::sys::scan;
use pgrx::JsonB;
use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use watertight_core::protect::{Newcomer, created, plan, read, schema_member};

const TOUCHED: &str = include_str!("queries/touched.sql");
const UNPROTECTED: &str = include_str!("queries/unprotected.sql");
const DROPPED: &str = include_str!("queries/dropped.sql");

/// A relation that a command made or changed.
struct Touched {
    relation: Oid,
    view: bool,
    in_extension: bool,
}

/// For the event trigger on `ddl_command_end`.
#[pg_extern(sql = false)]
fn protect_after_ddl() {
    if ext::tables().is_none() {
        return;
    }
    // A protect_schema() that runs at the same time either is waited for here, or waits for us and sees the table.
    record::lock_schemas("ROW SHARE");
    if nothing_protected() {
        return;
    }
    let touched: Vec<Touched> =
        touched().into_iter().filter(|touched| !change::is_changing(touched.relation)).collect();
    touched.iter().filter(|touched| touched.view).for_each(|view| materialized::refuse(view.relation));
    for by_extension in [false, true] {
        let tables: Vec<Oid> = touched
            .iter()
            .filter(|touched| !touched.view && touched.in_extension == by_extension)
            .map(|touched| touched.relation)
            .collect();
        if !tables.is_empty() {
            protect_all(tables, by_extension);
        }
    }
}

/// For the event trigger on `sql_drop`.
#[pg_extern(sql = false)]
fn forget_after_drop() {
    if nothing_protected() {
        return;
    }
    let dropped = role::as_extension_owner(|| {
        catalog::all(DROPPED, &[], |row| {
            Ok((row.get(1)?.unwrap_or(Oid::INVALID), row.get(2)?.unwrap_or(false)))
        })
    });
    let (schemas, tables): (Vec<(Oid, bool)>, Vec<_>) = dropped.into_iter().partition(|(_, schema)| *schema);
    let oids = |dropped: Vec<(Oid, bool)>| dropped.into_iter().map(|(oid, _)| oid).collect::<Vec<_>>();
    if !tables.is_empty() {
        record::forget_tables(&oids(tables));
    }
    if !schemas.is_empty() {
        record::forget_schemas(&oids(schemas));
    }
}

/// The common case, at the price of a look at what the backend holds anyway.
fn nothing_protected() -> bool {
    let Some(tables) = ext::tables() else { return true };
    if !protected::all().is_empty() {
        return false;
    }
    let mut none = true;
    scan::each(tables.protected_schemas, None, |_| {
        none = false;
        false
    });
    none
}

fn touched() -> Vec<Touched> {
    catalog::all(TOUCHED, &[], |row| {
        Ok(Touched {
            relation: row.get(1)?.unwrap_or(Oid::INVALID),
            view: row.get::<String>(2)?.is_some_and(|kind| kind == "v" || kind == "m"),
            in_extension: row.get(3)?.unwrap_or(false),
        })
    })
}

/// Protects what needs it, one family after the other: a family's first table takes those below it along.
fn protect_all(tables: Vec<Oid>, by_extension: bool) {
    let next = || {
        let arguments = [tables.clone().into(), by_extension.into()];
        let found = role::as_extension_owner(|| catalog::one::<JsonB>(UNPROTECTED, &arguments));
        found.map(|JsonB(json)| read::<Newcomer>(json).or_raise())
    };
    while let Some(table) = next() {
        protect_one(table);
    }
}

fn protect_one(table: Newcomer) {
    let mut family = members(Oid::from(table.relation), Asker::Event);
    if !table.child {
        family.iter().try_for_each(schema_member).or_raise();
    }
    let options = table.options();
    look_at_rows(&mut family, &options);
    let plan = plan(&family, &options).map_err(created).or_raise();
    owner::require_others(&plan, &family);
    apply::protect(&plan);
}
