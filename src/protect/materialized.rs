//! Materialised views keep rows, and have no row security.

use crate::pg::error::{OrRaise, internal, raise};
use crate::pg::role;
use pgrx::pg_sys::Oid;
use pgrx::spi::Spi;
use watertight_core::protect::materialized_view;

const READS: &str = include_str!("queries/reads.sql");

/// Raises 0A000 if this view is, or is read by, a materialised view, and reads a protected table.
pub fn refuse(view: Oid) {
    let found = role::as_extension_owner(|| {
        Spi::connect(|client| {
            let mut rows = client.select(READS, Some(1), &[view.into()])?;
            match rows.next() {
                Some(row) => Ok(row.get::<String>(1)?.zip(row.get::<String>(2)?)),
                None => Ok(None),
            }
        })
    });
    if let Some((view, table)) = found.map_err(internal).or_raise() {
        raise(materialized_view(&view, &table));
    }
}
