//! Queries of our own. What they fail with is raised.
//!
//! Each takes a new snapshot: what others have committed while we waited for a lock is seen. (A read-only query would go on with
//! the snapshot of the statement that called us.)

use super::error::{OrRaise, internal};
use super::id::from_pg;
use pgrx::datum::DatumWithOid;
use pgrx::spi::{Spi, SpiError, SpiHeapTupleData};
use pgrx::{FromDatum, IntoDatum};
use uuid::Uuid;

/// Runs a statement.
pub fn run(sql: &str, arguments: &[DatumWithOid]) {
    Spi::run_with_args(sql, arguments).map_err(internal).or_raise();
}

/// The first column of the first row; `None` where there is none, or NULL.
pub fn one<T: FromDatum + IntoDatum>(sql: &str, arguments: &[DatumWithOid]) -> Option<T> {
    all(sql, arguments, |row| row.get::<T>(1)).into_iter().next().flatten()
}

/// The first column of all rows, without NULLs.
pub fn column<T: FromDatum + IntoDatum>(sql: &str, arguments: &[DatumWithOid]) -> Vec<T> {
    all(sql, arguments, |row| row.get::<T>(1)).into_iter().flatten().collect()
}

/// The same for ids.
pub fn ids(sql: &str, arguments: &[DatumWithOid]) -> Vec<Uuid> {
    column(sql, arguments).into_iter().map(from_pg).collect()
}

/// All rows, read by `read`.
pub fn all<T>(
    sql: &str,
    arguments: &[DatumWithOid],
    read: impl Fn(&SpiHeapTupleData) -> Result<T, SpiError>,
) -> Vec<T> {
    let found: Result<Vec<T>, SpiError> =
        Spi::connect_mut(|client| client.update(sql, None, arguments)?.map(|row| read(&row)).collect());
    found.map_err(internal).or_raise()
}
