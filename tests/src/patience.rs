//! Waiting for what somebody else does.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Waits until it is so, half a minute at most.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within 30 seconds");
        sleep(Duration::from_millis(30));
    }
}
