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
mod owner;
mod record;
mod rewrite;
mod rules;
mod schema;

use crate::sys::checks;

pub use change::is_changing;
pub use watertight_core::protect::{POLICY, TRIGGER};

/// Installs the hooks; called once, while the library is loaded.
pub fn install() {
    floor::install();
    checks::install(rewrite::predicate);
}
