//! Materialised views keep rows, and have no row security.

use crate::pg::error::raise;
use crate::pg::spi;
use crate::registry::protected;
use pgrx::pg_sys::Oid;
use watertight_core::protect::materialized_view;

const READS: &str = include_str!("queries/reads.sql");

/// Raises 0A000 if this view is, or is read by, a materialised view, and reads a protected table.
pub fn refuse(view: Oid) {
    let protected: Vec<Oid> = protected::all().keys().copied().collect();
    let found = spi::all(READS, &[view.into(), protected.into()], |row| {
        Ok(row.get::<String>(1)?.zip(row.get::<String>(2)?))
    });
    if let Some((view, table)) = found.into_iter().flatten().next() {
        raise(materialized_view(&view, &table));
    }
}
