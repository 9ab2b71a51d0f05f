//! That a tenant is being dropped, as others are told: of the lock on its row they see only that there is one.

use crate::pg::ext;
use crate::sys::lookup;
use uuid::Uuid;

/// This transaction drops it. Who calls this has the tenant's row.
pub fn begin(tenant: Uuid) {
    if let Some(tables) = ext::tables() {
        lookup::announce(tables.tenants, number(tenant));
    }
}

/// Whether another transaction does.
pub fn is_under_way(tenant: Uuid) -> bool {
    ext::tables().is_some_and(|tables| lookup::is_announced(tables.tenants, number(tenant)))
}

/// The random end of its id.
fn number(tenant: Uuid) -> u32 {
    let [.., a, b, c, d] = *tenant.as_bytes();
    u32::from_be_bytes([a, b, c, d])
}
