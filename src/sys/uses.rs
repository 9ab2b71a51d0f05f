//! How often something of which only so much use may be made was used: counted in shared memory, up to a mark that is written down.
//!
//! This is a cache: what is forgotten here is counted on from the mark.

use super::shared::{self, Area};
use pgrx::pg_sys::{self, Oid};
use std::cell::Cell;

const BUCKETS: usize = 16_384;
const WAYS: usize = 8;

#[derive(Clone, Copy)]
struct Entry {
    database: Oid,
    number: i64,
    used: u64,
    mark: u64,
    at: i64,
}

#[repr(C)]
struct Table {
    buckets: [[Cell<Entry>; WAYS]; BUCKETS],
}

static AREA: Area = Area::new(c"watertight uses", size_of::<Table>, || {});

/// Asks for the memory; called while the library is loaded.
pub fn install() {
    shared::install(&AREA);
}

fn bucket(database: Oid, number: i64) -> &'static [Cell<Entry>; WAYS] {
    // SAFETY: the area is one table, and zeroes are empty entries. Used under its lock only.
    let table = unsafe { &*AREA.place().cast::<Table>() };
    let hash = (number as u64 ^ u64::from(database.to_u32())).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
    &table.buckets[hash as usize % BUCKETS]
}

fn entry(database: Oid, number: i64) -> Option<&'static Cell<Entry>> {
    bucket(database, number)
        .iter()
        .find(|place| place.get().database == database && place.get().number == number)
}

/// Has `f` take some of what is left: it is given how much was used and the mark, and returns how much it takes (kept below the
/// mark). `None` if nothing is known.
pub fn take(database: Oid, number: i64, f: impl FnOnce(u64, u64) -> u64) -> Option<u64> {
    AREA.locked(true, || {
        let place = entry(database, number)?;
        let mut entry = place.get();
        let taken = f(entry.used, entry.mark).min(entry.mark.saturating_sub(entry.used));
        entry.used += taken;
        // SAFETY: reads the clock.
        entry.at = unsafe { pg_sys::GetCurrentTimestamp() };
        place.set(entry);
        Some(taken)
    })
}

/// How often it was used, and the mark, if that is known.
pub fn get(database: Oid, number: i64) -> Option<(u64, u64)> {
    AREA.locked(false, || entry(database, number).map(|place| (place.get().used, place.get().mark)))
}

/// The mark has been moved from `old` to `new`, and that is written down.
pub fn allow(database: Oid, number: i64, old: u64, new: u64) {
    AREA.locked(true, || {
        if let Some(place) = entry(database, number) {
            let mut known = place.get();
            // Whoever moved it from elsewhere knew another one: then the space between was never given out.
            if known.mark < old {
                known.used = old;
            }
            known.mark = known.mark.max(new);
            return place.set(known);
        }
        let oldest = bucket(database, number).iter().min_by_key(|place| place.get().at);
        if let Some(place) = oldest {
            // SAFETY: reads the clock.
            let at = unsafe { pg_sys::GetCurrentTimestamp() };
            place.set(Entry { database, number, used: old, mark: new, at });
        }
    });
}
