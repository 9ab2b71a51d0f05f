//! Row security: `protect()` and its relatives, the policy's functions, the floor, and the event triggers that keep new
//! tables from slipping through.

mod api;
mod apply;
mod backfill;
mod catalog;
mod change;
mod creator;
mod events;
mod family;
mod floor;
mod free;
mod materialized;
mod moved;
mod owner;
mod record;
mod rewrite;
mod rules;
mod schema;

use crate::sys::checks;

pub use change::is_changing;
pub use rewrite::{is_tenant_column, is_tenant_equality, is_tenant_value, tenant_value_type};
pub use watertight_core::protect::{POLICY, TRIGGER};

/// Is any table or schema of this database registered?
pub fn is_in_use() -> bool {
    !rules::none()
}

/// Installs the hooks; called once, while the library is loaded.
pub fn install() {
    floor::install();
    checks::install(rewrite::predicate);
}
