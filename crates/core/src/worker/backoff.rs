//! What failed is tried again, later each time, and keeps nothing else from being done.

use std::collections::HashMap;
use std::hash::Hash;

/// No longer than ten minutes, in seconds.
const LONGEST: u64 = 600;

/// How long to wait after so many failures in a row, in seconds; `first` after the first one.
pub fn delay(first: u64, failures: u32) -> u64 {
    let doublings = failures.saturating_sub(1).min(16);
    (first.max(1) << doublings).min(LONGEST.max(first))
}

/// What failed, and when it is tried again.
#[derive(Debug)]
pub struct Backoff<K> {
    failed: HashMap<K, (u32, u64)>,
}

impl<K> Default for Backoff<K> {
    fn default() -> Self {
        Backoff { failed: HashMap::new() }
    }
}

impl<K: Eq + Hash> Backoff<K> {
    /// Whether it is to be tried now (`now` in seconds).
    pub fn is_due(&self, key: &K, now: u64) -> bool {
        self.failed.get(key).is_none_or(|(_, next)| now >= *next)
    }

    /// It failed again.
    pub fn failed(&mut self, key: K, now: u64, first: u64) {
        let (failures, next) = self.failed.entry(key).or_insert((0, 0));
        *failures = failures.saturating_add(1);
        *next = now.saturating_add(delay(first, *failures));
    }

    /// It has been done.
    pub fn done(&mut self, key: &K) {
        self.failed.remove(key);
    }

    /// Forgets what has been over for a long time: it may have been done by somebody else.
    pub fn forget_old(&mut self, now: u64) {
        self.failed.retain(|_, (_, next)| next.saturating_add(LONGEST * 2) > now);
    }

    /// Whether nothing waits to be tried again.
    pub fn is_empty(&self) -> bool {
        self.failed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_twice_as_long_each_time_and_ten_minutes_at_most() {
        let delays: Vec<u64> = (1..=8).map(|failures| delay(10, failures)).collect();
        assert_eq!(delays, [10, 20, 40, 80, 160, 320, 600, 600]);
        assert_eq!(delay(10, u32::MAX), 600);
        assert_eq!((delay(0, 1), delay(3_600, 9)), (1, 3_600));
    }

    #[test]
    fn one_that_fails_waits_and_others_do_not() {
        let mut backoff = Backoff::default();
        backoff.failed("a", 100, 10);
        assert!(!backoff.is_due(&"a", 109) && backoff.is_due(&"a", 110) && backoff.is_due(&"b", 100));
        backoff.failed("a", 110, 10);
        assert!(!backoff.is_due(&"a", 129) && backoff.is_due(&"a", 130));
        backoff.done(&"a");
        assert!(backoff.is_due(&"a", 0) && backoff.is_empty());
        backoff.failed("a", 0, 10);
        backoff.forget_old(5_000);
        assert!(backoff.is_empty());
    }
}
