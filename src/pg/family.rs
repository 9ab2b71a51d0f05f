//! A table, its partitions, and what inherits from it.

use super::spi;
use pgrx::pg_sys::Oid;

/// A relation and everything below it, parents before children.
pub fn of(relation: Oid) -> Vec<Oid> {
    spi::column(include_str!("queries/family.sql"), &[relation.into()])
}
