//! What the background worker decides.

mod backoff;
mod pool;

pub use backoff::{Backoff, delay};
pub use pool::{Due, Ready, due};
