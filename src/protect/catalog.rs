//! Facts of tables, read from the catalogs. The queries are files of their own, so that they can be tried in psql.

use crate::pg::error::{OrRaise, raise};
use crate::pg::{role, spi};
use pgrx::JsonB;
use pgrx::pg_sys::Oid;
use watertight_core::protect::{TableFacts, read};
use watertight_core::{Code, Fault};

const FACTS: &str = include_str!("queries/facts.sql");

/// The facts of a relation. Reads catalogs and the registry as the extension's owner; evaluates no expression of a user.
///
/// # Errors
/// 42704 if there is no such relation.
pub fn facts(relation: Oid) -> TableFacts {
    let json = role::as_extension_owner(|| spi::one::<JsonB>(FACTS, &[relation.into()]));
    let Some(JsonB(json)) = json else {
        raise(Fault::new(
            Code::UndefinedObject,
            format!("relation with oid {} does not exist", relation.to_u32()),
        ))
    };
    read(json).or_raise()
}
