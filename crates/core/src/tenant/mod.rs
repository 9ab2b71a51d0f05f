//! Tenants: what they may be called, what state they are in, and in which order their rows go.

mod name;
mod purge;
mod status;

pub use name::check_name;
pub use purge::purge_order;
pub use status::Status;
