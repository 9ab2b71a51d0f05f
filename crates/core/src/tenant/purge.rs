//! In which order tables are emptied.

use std::collections::BTreeSet;

/// Orders `tables` so that a table comes before those its foreign keys point to (`references`: from, to). Tables in a
/// cycle keep their given order at the end: a deferrable key may still allow it, and PostgreSQL refuses it
/// otherwise.
pub fn purge_order<T: Copy + Ord>(tables: &[T], references: &[(T, T)]) -> Vec<T> {
    let mut left: Vec<T> = tables.to_vec();
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waiting: BTreeSet<T> = references
            .iter()
            .filter(|(from, to)| from != to && left.contains(from))
            .map(|(_, to)| *to)
            .collect();
        let (blocked, free): (Vec<T>, Vec<T>) = left.iter().partition(|table| waiting.contains(table));
        if free.is_empty() {
            ordered.extend(blocked);
            return ordered;
        }
        ordered.extend(free);
        left = blocked;
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn referencing_tables_come_first() {
        assert_eq!(purge_order(&["a", "b", "c"], &[("c", "b"), ("b", "a")]), ["c", "b", "a"]);
    }

    #[test]
    fn self_references_do_not_block() {
        assert_eq!(purge_order(&["a"], &[("a", "a")]), ["a"]);
    }

    #[test]
    fn tables_that_are_not_purged_do_not_count() {
        assert_eq!(purge_order(&["a"], &[("elsewhere", "a")]), ["a"]);
    }

    #[test]
    fn a_cycle_loses_no_table() {
        assert_eq!(purge_order(&["a", "b", "c"], &[("a", "b"), ("b", "a"), ("c", "a")]), ["c", "a", "b"]);
    }
}
