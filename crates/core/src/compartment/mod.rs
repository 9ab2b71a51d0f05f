//! Compartments: rooms inside a tenant.

mod creation;
mod name;
mod path;
mod reason;
mod room;
mod schema;
pub mod template;

pub use creation::{
    Inside, OnSchema, TEMPORARY, depends, may_drop, may_on_schema, may_touch, no_such_schema, outside, tied,
};
pub use name::{GLOBAL_NAME, check_name};
pub use path::entered_path;
pub use reason::Reason;
pub use room::{Room, Settings};
pub use schema::{SCHEMA_LENGTH, id_of_schema, schema_of};

use uuid::Uuid;

/// The compartment that every tenant has, and where everything is that was there before there were others.
pub const GLOBAL: Uuid = Uuid::nil();
