//! The rules of Watertight, in plain Rust.
//!
//! Nothing here knows PostgreSQL's internals, and nothing here is `unsafe`: every decision the extension takes
//! can be called from a plain `cargo test`.
#![forbid(unsafe_code)]

pub mod cache;
pub mod compartment;
pub mod error;
pub mod guard;
pub mod keys;
pub mod numbers;
pub mod protect;
pub mod search;
pub mod session;
pub mod sql;
pub mod tenant;
pub mod token;
pub mod worker;

pub use error::{Code, Fault};
