//! The only `unsafe` of the extension: each file wraps one thing of PostgreSQL in a call that is safe to make.
//!
//! Nothing here knows what a tenant is. Everything here relies on one fact: a PostgreSQL backend runs its code in
//! one thread.

pub mod access;
pub mod activity;
pub mod attempt;
pub mod belongs;
pub mod checks;
pub mod clause;
mod early;
mod estimate;
pub mod executor;
pub mod filling;
pub mod function;
pub mod headroom;
pub mod hooks;
mod index_paths;
pub mod inval;
pub mod keep;
pub mod local;
pub mod lookup;
pub mod marks;
pub mod node;
pub mod partition;
pub mod paths;
pub mod pending;
pub mod permissions;
pub mod policy;
pub mod preload;
pub mod process;
pub mod query;
pub mod random;
pub mod recheck;
pub mod scan;
pub mod schema_use;
pub mod search_path;
mod server_wide;
pub mod setting;
mod shared;
mod sight;
pub mod slots;
pub mod statement;
mod tree;
pub mod unlogged;
pub mod user;
pub mod utility;
pub mod view;
pub mod workers;
pub mod xact;
