//! Facts of tables, read from the catalogs. The queries are files of their own, so that they can be tried in psql.

use crate::pg::error::{OrRaise, internal, raise};
use crate::pg::role;
use pgrx::datum::DatumWithOid;
use pgrx::pg_sys::Oid;
use pgrx::spi::{Spi, SpiError, SpiHeapTupleData};
use pgrx::{FromDatum, IntoDatum, JsonB};
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
pub fn one<T: FromDatum + IntoDatum>(query: &str, arguments: &[DatumWithOid]) -> Option<T> {
    all(query, arguments, |row| row.get::<T>(1)).into_iter().next().flatten()
}

/// The first column of all rows.
pub fn oids(query: &str, arguments: &[DatumWithOid]) -> Vec<Oid> {
    all(query, arguments, |row| row.get::<Oid>(1)).into_iter().flatten().collect()
}

/// All rows. Each query takes a new snapshot: what others have committed while we waited for a lock is seen. (A read-only
/// query would go on with the snapshot of the statement that called us.)
pub fn all<T>(
    query: &str,
    arguments: &[DatumWithOid],
    read: impl Fn(&SpiHeapTupleData) -> Result<T, SpiError>,
) -> Vec<T> {
    let found: Result<Vec<T>, SpiError> =
        Spi::connect_mut(|client| client.update(query, None, arguments)?.map(|row| read(&row)).collect());
    found.map_err(internal).or_raise()
}
