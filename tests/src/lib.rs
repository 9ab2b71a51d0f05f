//! Fixtures of the client-level suites: scratch servers, a hospital database with two tenants, sessions over every
//! protocol, and assertions about what a client is told.
//!
//! `WATERTIGHT_PG_BIN` names the directory of the server's programs (default: PostgreSQL 15 of Debian). The extension
//! has to be installed there. Nothing outlives the process that started it: see [`cluster`].
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "fixtures: a failure ends the test"
)]

pub mod cell;
pub mod cluster;

pub mod database;
pub mod failure;
pub mod patience;
pub mod programs;
pub mod protocol;
pub mod session;
pub mod standby;
pub mod tools;
pub mod verdict;
pub mod walls;
pub mod wire;

pub use cluster::{Cluster, shared};
pub use database::{CANARY, Database};
pub use failure::Failure;
pub use patience::{eventually, within};
pub use protocol::{Mode, for_each_path, for_each_protocol};
pub use session::{Rows, Session};
pub use verdict::COUNT;
pub use walls::{Walls, for_each_wall};

/// A text as an SQL literal.
pub fn literal(text: &str) -> String {
    assert!(!text.contains('\\'), "not needed so far");
    format!("'{}'", text.replace('\'', "''"))
}
