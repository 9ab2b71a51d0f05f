//! Compartments on real servers: how ephemeral ones end, and what is left of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

#[path = "compartments/attacks.rs"]
mod attacks;
#[path = "compartments/ends.rs"]
mod ends;
#[path = "compartments/house.rs"]
mod house;
#[path = "compartments/rows.rs"]
mod rows;
#[path = "compartments/schedules.rs"]
mod schedules;
#[path = "compartments/sessions.rs"]
mod sessions;
#[path = "compartments/standby.rs"]
mod standby;
