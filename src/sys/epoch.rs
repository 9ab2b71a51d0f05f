//! An epoch that every backend compares with its own before it uses what it keeps, and a way to have idle ones look at it.
//!
//! Raising it makes everything that any backend keeps out of date, at once: the comparison is a load from shared memory. What a
//! backend that has nothing to do still holds in its memory it is told to look at by the interrupt that PostgreSQL sends to
//! backends that are behind with invalidation messages: an idle one begins and ends a transaction then, one that is idle in a
//! transaction takes the messages in.

use super::local::Local;
use super::shared::{self, Area, backends};
use pgrx::pg_sys::{self, Oid};
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering, fence};

#[repr(C)]
struct Head {
    epoch: AtomicU64,
}

/// What a backend keeps was loaded in this epoch; 0: it keeps nothing.
#[repr(C)]
struct Holder {
    epoch: AtomicU64,
    process: AtomicI32,
    database: AtomicU32,
    /// Of which groups it is: a bit for each, which several groups may share.
    groups: [AtomicU64; GROUPS],
}

const GROUPS: usize = 4;

/// The place of a group's bit. Names of groups are random in their last bytes.
fn bit(group: &[u8; 16]) -> (usize, u64) {
    let [.., word, bit] = *group;
    (usize::from(word) % GROUPS, 1 << (bit % 64))
}

static AREA: Area = Area::new(c"watertight epoch", size, created);
static HOLDS: Local<bool> = Local::new(false);
static WATCHED: Local<bool> = Local::new(false);
static ASKS: Local<bool> = Local::new(false);

/// Asks for the memory; called while the library is loaded.
pub fn install() {
    shared::install(&AREA);
}

fn size() -> usize {
    size_of::<Head>() + backends() * size_of::<Holder>()
}

fn created() {
    head().epoch.store(1, Ordering::Relaxed);
}

fn head() -> &'static Head {
    debug_assert!(!AREA.place().is_null());
    // SAFETY: the area begins with a head; everything in it is atomic.
    unsafe { &*AREA.place().cast::<Head>() }
}

fn holder(index: usize) -> &'static Holder {
    // SAFETY: after the head the area has one for each backend; all of it is atomic and eight bytes aligned.
    unsafe { &*AREA.place().add(size_of::<Head>()).cast::<Holder>().add(index % backends()) }
}

/// The epoch. To be read before what is to be kept under it is loaded.
#[inline(always)]
pub fn now() -> u64 {
    head().epoch.load(Ordering::Acquire)
}

/// Begins another one; returns it. Must not raise.
pub fn raise() -> u64 {
    head().epoch.fetch_add(1, Ordering::SeqCst) + 1
}

/// This backend keeps something of a group that was loaded in an epoch.
pub fn hold(epoch: u64, group: &[u8; 16]) {
    let Some(mine) = shared::my_index().map(holder) else { return };
    let (word, bit) = bit(group);
    mine.groups[word].fetch_or(bit, Ordering::SeqCst);
    if !WATCHED.get() {
        // SAFETY: a static function that does not raise.
        unsafe { pg_sys::before_shmem_exit(Some(on_exit), pg_sys::Datum::null()) };
        WATCHED.set(true);
    }
    // What it asks for was asked in that epoch or an earlier one.
    let epoch = if ASKS.get() { mine.epoch.load(Ordering::Relaxed).min(epoch) } else { epoch };
    // SAFETY: plain globals.
    let (process, database) = unsafe { (pg_sys::MyProcPid, pg_sys::MyDatabaseId) };
    mine.process.store(process, Ordering::Relaxed);
    mine.database.store(database.to_u32(), Ordering::Relaxed);
    mine.epoch.store(epoch, Ordering::SeqCst);
    // Before the epoch is read again: whoever raises it sees this, or is seen.
    fence(Ordering::SeqCst);
    HOLDS.set(true);
}

/// This backend keeps nothing any more. Must not raise.
pub fn let_go() {
    if HOLDS.get() {
        HOLDS.set(false);
        release();
    }
}

fn release() {
    if !ASKS.get()
        && let Some(mine) = shared::my_index().map(holder)
    {
        mine.epoch.store(0, Ordering::Release);
        mine.groups.iter().for_each(|groups| groups.store(0, Ordering::Release));
    }
}

/// While this is there this backend counts as one that keeps something of the epoch in which it was made, whatever it lets go of.
pub struct Asking(bool);

/// This backend is about to ask for something of a group, which it will have when it is answered.
pub fn ask(group: &[u8; 16]) -> Asking {
    let (outermost, holds) = (!ASKS.get(), HOLDS.get());
    // What it keeps besides may be older.
    ASKS.set(ASKS.get() || holds);
    hold(now(), group);
    HOLDS.set(holds);
    ASKS.set(true);
    Asking(outermost)
}

impl Drop for Asking {
    fn drop(&mut self) {
        if self.0 {
            ASKS.set(false);
            if !HOLDS.get() {
                release();
            }
        }
    }
}

unsafe extern "C-unwind" fn on_exit(_code: i32, _argument: pg_sys::Datum) {
    ASKS.set(false);
    HOLDS.set(false);
    release();
}

/// The other backends of a database that keep something of an earlier epoch than this.
fn behind(database: Oid, epoch: u64) -> impl Iterator<Item = (usize, &'static Holder)> {
    // SAFETY: a plain global.
    let me = unsafe { pg_sys::MyProcPid };
    fence(Ordering::SeqCst);
    (0..backends()).map(|index| (index, holder(index))).filter(move |(_, holder)| {
        let held = holder.epoch.load(Ordering::Acquire);
        held != 0
            && held < epoch
            && holder.process.load(Ordering::Relaxed) != me
            && holder.database.load(Ordering::Relaxed) == database.to_u32()
    })
}

/// Has the other backends of a database look at the epoch, those that keep something of an earlier one than this. Must not raise.
pub fn nudge(database: Oid, epoch: u64) {
    behind(database, epoch).for_each(|(index, holder)| signal(holder.process.load(Ordering::Relaxed), index));
}

/// Whether one of them may keep something of a group. Must not raise.
pub fn is_held(database: Oid, epoch: u64, group: &[u8; 16]) -> bool {
    let (word, bit) = bit(group);
    behind(database, epoch).any(|(_, holder)| holder.groups[word].load(Ordering::Acquire) & bit != 0)
}

fn signal(process: i32, index: usize) {
    // The number that PostgreSQL knows the backend by (see `shared::my_index`).
    #[cfg(any(feature = "pg15", feature = "pg16"))]
    let number = index as i32 + 1;
    #[cfg(not(any(feature = "pg15", feature = "pg16")))]
    let number = index as i32;
    // SAFETY: sends a signal that does no harm if another process has the place by now.
    unsafe {
        pg_sys::SendProcSignal(process, pg_sys::ProcSignalReason::PROCSIG_CATCHUP_INTERRUPT, number);
    }
}
