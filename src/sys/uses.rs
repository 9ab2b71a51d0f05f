//! How often something of which only so much use may be made was used: counted in shared memory, up to a mark that is written down.
//!
//! This is a cache: what is forgotten here is counted on from the mark.
//!
//! Nobody knows of what the present transaction has made, and may undo. So that takes a place that is free, and no other's; it leaves it if
//! it is undone. Where none is free it is counted in this process until it is committed.

use super::shared::{self, Area};
use super::tied::Tied;
use pgrx::pg_sys::{self, Oid};
use std::cell::Cell;
use std::ffi::c_void;

const BUCKETS: usize = 16_384;
const WAYS: usize = 8;
/// When something was last used that was never used: the first to go. Empty places have 0.
const NEVER: i64 = 1;

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

/// What the present transaction has made.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Own {
    database: Oid,
    number: i64,
    /// It has no place among the others: so often was it used.
    apart: Option<u64>,
    mark: u64,
}

static AREA: Area = Area::new(c"watertight uses", size_of::<Table>, || {});
static OWN: Tied<Own> = Tied::new();

/// Asks for the memory, and starts listening; called once, while the library is loaded.
pub fn install() {
    shared::install(&AREA);
    // SAFETY: static functions that do not raise.
    unsafe {
        pg_sys::RegisterXactCallback(Some(on_transaction), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(on_subtransaction), std::ptr::null_mut());
    }
}

fn now() -> i64 {
    // SAFETY: reads the clock.
    unsafe { pg_sys::GetCurrentTimestamp() }
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
pub fn take(database: Oid, number: i64, f: impl Fn(u64, u64) -> u64) -> Option<u64> {
    let some = |used: &mut u64, mark: u64| {
        let taken = f(*used, mark).min(mark.saturating_sub(*used));
        *used += taken;
        Some(taken)
    };
    let apart = OWN.change(|own| match &mut own.apart {
        Some(used) if (own.database, own.number) == (database, number) => some(used, own.mark),
        _ => None,
    });
    apart.or_else(|| {
        AREA.locked(true, || {
            let place = entry(database, number)?;
            let mut entry = place.get();
            let taken = some(&mut entry.used, entry.mark);
            entry.at = now();
            place.set(entry);
            taken
        })
    })
}

/// How often it was used, and the mark, if that is known.
pub fn get(database: Oid, number: i64) -> Option<(u64, u64)> {
    AREA.locked(false, || entry(database, number).map(|place| (place.get().used, place.get().mark)))
}

/// The present transaction has made it, and writes down this mark.
pub fn begin(database: Oid, number: i64, mark: u64) {
    let free = AREA.locked(true, || {
        let free = bucket(database, number).iter().find(|place| place.get().database == Oid::INVALID);
        if let Some(place) = free {
            place.set(Entry { database, number, used: 0, mark, at: now() });
        }
        free.is_some()
    });
    OWN.note_new(Own { database, number, apart: (!free).then_some(0), mark });
}

/// It is there for all. Whoever makes much that nobody uses drives out nothing else.
fn committed(own: &Own) {
    match own.apart {
        Some(used) => allow(own.database, own.number, used, own.mark),
        None => AREA.locked(true, || {
            if let Some(place) = entry(own.database, own.number)
                && place.get().used == 0
            {
                place.set(Entry { at: NEVER, ..place.get() });
            }
        }),
    }
}

/// It is not there any more, or not this process's.
fn undone(own: &Own) {
    AREA.locked(true, || {
        if let Some(place) = entry(own.database, own.number) {
            place.set(Entry { database: Oid::INVALID, number: 0, used: 0, mark: 0, at: 0 });
        }
    });
}

unsafe extern "C-unwind" fn on_transaction(event: pg_sys::XactEvent::Type, _arg: *mut c_void) {
    if !OWN.is_empty() {
        // SAFETY: it asks nothing of its caller.
        unsafe { decide(event) };
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn decide(event: pg_sys::XactEvent::Type) {
    use pg_sys::XactEvent as E;
    match event {
        E::XACT_EVENT_COMMIT => OWN.take().iter().for_each(committed),
        // Who is given it goes on at the mark.
        E::XACT_EVENT_ABORT | E::XACT_EVENT_PREPARE => OWN.take().iter().for_each(undone),
        _ => {}
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_subtransaction(
    event: pg_sys::SubXactEvent::Type,
    mine: pg_sys::SubTransactionId,
    parent: pg_sys::SubTransactionId,
    _arg: *mut c_void,
) {
    OWN.follow(event, mine, parent).iter().for_each(undone);
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
            let at = if old == 0 { NEVER } else { now() };
            place.set(Entry { database, number, used: old, mark: new, at });
        }
    });
}
