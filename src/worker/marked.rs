//! Sessions that were ended by a transaction which was rolled back, before a crash: their rows are there, their slots are not.

use super::shift::{Shift, ids};
use crate::pg::error::{OrRaise, internal};
use crate::sys::marks::{self, Mark};
use crate::sys::slots;
use pgrx::pg_sys::Oid;
use pgrx::spi::Spi;
use std::collections::HashSet;
use uuid::Uuid;
use watertight_core::compartment::Reason;

/// Ends them, and forgets the marks that say so once the rows are gone.
pub fn end(shift: &mut Shift) {
    let marks = marks::all();
    if marks.is_empty() {
        return;
    }
    let (own, others): (Vec<Mark>, Vec<Mark>) =
        marks.into_iter().partition(|mark| mark.database == shift.database);
    // Those with a slot are dealt with by their slots; their row may still be there, or not yet be seen.
    let alone: Vec<Mark> =
        own.into_iter().filter(|mark| slots::find(mark.database, &mark.key).is_none()).collect();
    if !alone.is_empty() {
        let list =
            shift.task("list the sessions' ids", || ids("SELECT id FROM watertight.open_sessions", &[]));
        let Some(rows) = list.map(|ids| ids.into_iter().map(Uuid::into_bytes).collect::<HashSet<_>>()) else {
            return;
        };
        for mark in alone {
            if shift.is_over() {
                return;
            }
            let gone =
                !rows.contains(&mark.key) || shift.end_session(Uuid::from_bytes(mark.key), Reason::Abandoned);
            if gone {
                mark.clear();
            }
        }
    }
    if !others.is_empty() && shift.is_time_for("marks of dropped databases", super::HOUR) {
        forget_dropped(shift, &others);
    }
}

fn forget_dropped(shift: &mut Shift, others: &[Mark]) {
    let known = shift.task("list the databases", || {
        Spi::connect(|client| {
            let rows = client.select("SELECT oid FROM pg_catalog.pg_database", None, &[])?;
            rows.map(|row| row.get::<Oid>(1)).collect::<Result<Vec<_>, _>>()
        })
        .map_err(internal)
        .or_raise()
    });
    let Some(known) = known else { return };
    others.iter().filter(|mark| !known.contains(&Some(mark.database))).for_each(Mark::clear);
}
