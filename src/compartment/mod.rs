//! Compartments: rooms inside a tenant. `lookup` reads them on behalf of a token.

mod lookup;
mod rights;

pub use lookup::{Compartment, Stored, alone, global, interned, stored, stored_by_name};
pub use rights::{may_enter, not_enterable, require_switched_on};
