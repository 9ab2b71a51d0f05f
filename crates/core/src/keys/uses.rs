//! How often a data key may seal, so that it stays so across crashes.
//!
//! Nonces are random, so a key must not seal more than 2^32 values (NIST SP 800-38D, 8.3). Nobody counts exactly across a crash:
//! instead, uses are *reserved* in the key's row before they are made. Shared memory counts below the reserved mark; a worker moves
//! the mark up in time; after a restart counting goes on at the mark, as if everything below it had been used. Whoever loses
//! uses that it had taken, by dying, has used them.
//!
//! A restart leaves a key with nothing below its mark. A backend that finds nothing left wakes the worker and waits for it. On a standby
//! no mark moves, and nothing is counted: it seals constants of queries only, which nobody can store. The limit is half of the standard's,
//! so that a copy of the whole installation, which goes on counting at the same mark, stays within it too.

/// No mark is moved beyond this.
pub const LIMIT: u64 = 1 << 31;

/// How far a mark is moved; the mark of a new key. A restart wastes one of these at most, so a key survives at least a hundred of them.
pub const RESERVATION: u64 = 1 << 24;

/// What a backend takes at a time, so that backends do not meet at the counter for each value.
pub const SHARE: u64 = 1 << 8;

/// With less than this left below the mark, it is moved.
const LOW: u64 = RESERVATION / 2;

/// At this mark a successor is made, a good while before the key stops sealing.
const SUCCESSOR: u64 = LIMIT - 4 * RESERVATION;

/// The uses of one data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uses {
    /// So many are made, or taken by somebody who may make them.
    pub taken: u64,
    /// The mark: so many may be made.
    pub reserved: u64,
}

impl Uses {
    /// Of a key that was just made; its row has this mark from the start.
    pub const NEW: Uses = Uses { taken: 0, reserved: RESERVATION };

    /// Of a key that was read from its row, with the mark that is there.
    pub const fn after_restart(reserved: u64) -> Self {
        Uses { taken: reserved, reserved }
    }

    /// How many of `wanted` uses may be taken now; 0 when the worker has to come by first.
    pub const fn available(self, wanted: u64) -> u64 {
        let left = self.reserved.saturating_sub(self.taken);
        if left < wanted { left } else { wanted }
    }

    /// Where the mark is to be moved, if it is time. It counts when the row with it is committed, not before.
    pub const fn next_mark(self) -> Option<u64> {
        if self.reserved.saturating_sub(self.taken) >= LOW || self.reserved >= LIMIT {
            return None;
        }
        let taken = if self.taken > self.reserved { self.taken } else { self.reserved };
        let next = taken.saturating_add(RESERVATION);
        Some(if next > LIMIT { LIMIT } else { next })
    }

    /// Whether it is time to make the next key.
    pub const fn successor_due(self) -> bool {
        self.reserved > SUCCESSOR
    }

    /// Whether the key will never seal again.
    pub const fn is_used_up(self) -> bool {
        self.reserved >= LIMIT && self.taken >= self.reserved
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_new_key_seals_at_once_and_a_restarted_one_when_the_mark_has_moved() {
        assert_eq!(Uses::NEW.available(SHARE), SHARE);
        assert_eq!(Uses::NEW.next_mark(), None);
        let restarted = Uses::after_restart(RESERVATION);
        assert_eq!(restarted.available(SHARE), 0);
        assert_eq!(restarted.next_mark(), Some(2 * RESERVATION));
    }

    #[test]
    fn the_mark_moves_before_it_is_reached() {
        let half = Uses { taken: RESERVATION - LOW, reserved: RESERVATION };
        assert_eq!(half.next_mark(), None);
        let below = Uses { taken: half.taken + 1, ..half };
        assert_eq!(below.next_mark(), Some(2 * RESERVATION));
        assert_eq!(below.available(u64::MAX), LOW - 1);
    }

    #[test]
    fn the_limit_holds() {
        let last = Uses { taken: LIMIT - 5, reserved: LIMIT };
        assert_eq!((last.next_mark(), last.available(SHARE)), (None, 5));
        assert!(last.successor_due() && !last.is_used_up());
        let over = Uses { taken: LIMIT, reserved: LIMIT };
        assert_eq!(over.available(1), 0);
        assert!(over.is_used_up());
        // A row that somebody wrote by hand.
        assert_eq!(Uses { taken: 7, reserved: 3 }.available(1), 0);
        assert_eq!(Uses { taken: u64::MAX, reserved: LIMIT - 1 }.next_mark(), Some(LIMIT));
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Take(u64),
        Worker,
        Crash,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (1..RESERVATION * 2).prop_map(Step::Take),
            Just(Step::Take(SHARE)),
            Just(Step::Worker),
            Just(Step::Crash),
        ]
    }

    proptest! {
        /// Whatever happens in whatever order, no more values are sealed than the limit says, and none above a mark in the row.
        #[test]
        fn no_more_than_the_limit_is_ever_sealed(steps in prop::collection::vec(step(), 1..2000)) {
            let mut row = RESERVATION;
            let mut uses = Uses::NEW;
            let mut sealed = 0_u64;
            for step in steps {
                match step {
                    Step::Take(wanted) => {
                        let taken = uses.available(wanted);
                        uses.taken += taken;
                        sealed += taken;
                    }
                    Step::Worker => {
                        if let Some(mark) = uses.next_mark() {
                            prop_assert!(mark > row);
                            row = mark;
                            uses.reserved = mark;
                        }
                    }
                    Step::Crash => uses = Uses::after_restart(row),
                }
                prop_assert!(uses.taken <= row && sealed <= row && row <= LIMIT);
                if uses.available(1) == 0 && uses.next_mark().is_none() {
                    prop_assert!(uses.is_used_up() && uses.successor_due());
                }
            }
        }
    }
}
