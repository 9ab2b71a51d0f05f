//! Compartments: rooms inside a tenant. `lookup` reads them on behalf of a token.

pub mod destroy;
mod lookup;
mod rights;
pub mod schemas;

pub use lookup::{Compartment, Stored, global, interned, stored, stored_by_name};
pub use rights::{may_enter, not_enterable, require_switched_on};
