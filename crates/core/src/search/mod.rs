//! Which conditions of a query an index may answer although the tenant's predicate has not been checked yet.
//!
//! PostgreSQL asks whether a function is marked `LEAKPROOF`, and hardly any is. Here a function may be *examined*: its
//! source has been read, and the [`catalogue`] says what it shows.

pub mod catalogue;
pub mod elements;
mod entry;
mod examine;
mod modifier;
mod pattern;
mod query;
mod term;
#[cfg(test)]
mod tests;

pub use entry::{Entry, Function, Grade, When};
pub use examine::{Examined, Examiner, examine};
pub use query::{MAX_QUERY_NODES, is_shallow};
pub use term::{Shape, Term};
