//! Compartments: rooms inside a tenant. `lookup` reads them on behalf of a token; `fence` and its neighbours keep each one's schema
//! to itself.

pub mod catalogs;
mod clone;
pub mod creation;
pub mod destroy;
pub mod enter;
pub mod fence;
mod lookup;
mod manage;
mod members;
mod rights;
mod room_for;
pub mod schemas;
mod template;

pub use lookup::{Compartment, Stored, alone, forget_many, global, interned, stored, stored_by_name};
pub use rights::{may_enter, not_enterable, require_switched_on};
pub use room_for::{Guest, Target, room_for};

use watertight_core::{Code, Fault};

/// A name that another compartment of the tenant has.
fn taken(name: &str) -> Fault {
    Fault::new(Code::DuplicateObject, format!("compartment \"{name}\" exists already"))
}

/// Called once, while the library is loaded.
pub fn install() {
    crate::sys::belongs::install(fence::read);
}
