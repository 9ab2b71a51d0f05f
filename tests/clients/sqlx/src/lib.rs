//! A clinic on sqlx, and the two ways to hand over a token.

pub mod checkout;
pub mod clinic;
pub mod fixture;
pub mod people;
pub mod tenant;
