//! What backends want their database's worker to do, and cannot do themselves: it must last whatever becomes of their transaction.

use super::shared::{self, Area};
use super::workers::Text;
use pgrx::pg_sys::Oid;
use std::cell::Cell;

const PLACES: usize = 256;

/// What is wanted. What it means is between who wishes and who grants.
#[derive(Clone, Copy)]
pub struct Wish {
    /// The database.
    pub database: Oid,
    /// What kind of thing; not 0.
    pub kind: u32,
    /// Of what.
    pub first: [u8; 16],
    /// Of what in it.
    pub second: [u8; 16],
    /// Of which number.
    pub number: i64,
    /// For whom.
    pub text: Text,
}

impl Wish {
    fn is_same(&self, other: &Wish) -> bool {
        (self.database, self.kind, self.first, self.second, self.number)
            == (other.database, other.kind, other.first, other.second, other.number)
    }
}

#[repr(C)]
struct Queue {
    places: [Cell<Option<Wish>>; PLACES],
    next: Cell<usize>,
}

static AREA: Area = Area::new(c"watertight wishes", size_of::<Queue>, created);

/// Asks for the memory; called while the library is loaded.
pub fn install() {
    shared::install(&AREA);
}

fn created() {
    // What zeroes mean in an `Option` is not ours to say.
    queue().places.iter().for_each(|place| place.set(None));
}

fn queue() -> &'static Queue {
    // SAFETY: the area is one queue, which `created` fills before anybody else is there. Used under its lock only.
    unsafe { &*AREA.place().cast::<Queue>() }
}

/// Makes a wish, unless the same one waits already. False if there is no room.
pub fn make(wish: Wish) -> bool {
    AREA.locked(true, || {
        let queue = queue();
        if queue.places.iter().any(|place| place.get().is_some_and(|waits| waits.is_same(&wish))) {
            return true;
        }
        let free = queue.places.iter().find(|place| place.get().is_none());
        if let Some(free) = free {
            free.set(Some(wish));
        }
        free.is_some()
    })
}

/// Takes a database's next wish, each in its turn.
pub fn take(database: Oid) -> Option<Wish> {
    AREA.locked(true, || {
        let queue = queue();
        let start = queue.next.get();
        let index = (0..PLACES)
            .map(|step| (start + step) % PLACES)
            .find(|index| queue.places[*index].get().is_some_and(|wish| wish.database == database))?;
        queue.next.set((index + 1) % PLACES);
        queue.places[index].take()
    })
}
