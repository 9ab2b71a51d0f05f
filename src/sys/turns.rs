//! One process at a time, for something that takes long and must not be held until a transaction ends.

use super::local::Local;
use super::shared::{self, Area};
use super::workers;
use pgrx::pg_sys;
use std::sync::atomic::{AtomicI32, Ordering};

const PLACES: usize = 64;
/// How long to wait before looking again, in milliseconds.
const PAUSE: u32 = 5;

#[repr(C)]
struct Places([AtomicI32; PLACES]);

static AREA: Area = Area::new(c"watertight turns", size_of::<Places>, || {});
/// The places that this process has, as bits.
static MINE: Local<u64> = Local::new(0);

/// Asks for the memory; called while the library is loaded.
pub fn install() {
    shared::install(&AREA);
}

/// It is this process's turn until this is dropped.
pub struct Turn(usize);

fn place(index: usize) -> &'static AtomicI32 {
    // SAFETY: the area is as many numbers, and zeroes mean that nobody is there.
    let places = unsafe { &*AREA.place().cast::<Places>() };
    &places.0[index % PLACES]
}

/// Waits for one's turn at what has this number. Two numbers may share a place; then one waits for the other in vain, no more.
/// `None` if this process has the place already.
pub fn wait(number: i64) -> Option<Turn> {
    let index = ((number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as usize % PLACES;
    if MINE.get() & (1 << index) != 0 {
        return None;
    }
    // SAFETY: a plain global.
    let me = unsafe { pg_sys::MyProcPid };
    loop {
        match place(index).compare_exchange(0, me, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => break,
            // It ended without giving it back.
            Err(other) if other == me || !workers::is_alive(other) => {
                let _ = place(index).compare_exchange(other, 0, Ordering::AcqRel, Ordering::Acquire);
            }
            Err(_) => super::attempt::pause(PAUSE),
        }
    }
    MINE.set(MINE.get() | (1 << index));
    Some(Turn(index))
}

impl Drop for Turn {
    fn drop(&mut self) {
        MINE.set(MINE.get() & !(1 << self.0));
        place(self.0).store(0, Ordering::Release);
    }
}
