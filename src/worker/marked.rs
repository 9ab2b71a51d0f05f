//! Sessions that were ended by a transaction which was rolled back, before a crash: their rows are there, their slots are not.

use super::shift::Shift;
use crate::pg::error::{OrRaise, internal};
use crate::pg::spi;
use crate::sys::{marks, slots};
use pgrx::pg_sys::Oid;
use pgrx::spi::Spi;
use std::collections::HashSet;
use uuid::Uuid;
use watertight_core::compartment::Reason;
use watertight_core::session::{mark, read_mark};

/// Ends them, and forgets the marks that say so once the rows are gone.
pub fn end(shift: &mut Shift) {
    let database = shift.database.to_u32();
    let (own, others): (Vec<_>, Vec<_>) =
        marks::all().iter().filter_map(|name| read_mark(name)).partition(|(of, _)| *of == database);
    // Those with a slot are dealt with by their slots; their row may still be there, or not yet be seen.
    let has_slot = |id: &Uuid| slots::find(shift.database, id.as_bytes()).is_some();
    let alone: Vec<Uuid> = own.into_iter().map(|(_, id)| id).filter(|id| !has_slot(id)).collect();
    if !alone.is_empty() {
        let list =
            shift.task("list the sessions' ids", || spi::ids("SELECT id FROM watertight.open_sessions", &[]));
        let Some(rows) = list.map(|ids| ids.into_iter().collect::<HashSet<_>>()) else {
            return;
        };
        for id in alone {
            if shift.is_over() {
                return;
            }
            if !rows.contains(&id) || shift.end_session(id, Reason::Abandoned) {
                marks::clear(&mark(database, id));
            }
        }
    }
    if !others.is_empty() && shift.is_time_for("marks of dropped databases", super::HOUR) {
        forget_dropped(shift, &others);
    }
}

fn forget_dropped(shift: &mut Shift, others: &[(u32, Uuid)]) {
    let known = shift.task("list the databases", || {
        Spi::connect(|client| {
            let rows = client.select("SELECT oid FROM pg_catalog.pg_database", None, &[])?;
            rows.map(|row| row.get::<Oid>(1)).collect::<Result<Vec<_>, _>>()
        })
        .map_err(internal)
        .or_raise()
    });
    let Some(known) = known else { return };
    let is_known = |database: u32| known.contains(&Some(Oid::from_u32(database)));
    for (database, id) in others.iter().filter(|(database, _)| !is_known(*database)) {
        marks::clear(&mark(*database, *id));
    }
}
