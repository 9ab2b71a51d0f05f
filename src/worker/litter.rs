//! Catalogs: each life of a compartment leaves dead rows in them, and autovacuum comes late.

use super::shift::Shift;
use crate::sys::process;
use crate::sys::workers::{self, State};

/// After so many relations that were dropped. (A table with a key and a default leaves about 12 kB.)
const DUE: u64 = 500;

const VACUUM: &std::ffi::CStr = c"VACUUM (SKIP_LOCKED, PROCESS_TOAST)
    pg_catalog.pg_class, pg_catalog.pg_attribute, pg_catalog.pg_type, pg_catalog.pg_depend, pg_catalog.pg_shdepend,
    pg_catalog.pg_index, pg_catalog.pg_constraint, pg_catalog.pg_attrdef, pg_catalog.pg_sequence,
    pg_catalog.pg_description, pg_catalog.pg_statistic, pg_catalog.pg_trigger, pg_catalog.pg_rewrite,
    pg_catalog.pg_proc, pg_catalog.pg_policy, pg_catalog.pg_namespace, pg_catalog.pg_init_privs,
    pg_catalog.pg_largeobject, pg_catalog.pg_largeobject_metadata,
    watertight.all_compartments, watertight.open_sessions, watertight.compartment_objects,
    watertight.ended_compartments";

/// Whether it is worth while.
pub fn is_due(litter: u64) -> bool {
    litter >= DUE
}

/// Cleans catalogs if it is.
pub fn clean(shift: &mut Shift) {
    let litter = workers::get(shift.database).map_or(0, |worker| worker.litter);
    if !is_due(litter) {
        return;
    }
    workers::change(shift.database, |worker| worker.state = State::Vacuuming);
    let done = shift.statement("vacuum the catalogs", || process::top_level(VACUUM));
    workers::change(shift.database, |worker| {
        worker.state = State::Working;
        if done.is_some() {
            worker.litter = worker.litter.saturating_sub(litter);
        }
    });
}
