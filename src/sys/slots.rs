//! Things that live as long as the server at most, and that every backend looks at without a lock.

use super::local::Local;
use super::shared::{self, Area, backends};
use super::signals;
use pgrx::pg_sys::{self, Oid};
use std::cell::Cell;
use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU32, AtomicU64, Ordering};

/// What a slot's owner writes once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plain {
    /// What the slot is found by, in its database.
    pub key: [u8; 16],
    /// The database.
    pub database: Oid,
    /// What several slots may have in common.
    pub group: [u8; 16],
    /// Goes when its last slot does.
    pub transient: bool,
    /// Good before that moment, in PostgreSQL's microseconds.
    pub until: i64,
    /// Good so long after it was last touched, in microseconds; 0: as long as the slot.
    pub idle: i64,
    /// The process it belongs to; 0: none.
    pub process: i32,
}

const EMPTY: Plain = Plain {
    key: [0; 16],
    database: Oid::INVALID,
    group: [0; 16],
    transient: false,
    until: 0,
    idle: 0,
    process: 0,
};

const FREE: u32 = 0;
const OPEN: u32 = 1;
const ENDING: u32 = 2;

#[repr(C)]
struct Slot {
    /// Another one each time the slot is used; 0: free.
    serial: AtomicU64,
    state: AtomicU32,
    /// The slot is one of those that a search goes on past.
    used: AtomicU32,
    touched: AtomicI64,
    plain: Cell<Plain>,
}

#[repr(C)]
struct Head {
    boot: Cell<[u8; 16]>,
    last_serial: AtomicU64,
    open: AtomicU32,
}

/// What a backend works for now: which slot, by its serial.
#[repr(C)]
struct Busy {
    process: AtomicI32,
    serial: AtomicU64,
}

static AREA: Area = Area::new(c"watertight slots", size, created);
static CAPACITY: Local<fn() -> usize> = Local::new(|| 0);

/// Where a slot is. A handle of a slot that was given up and taken again is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handle {
    index: u32,
    serial: u64,
}

/// Whether what a slot stands for is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It is.
    Good,
    /// Its time is over.
    Expired,
    /// It was not touched for too long.
    Idle,
    /// It is being taken down.
    Ending,
    /// There is no such slot any more.
    Gone,
}

/// A slot as it was a moment ago.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Where it is.
    pub handle: Handle,
    /// What its owner wrote.
    pub plain: Plain,
    /// When it was last touched.
    pub touched: i64,
    /// It is being taken down.
    pub ending: bool,
}

/// Asks for the memory; called while the library is loaded. `capacity` may read settings that only a restart changes.
pub fn install(capacity: fn() -> usize) {
    CAPACITY.set(capacity);
    shared::install(&AREA);
}

fn slots() -> usize {
    (CAPACITY.get())().max(1)
}

/// Set when the memory is asked for, in the postmaster, of which every process is a copy: it is read once a statement.
static PLACES: Local<usize> = Local::new(1);

// A search ends at the first place that was never used, so half of the places stay free.
fn places() -> usize {
    PLACES.get()
}

fn size() -> usize {
    PLACES.set((slots() * 2).next_power_of_two());
    size_of::<Head>() + places() * size_of::<Slot>() + backends() * size_of::<Busy>()
}

fn created() {
    let mut boot = [0u8; 16];
    // SAFETY: writes 16 bytes.
    let strong = unsafe { pg_sys::pg_strong_random(boot.as_mut_ptr().cast(), boot.len()) };
    if !strong {
        // Never two starts with one id: better no start.
        std::process::abort();
    }
    head().boot.set(boot);
}

fn head() -> &'static Head {
    debug_assert!(!AREA.place().is_null());
    // SAFETY: the area begins with a head, and all bit patterns of zero are valid ones. Only `created` writes what is no atomic.
    unsafe { &*AREA.place().cast::<Head>() }
}

fn slot(index: usize) -> &'static Slot {
    // SAFETY: the area has so many slots after the head; their alignment is at most the head's (eight bytes). `plain` is
    // written under the lock before the serial says that the slot is in use, and read under the lock.
    unsafe { &*AREA.place().add(size_of::<Head>()).cast::<Slot>().add(index % places()) }
}

fn busy(index: usize) -> &'static Busy {
    // SAFETY: after the slots the area has one for each backend.
    unsafe {
        let start = AREA.place().add(size_of::<Head>() + places() * size_of::<Slot>());
        &*start.cast::<Busy>().add(index % backends())
    }
}

/// Random for each start of the server, also that after a crash.
pub fn boot_id() -> [u8; 16] {
    head().boot.get()
}

fn hash(key: &[u8; 16]) -> usize {
    // The keys are random or nearly so in their last bytes.
    let [.., a, b, c, d] = *key;
    u32::from_ne_bytes([a, b, c, d]).wrapping_mul(0x9E37_79B1) as usize >> 3
}

/// The slot of a key.
pub fn find(database: Oid, key: &[u8; 16]) -> Option<View> {
    AREA.locked(false, || find_locked(database, key))
}

fn find_locked(database: Oid, key: &[u8; 16]) -> Option<View> {
    let start = hash(key);
    for step in 0..places() {
        let index = (start + step) % places();
        let place = slot(index);
        if place.used.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let plain = place.plain.get();
        if place.state.load(Ordering::Relaxed) != FREE && plain.database == database && plain.key == *key {
            return Some(view(index, place));
        }
    }
    None
}

fn view(index: usize, place: &Slot) -> View {
    View {
        handle: Handle { index: index as u32, serial: place.serial.load(Ordering::Acquire) },
        plain: place.plain.get(),
        touched: place.touched.load(Ordering::Relaxed),
        ending: place.state.load(Ordering::Relaxed) == ENDING,
    }
}

/// Takes a slot, or finds the one that its key has. `None`: all are taken.
pub fn take(plain: Plain, touched: i64) -> Option<Handle> {
    AREA.locked(true, || {
        if let Some(known) = find_locked(plain.database, &plain.key) {
            return Some(known.handle);
        }
        if head().open.load(Ordering::Relaxed) as usize >= slots() {
            return None;
        }
        let start = hash(&plain.key);
        let index = (0..places())
            .map(|step| (start + step) % places())
            .find(|index| slot(*index).state.load(Ordering::Relaxed) == FREE)?;
        let place = slot(index);
        let serial = head().last_serial.fetch_add(1, Ordering::Relaxed) + 1;
        place.plain.set(plain);
        place.touched.store(touched, Ordering::Relaxed);
        place.used.store(1, Ordering::Relaxed);
        place.state.store(OPEN, Ordering::Relaxed);
        place.serial.store(serial, Ordering::Release);
        head().open.fetch_add(1, Ordering::Relaxed);
        Some(Handle { index: index as u32, serial })
    })
}

/// Gives a slot up. The place stays one that searches go past, until the table is empty or the places after it are free.
pub fn give_up(handle: Handle) {
    AREA.locked(true, || {
        let place = slot(handle.index as usize);
        if place.serial.load(Ordering::Relaxed) != handle.serial {
            return;
        }
        place.serial.store(0, Ordering::Release);
        place.state.store(FREE, Ordering::Relaxed);
        place.plain.set(EMPTY);
        head().open.fetch_sub(1, Ordering::Relaxed);
        // Backwards over a run of free places before one that was never used: searches may stop there again.
        let mut index = handle.index as usize;
        let next = slot((index + 1) % places());
        if next.used.load(Ordering::Relaxed) == 0 {
            while slot(index).state.load(Ordering::Relaxed) == FREE
                && slot(index).used.load(Ordering::Relaxed) == 1
            {
                slot(index).used.store(0, Ordering::Relaxed);
                index = (index + places() - 1) % places();
            }
        }
    });
}

/// From now on the slot is not good; it never is again. True if it was until now.
pub fn begin_end(handle: Handle) -> bool {
    AREA.locked(false, || {
        let place = slot(handle.index as usize);
        place.serial.load(Ordering::Relaxed) == handle.serial
            && place.state.compare_exchange(OPEN, ENDING, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    })
}

/// Whether it is good now; if so, it counts as touched now. Takes no lock: once the serial is another, nothing else is believed.
#[inline]
pub fn touch(handle: Handle, limits: (i64, i64), now: i64) -> Condition {
    let place = slot(handle.index as usize);
    if place.serial.load(Ordering::Acquire) != handle.serial {
        return Condition::Gone;
    }
    let touched = place.touched.load(Ordering::Relaxed);
    let state = place.state.load(Ordering::Acquire);
    if place.serial.load(Ordering::Acquire) != handle.serial {
        return Condition::Gone;
    }
    let condition = judge(state == ENDING, limits, touched, now);
    if condition == Condition::Good {
        // No read-modify-write: if two processes work for the session at once, either one's moment will do. (Another session's is
        // overwritten only if the slot was given up in this very moment and taken again: then that counts as touched now.)
        if touched < now {
            place.touched.store(now, Ordering::Relaxed);
        }
    }
    condition
}

fn judge(ending: bool, (until, idle): (i64, i64), touched: i64, now: i64) -> Condition {
    if ending {
        Condition::Ending
    } else if now >= until {
        Condition::Expired
    } else if idle > 0 && now.saturating_sub(touched) >= idle {
        Condition::Idle
    } else {
        Condition::Good
    }
}

impl View {
    /// Whether it is good at a moment.
    pub fn condition(&self, now: i64) -> Condition {
        judge(self.ending, (self.plain.until, self.plain.idle), self.touched, now)
    }
}

/// All slots of a database.
pub fn of_database(database: Oid) -> Vec<View> {
    let mut views = Vec::with_capacity(slots());
    AREA.locked(false, || {
        for index in 0..places() {
            let place = slot(index);
            if place.state.load(Ordering::Relaxed) != FREE && place.plain.get().database == database {
                views.push(view(index, place));
            }
        }
    });
    views
}

fn my_place() -> Option<&'static Busy> {
    shared::my_index().map(busy)
}

/// Tells the others which slot this process works for; `None`: for none. Must not raise.
#[inline]
pub fn work_for(handle: Option<Handle>) {
    if AREA.place().is_null() {
        return;
    }
    let Some(place) = my_place() else { return };
    // SAFETY: a plain global.
    place.process.store(unsafe { pg_sys::MyProcPid }, Ordering::Relaxed);
    place.serial.store(handle.map_or(0, |handle| handle.serial), Ordering::Release);
}

/// The processes that work for a slot now, but this one.
pub fn workers_of(handle: Handle) -> Vec<i32> {
    // SAFETY: a plain global.
    let me = unsafe { pg_sys::MyProcPid };
    (0..backends())
        .map(busy)
        .filter(|place| place.serial.load(Ordering::Acquire) == handle.serial)
        .map(|place| place.process.load(Ordering::Relaxed))
        .filter(|process| *process != me && *process != 0)
        .collect()
}

/// Cancels what a process is doing, or (`terminate`) ends it.
pub fn interrupt(process: i32, terminate: bool) {
    let signal = if terminate { signals::SIGTERM } else { signals::SIGINT };
    // SAFETY: only processes of this server are in the table; one that is gone is an error that nobody needs.
    unsafe {
        if !pg_sys::BackendPidGetProc(process).is_null() {
            signals::kill(process, signal);
        }
    }
}
