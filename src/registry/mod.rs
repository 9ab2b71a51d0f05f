//! The registry: tenants and revocations, as backends read them and as administrators change them.

pub mod dropping;
mod lookup;
mod notify;
pub mod protected;
mod purge;
mod revoke;
mod tenants;

pub use lookup::{Bearer, Tenant, find, is_revoked};
pub use purge::delete_rows_of_compartment;
