//! Waiting for what somebody else does.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Waits until it is so, half a minute at most.
pub fn eventually(what: &str, is_so: impl FnMut() -> bool) {
    within(30, what, is_so);
}

/// The same for so many seconds.
pub fn within(seconds: u64, what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(seconds);
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within {seconds} seconds");
        sleep(Duration::from_millis(30));
    }
}
