//! Compartments with a schema of their own.

mod clone;

pub use clone::{clone_template, drop_schema};
