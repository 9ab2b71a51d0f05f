//! Facts of tables, read from the catalogs. The queries are files of their own, so that they can be tried in psql.

use crate::pg::error::{OrRaise, internal, raise};
use crate::pg::role;
use pgrx::JsonB;
use pgrx::datum::DatumWithOid;
use pgrx::pg_sys::Oid;
use pgrx::spi::Spi;
use watertight_core::protect::{TableFacts, read};
use watertight_core::{Code, Fault};

const FACTS: &str = include_str!("queries/facts.sql");

/// The facts of a relation. Reads catalogs and the registry as the extension's owner; evaluates no expression of a user.
///
/// # Errors
/// 42704 if there is no such relation.
pub fn facts(relation: Oid) -> TableFacts {
    let json = role::as_extension_owner(|| one::<JsonB>(FACTS, &[relation.into()]));
    let Some(JsonB(json)) = json else {
        raise(Fault::new(
            Code::UndefinedObject,
            format!("relation with oid {} does not exist", relation.to_u32()),
        ))
    };
    read(json).or_raise()
}

/// The first column of the first row; `None` where there is none.
pub fn one<T: pgrx::FromDatum + pgrx::IntoDatum>(query: &str, arguments: &[DatumWithOid]) -> Option<T> {
    let found = Spi::connect(|client| {
        let mut rows = client.select(query, Some(1), arguments)?;
        match rows.next() {
            Some(row) => row.get::<T>(1),
            None => Ok(None),
        }
    });
    found.map_err(internal).or_raise()
}

/// The first column of all rows.
pub fn oids(query: &str, arguments: &[DatumWithOid]) -> Vec<Oid> {
    let found: Result<Vec<Option<Oid>>, _> =
        Spi::connect(|client| client.select(query, None, arguments)?.map(|row| row.get::<Oid>(1)).collect());
    found.map_err(internal).or_raise().into_iter().flatten().collect()
}
