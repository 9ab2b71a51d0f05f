//! Tests, one file for each group of rules: facts in, exact statements out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod columns;
mod compartments;
mod creators;
mod families;
mod fixture;
mod foreign_keys;
mod held;
mod idempotence;
mod keys;
mod newcomers;
mod policies;
mod refusals;
mod unprotect;

use super::*;
use crate::{Code, Fault};
use fixture::*;
