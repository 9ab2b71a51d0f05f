//! Row security: `protect()` and its relatives, the policy's functions, the floor, and the event triggers that keep new
//! tables from slipping through.

mod answer;
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

use crate::registry::protected;
use crate::sys::checks;

pub use change::is_changing;
pub use rewrite::{Value, current_value, is_equality, predicate_columns, predicate_value, value_of};
pub use watertight_core::protect::{POLICY, TRIGGER};

/// Is any table or schema of this database registered?
pub fn is_in_use() -> bool {
    !rules::none()
}

/// Removes a schema that has been dropped without event triggers, and its tables, from the registry.
pub fn forget(schema: &str, relations: &[pgrx::pg_sys::Oid]) {
    let tables: Vec<_> = relations.iter().copied().filter(|oid| protected::contains(*oid)).collect();
    if !tables.is_empty() {
        record::forget_tables(&tables);
    }
    if rules::of_schemas().contains_key(schema) {
        record::forget_schemas(&[schema.to_owned()]);
    }
}

/// Installs the hooks; called once, while the library is loaded.
pub fn install() {
    floor::install();
    checks::install(checks::Rules {
        predicate: rewrite::predicate,
        is_equality,
        stands_for: rewrite::stands_for,
    });
}
