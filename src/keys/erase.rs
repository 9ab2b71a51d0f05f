//! The bytes of destroyed keys: after the rows, what PostgreSQL leaves of earlier versions of them in the files of the tables.

use super::make;
use crate::pg::error::OrRaise;
use crate::pg::id::to_pg;
use crate::pg::{settings, spi};
use crate::sys::workers::{self, State};
use crate::sys::{process, residue};
use crate::worker::{HOUR, Shift};
use uuid::Uuid;

/// Whoever looks at the tables with an older snapshot keeps VACUUM from it: how long to wait for the next attempt, in seconds.
const AGAIN: u64 = 10;

const VACUUM: &std::ffi::CStr = c"VACUUM (TRUNCATE false, INDEX_CLEANUP on, PROCESS_TOAST true)
    watertight.tenant_keys, watertight.data_keys";

/// Has the bytes overwritten that the tables hold of keys whose destruction has a certificate.
pub fn work(shift: &mut Shift) {
    let list = shift.task("list the keys to erase", || {
        spi::ids("SELECT id FROM watertight.key_certificates WHERE erased_at IS NULL", &[])
    });
    let Some(list) = list.filter(|list| !list.is_empty()) else { return };
    if !shift.is_time_for("erase keys", AGAIN) {
        return;
    }
    workers::change(shift.database, |worker| worker.state = State::Vacuuming);
    let vacuumed = shift.statement("vacuum the tables of keys", || process::top_level(VACUUM));
    workers::change(shift.database, |worker| worker.state = State::Working);
    if vacuumed.is_some() {
        shift.task("erase destroyed keys", || overwrite(&list));
    }
}

fn overwrite(destroyed: &[Uuid]) {
    let tables = make::installed().or_raise();
    let left = residue::overwrite(tables.tenant_keys) + residue::overwrite(tables.data_keys);
    if left > 0 {
        return;
    }
    let destroyed: Vec<_> = destroyed.iter().copied().map(to_pg).collect();
    spi::run(
        "UPDATE watertight.key_certificates SET erased_at = pg_catalog.clock_timestamp()
          WHERE id OPERATOR(pg_catalog.=) ANY ($1)",
        &[destroyed.into()],
    );
}

/// Certificates of ephemeral compartments are kept as long as what else is remembered of those.
pub fn forget_old(shift: &mut Shift) {
    if !shift.is_time_for("forget certificates", HOUR) {
        return;
    }
    shift.task("forget old certificates", || {
        spi::run(
            "DELETE FROM watertight.key_certificates
              WHERE ephemeral AND destroyed_at OPERATOR(pg_catalog.<)
                    (pg_catalog.now() OPERATOR(pg_catalog.-) pg_catalog.make_interval(days => $1))",
            &[settings::keep_ended_compartments().into()],
        );
    });
}
