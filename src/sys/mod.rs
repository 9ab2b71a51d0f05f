//! The only `unsafe` of the extension: each file wraps one thing of PostgreSQL in a call that is safe to make.
//!
//! Nothing here knows what a tenant is. Everything here relies on one fact: a PostgreSQL backend runs its code in
//! one thread.

pub mod access;
pub mod activity;
pub mod after;
pub mod analysis;
pub mod attempt;
pub mod belongs;
pub mod checks;
pub mod clause;
pub mod command;
pub mod convert;
pub mod during;
mod early;
pub mod epoch;
mod estimate;
pub mod executor;
pub mod function;
pub mod headroom;
pub mod hooks;
mod index_paths;
pub mod inval;
pub mod local;
pub mod lookup;
pub mod message;
pub mod node;
pub mod operand;
pub mod partition;
pub mod paths;
pub mod pending;
pub mod permissions;
pub mod policy;
pub mod preload;
pub mod process;
pub mod provided;
pub mod provider;
pub mod query;
pub mod random;
pub mod recheck;
pub mod scan;
pub mod schema_use;
pub mod search_path;
pub mod secrets;
pub mod setting;
mod shared;
mod sight;
mod signals;
pub mod slots;
pub mod statement;
mod tree;
<<<<<<< HEAD
pub mod unlogged;
=======
pub mod turns;
mod unlogged;
>>>>>>> keys-core
pub mod user;
pub mod uses;
pub mod utility;
pub mod varlena;
pub mod view;
pub mod wishes;
pub mod workers;
pub mod xact;
