//! Trust: whose signatures count.

mod issuers;
mod load;

pub use issuers::require;
pub use load::{seconds, with_issuers};
