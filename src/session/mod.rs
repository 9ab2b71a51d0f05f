//! Sessions: opened by `login()`, ended by `logout()`, by time, or with what they are bound to.

pub mod end;
mod lookup;
mod sitting;

pub use lookup::{Stored, stored};
pub use sitting::{Sitting, sit};
