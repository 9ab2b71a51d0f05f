//! Network addresses: `inet` and `cidr`. Examined in network.c, network_gist.c, network_spgist.c and
//! brin_inclusion.c. The comparisons `<`, `<=`, `=`, `>=`, `>` are LEAKPROOF already in PostgreSQL 15; the B-tree
//! conditions that the planner derives from `<<`, `<<=`, `>>`, `>>=` consist of them.

use crate::search::entry::{Entry, Function::Builtin};

const SUBNET: &str = "Compares the address families and mask lengths, then that many leading bits with \
    memcmp and shifts.";
const OVERLAP: &str = "Compares the address families, then as many leading bits as the shorter mask has, \
    with memcmp and shifts.";

/// The family's functions.
pub const ENTRIES: &[Entry] = &[
    Entry::total(Builtin(927, "network_sub(inet,inet)"), SUBNET),
    Entry::total(Builtin(928, "network_subeq(inet,inet)"), SUBNET),
    Entry::total(Builtin(929, "network_sup(inet,inet)"), SUBNET),
    Entry::total(Builtin(930, "network_supeq(inet,inet)"), SUBNET),
    Entry::total(Builtin(3551, "network_overlap(inet,inet)"), OVERLAP),
];
