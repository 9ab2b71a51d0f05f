//! Indexes under row security: whatever another tenant stores, a search returns the same rows and reports the same
//! errors and notices, and what nobody has examined stays behind the tenant's predicate.
//!
//! `WATERTIGHT_FUZZ_SECONDS` (15) and `WATERTIGHT_FUZZ_SEED` steer the random values; `WATERTIGHT_SEARCH_HUGE=1` adds
//! values of hundreds of megabytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

#[path = "search/cases.rs"]
mod cases;
#[path = "search/catalogue.rs"]
mod catalogue;
#[path = "search/fuzz.rs"]
mod fuzz;
#[path = "search/generate.rs"]
mod generate;
#[path = "search/leak.rs"]
mod leak;
#[path = "search/observe.rs"]
mod observe;
#[path = "search/orders.rs"]
mod orders;
#[path = "search/stack.rs"]
mod stack;
#[path = "search/store.rs"]
mod store;
#[path = "search/trusted.rs"]
mod trusted;
#[path = "search/unexamined.rs"]
mod unexamined;

use std::sync::OnceLock;

use watertight_tests::Cluster;

/// Statistics only where a test asks for them, so that plans do not change between two looks.
fn cluster() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(|| {
        Cluster::start(&["autovacuum = off", "shared_buffers = 256MB", "max_wal_size = 4GB", "jit = off"])
    })
}
