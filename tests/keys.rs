//! Keys, on servers whose provider of the master key fails in every way, and that are stopped and killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

#[path = "keys/alter.rs"]
mod alter;
#[path = "keys/arrays.rs"]
mod arrays;
#[path = "keys/attacks.rs"]
mod attacks;
#[path = "keys/canaries.rs"]
mod canaries;
#[path = "keys/change_provider.rs"]
mod change_provider;
#[path = "keys/columns.rs"]
mod columns;
#[path = "keys/compartments.rs"]
mod compartments;
#[path = "keys/copies.rs"]
mod copies;
#[path = "keys/erased.rs"]
mod erased;
#[path = "keys/house.rs"]
mod house;
#[path = "keys/journeys.rs"]
mod journeys;
#[path = "keys/literals.rs"]
mod literals;
#[path = "keys/maintenance.rs"]
mod maintenance;
#[path = "keys/many.rs"]
mod many;
#[path = "keys/mishaps.rs"]
mod mishaps;
#[path = "keys/outage.rs"]
mod outage;
#[path = "keys/param.rs"]
mod param;
#[path = "keys/provider.rs"]
mod provider;
#[path = "keys/races.rs"]
mod races;
#[path = "keys/reencryption.rs"]
mod reencryption;
#[path = "keys/rotation.rs"]
mod rotation;
#[path = "keys/search.rs"]
mod search;
#[path = "keys/service.rs"]
mod service;
#[path = "keys/shredding.rs"]
mod shredding;
#[path = "keys/uses.rs"]
mod uses;
