//! What PostgreSQL computes and keeps for everybody must not be what a sealed value says: statistics, indexes, stored generated columns,
//! partition keys.
//!
//! The casts, and what else opens a value, are STABLE, which PostgreSQL refuses in all of these but statistics. A user's function that
//! calls itself IMMUTABLE, and is given a value, is refused here. What such a function looks up by itself is not seen here; for statistics
//! and indexes nothing opens when they are made (`value::open`).

use super::literals::is_sealed;
use crate::pg::error::raise;
use crate::pg::{ext, spi};
use crate::sys::kept::{self, Place, Rules};
use crate::sys::{belongs, lookup};
use pgrx::pg_sys::{self, Oid};
use watertight_core::keys::{Called, Keeper, opened_value_kept};

const RULES: Rules = Rules { watched, function };

/// An object was made, by the command that runs. Raises 0A000 if it would keep opened values.
pub fn check_object(class: Oid, object: Oid) {
    if ext::tables().is_some() {
        refuse(kept::in_object(class, object, RULES));
    }
}

/// What depends on relations: row types, what has columns of those, functions that take them, and what calls these.
const DEPENDENTS: &str = include_str!("../queries/dependents.sql");

/// Relations or composite types, each with the type of its rows, were made or changed: raises 0A000 if anything that takes or has their rows
/// would keep opened values, which it may have done without before one of them had any.
pub fn check_rows_of(relations: impl Iterator<Item = (Oid, Oid)>) {
    let relations: Vec<Oid> =
        relations.filter(|(_, row)| watched(*row)).map(|(relation, _)| relation).collect();
    if relations.is_empty() {
        return;
    }
    let dependents = spi::all(DEPENDENTS, &[relations.into()], |row| {
        Ok((row.get(1)?.unwrap_or(Oid::INVALID), row.get(2)?.unwrap_or(Oid::INVALID)))
    });
    for (class, object) in dependents {
        refuse(kept::in_object(class, object, RULES));
        if class == pg_sys::RelationRelationId {
            check_table(object);
        }
    }
}

/// A table was made or changed: raises 0A000 if something that belongs to it would keep opened values.
pub fn check_table(table: Oid) {
    refuse(kept::in_table(table, RULES));
}

fn refuse(place: Option<Place>) {
    if let Some(place) = place {
        raise(opened_value_kept(match place {
            Place::Statistics => Keeper::Statistics,
            Place::Index => Keeper::Index,
            Place::Column => Keeper::Column,
            Place::PartitionKey => Keeper::PartitionKey,
        }));
    }
}

/// Types of ours, and those whose values consist of such.
fn watched(kind: Oid) -> bool {
    let plain = lookup::plain_type(kind);
    is_sealed(kind) || (plain != kind && watched(plain)) || lookup::parts(kind).into_iter().any(watched)
}

fn function(function: Oid) -> (bool, bool) {
    let built_in = function.to_u32() < belongs::FIRST;
    let called = Called {
        ours: !built_in && lookup::schema(c"watertight") == Some(lookup::function_schema(function)),
        built_in,
        immutable: lookup::is_immutable(function),
    };
    (called.may_be_kept(), called.may_be_given_sealed())
}
