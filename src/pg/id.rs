//! Ids of type `uuid`: pgrx has its own type for them.

use uuid::Uuid;

/// For PostgreSQL.
pub fn to_pg(id: Uuid) -> pgrx::Uuid {
    pgrx::Uuid::from_bytes(*id.as_bytes())
}

/// From PostgreSQL.
pub fn from_pg(id: pgrx::Uuid) -> Uuid {
    Uuid::from_bytes(*id.as_bytes())
}
