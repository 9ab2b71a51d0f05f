//! Trust: whose signatures count.

mod issuers;
mod load;

pub use load::with_issuers;
