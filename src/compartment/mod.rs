//! Compartments: rooms inside a tenant. `lookup` reads them on behalf of a token; `fence` and its neighbours keep each one's schema
//! to itself.

pub mod catalogs;
pub mod creation;
pub mod enter;
pub mod fence;
mod lookup;
mod rights;

pub use lookup::{Compartment, Stored, global, interned, stored, stored_by_name};
pub use rights::{may_enter, not_enterable, require_switched_on};

/// Called once, while the library is loaded.
pub fn install() {
    crate::sys::belongs::install(fence::read);
}
