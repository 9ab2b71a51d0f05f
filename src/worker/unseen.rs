//! What is in shared memory and has no row: its transaction may be under way, for as long as it likes, or the row is gone.

use crate::pg::spi;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use uuid::Uuid;

/// What had no row, and a transaction that began after that was first noticed.
pub struct Unseen<K>(HashMap<K, i64>);

impl<K> Default for Unseen<K> {
    fn default() -> Self {
        Unseen(HashMap::new())
    }
}

impl<K: Copy + Eq + Hash> Unseen<K> {
    /// What of all that is `there`, each with the id of its row, has none, nor will have: whatever was under way when that was first
    /// noticed is over. `ids` selects those of all rows.
    pub fn without_row(&mut self, there: &[(K, [u8; 16])], ids: &str) -> Vec<K> {
        if there.is_empty() {
            self.0.clear();
            return Vec::new();
        }
        // Asked before the rows are looked at.
        let oldest = spi::one::<i64>(OLDEST, &[]).unwrap_or(0);
        let known: HashSet<_> = spi::ids(ids, &[]).into_iter().map(Uuid::into_bytes).collect();
        let rowless: HashSet<K> =
            there.iter().filter(|(_, id)| !known.contains(id)).map(|(what, _)| *what).collect();
        self.0.retain(|what, _| rowless.contains(what));
        if rowless.len() > self.0.len() {
            let youngest = spi::one::<i64>(YOUNGEST, &[]).unwrap_or(i64::MAX);
            rowless.iter().for_each(|what| _ = self.0.entry(*what).or_insert(youngest));
        }
        self.0.iter().filter(|(_, since)| **since < oldest).map(|(what, _)| *what).collect()
    }
}

const OLDEST: &str =
    "SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8";
const YOUNGEST: &str = "SELECT pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.int8";
