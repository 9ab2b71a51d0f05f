//! What is made inside of a compartment stays inside: it lies in the compartment's own schema, and nothing outside depends on it.

use super::fence::{self, inside_of, own};
use super::{Compartment, clone};
use crate::context;
use crate::pg::error::{OrRaise, internal, raise};
use crate::pg::{ext, role, settings};
use crate::sys::schema_use::Use;
use crate::sys::statement::{Change, Statement};
use crate::sys::{belongs, lookup};
use pgrx::datum::DatumWithOid;
use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use pgrx::spi::Spi;
use watertight_core::compartment::{
    OnSchema, TEMPORARY, depends, may_drop, may_on_schema, may_touch, outside, tied,
};
use watertight_core::{Code, Fault};

const TOUCHED: &str = include_str!("queries/touched.sql");
const DROPPED: &str = include_str!("queries/dropped.sql");
const TIED: &str = include_str!("queries/tied.sql");
const SILENT: &str = include_str!("queries/silent.sql");

/// Nothing to look for: an administrator looks past the fence, or this database has no compartments with a schema. (Event triggers
/// do not hear of the extension's own commands, only of those that somebody's function runs in the midst of them.)
fn is_idle() -> bool {
    ext::tables().is_none() || settings::bypass() || !(settings::compartments() || belongs::any())
}

/// A utility statement names a schema.
pub fn schema(what: Use, name: &str) {
    if fence::is_open(name) || is_idle() {
        return;
    }
    let inside = inside_of(own());
    let checked = match what {
        Use::GrantElsewhere if inside.schema.is_some() => Err(outside()),
        Use::GrantElsewhere => Ok(()),
        Use::Make => may_on_schema(inside, OnSchema::Make, name),
        Use::Change => may_on_schema(inside, OnSchema::Change, name),
        Use::Into => may_on_schema(inside, OnSchema::Into, name),
    };
    checked.or_raise();
}

/// A utility statement is about to run.
pub fn before(statement: &Statement<'_>) {
    let keeps = match statement {
        Statement::FillMaterializedView => Some("fill a materialized view"),
        Statement::AlterTable { changes, .. }
            if changes.iter().any(|(change, _)| *change == Change::SetLogged) =>
        {
            Some("set a table or sequence LOGGED")
        }
        Statement::ExplainInto => {
            if !is_idle() && own().is_some() {
                raise(
                    Fault::new(
                        Code::FeatureNotSupported,
                        "cannot run EXPLAIN ANALYZE of a command that creates a relation",
                    )
                    .detail("Event triggers do not hear of the relation, so it could lie outside of the compartment.")
                    .hint("Explain the query alone."),
                );
            }
            None
        }
        _ => None,
    };
    if let Some(keeps) = keeps
        && !is_idle()
        && inside_of(own()).ephemeral
    {
        raise(
            Fault::new(Code::FeatureNotSupported, format!("cannot {keeps} in an ephemeral compartment"))
                .detail("Its rows would be written to where they outlive the compartment.")
                .hint("Create an ordinary table."),
        );
    }
}

/// A text is to be written into the write-ahead log as it is.
pub fn log_message() {
    if !is_idle() && context::compartment_if_any().is_some_and(|here| here.ephemeral) {
        raise(
            Fault::new(
                Code::FeatureNotSupported,
                "cannot write messages into the write-ahead log in an ephemeral compartment",
            )
            .detail("They would outlive the compartment, in archives and backups.")
            .hint("Send them from outside of the compartment."),
        );
    }
}

/// Whether tables and sequences that are made now shall be unlogged.
pub fn is_unlogged() -> bool {
    !is_idle() && inside_of(own()).ephemeral
}

struct Touched {
    kind: String,
    home: Option<String>,
    relation: Option<Oid>,
}

/// For the event trigger on `ddl_command_end`.
#[pg_extern(sql = false)]
fn fence_after_ddl() {
    if is_idle() {
        return;
    }
    let own = own();
    let inside = inside_of(own);
    let touched: Vec<Touched> = rows(TOUCHED, |row| {
        Ok(Touched { kind: row.get(1)?.unwrap_or_default(), home: row.get(2)?, relation: row.get(3)? })
    });
    for object in &touched {
        may_touch(inside, &object.kind, object.home.as_deref()).or_raise();
    }
    if inside.schema.is_none() {
        return;
    }
    if touched.iter().any(|object| object.home.as_deref() == Some(TEMPORARY)) {
        refuse_dependants(own);
    }
    let relations: Vec<Oid> = touched
        .iter()
        .filter(|touched| touched.home.as_deref() == inside.schema)
        .filter_map(|touched| touched.relation)
        .collect();
    if relations.is_empty() {
        return;
    }
    refuse_ties(&relations);
    if inside.ephemeral {
        keep_out_of_statistics(&relations);
    }
}

/// A temporary view of a table in the compartment would keep that from being dropped for as long as the connection lasts.
fn refuse_dependants(own: Option<&'static Compartment>) {
    let schema = own.and_then(|own| own.schema.as_deref()).and_then(lookup::schema);
    if let Some(what) = schema.map(clone::outside_dependants).and_then(|found| found.into_iter().next()) {
        raise(depends(&what));
    }
}

/// Inheritance and foreign keys make queries of one table look into the other.
fn refuse_ties(relations: &[Oid]) {
    let found =
        role::as_extension_owner(|| Spi::get_one_with_args::<String>(TIED, &[relations.to_vec().into()]));
    if let Ok(Some(what)) = found {
        raise(tied(&what));
    }
}

/// ANALYZE would copy values into pg_statistic, which is logged.
fn keep_out_of_statistics(relations: &[Oid]) {
    let commands: Vec<(Oid, String)> = role::as_extension_owner(|| {
        Spi::connect_mut(|client| {
            let table = client.update(SILENT, None, &[relations.to_vec().into()])?;
            table
                .map(|row| Ok((row.get(1)?.unwrap_or(Oid::INVALID), row.get(2)?.unwrap_or_default())))
                .collect::<Result<_, pgrx::spi::Error>>()
        })
        .map_err(internal)
        .or_raise()
    });
    for (owner, command) in commands {
        role::as_user(owner, || Spi::run(&command)).map_err(internal).or_raise();
    }
}

/// For the event trigger on `sql_drop`.
#[pg_extern(sql = false)]
fn fence_after_drop() {
    if is_idle() {
        return;
    }
    let inside = inside_of(own());
    let dropped: Vec<(Option<String>, bool)> =
        rows(DROPPED, |row| Ok((row.get(1)?, row.get(2)?.unwrap_or(false))));
    for (home, temporary) in dropped {
        may_drop(inside, home.as_deref(), temporary).or_raise();
    }
}

fn rows<T>(
    query: &str,
    read: impl Fn(pgrx::spi::SpiHeapTupleData<'_>) -> Result<T, pgrx::spi::Error>,
) -> Vec<T> {
    Spi::connect_mut(|client| client.update(query, None, &[])?.map(&read).collect::<Result<_, _>>())
        .map_err(internal)
        .or_raise()
}

/// A large object was made, or is about to go. It lies in no schema, so what is made in an ephemeral compartment is written down:
/// its end takes what is written down away, whoever owns it by then. So what goes is struck out wherever it goes, for its number may
/// be another one's next.
pub fn large_object(object: Oid, goes: bool) {
    if goes {
        if ext::tables().is_some() {
            as_owner(
                "DELETE FROM watertight.compartment_objects WHERE large_object OPERATOR(pg_catalog.=) $1",
                &[object.into()],
            );
        }
        return;
    }
    if is_idle() {
        return;
    }
    let Some(here) = context::compartment_if_any().filter(|here| here.ephemeral) else { return };
    as_owner(
        "INSERT INTO watertight.compartment_objects (compartment_id, large_object) VALUES ($1, $2)",
        &[pgrx::Uuid::from_bytes(here.id).into(), object.into()],
    );
}

fn as_owner(statement: &str, arguments: &[DatumWithOid]) {
    role::as_extension_owner(|| Spi::run_with_args(statement, arguments)).map_err(internal).or_raise();
}
