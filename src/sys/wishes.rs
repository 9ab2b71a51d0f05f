//! What backends want their database's worker to do, and cannot do themselves: it must last whatever becomes of their transaction.

use super::shared::{self, Area};
use super::workers::{self, Text};
use pgrx::pg_sys::{self, Oid};
use std::cell::Cell;

const PLACES: usize = 256;
/// So many of the last failures are remembered, for those who wait.
const FAILURES: usize = 64;

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
    /// Who wants it. If it is not there any more, nobody does.
    pub process: i32,
    /// Whether it can be withdrawn until it is begun: it keeps its place until it is done.
    pub firm: bool,
}

impl Wish {
    fn is_same(&self, other: &Wish) -> bool {
        (self.database, self.kind, self.first, self.second, self.number)
            == (other.database, other.kind, other.first, other.second, other.number)
    }
}

/// Why a wish was not granted.
#[derive(Clone, Copy)]
pub struct Failure {
    /// What kind of error, as who wishes and who grants understand it.
    pub code: usize,
    /// What it says.
    pub message: Text,
    /// More of it.
    pub detail: Text,
    /// What to do.
    pub hint: Text,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waits,
    /// By this process.
    Taken(i32),
    /// Likewise, and it cannot be withdrawn any more.
    Begun(i32),
}

#[derive(Clone, Copy)]
struct Place {
    wish: Wish,
    state: State,
}

#[derive(Clone, Copy)]
struct Failed {
    wish: Wish,
    at: i64,
    why: Failure,
}

#[repr(C)]
struct Queue {
    places: [Cell<Option<Place>>; PLACES],
    next: Cell<usize>,
    failures: [Cell<Option<Failed>>; FAILURES],
    next_failure: Cell<usize>,
}

static AREA: Area = Area::new(c"watertight wishes", size_of::<Queue>, created);

/// Asks for the memory; called while the library is loaded.
pub fn install() {
    shared::install(&AREA);
}

fn created() {
    // What zeroes mean in an `Option` is not ours to say.
    queue().places.iter().for_each(|place| place.set(None));
    queue().failures.iter().for_each(|failed| failed.set(None));
}

fn queue() -> &'static Queue {
    // SAFETY: the area is one queue, which `created` fills before anybody else is there. Used under its lock only.
    unsafe { &*AREA.place().cast::<Queue>() }
}

impl Queue {
    fn find(&self, wish: &Wish) -> Option<&Cell<Option<Place>>> {
        self.places.iter().find(|place| place.get().is_some_and(|known| known.wish.is_same(wish)))
    }
}

/// Makes a wish, unless the same one waits already. False if there is no room.
pub fn make(wish: Wish) -> bool {
    AREA.locked(true, || {
        let queue = queue();
        if queue.find(&wish).is_some() {
            return true;
        }
        let free = queue.places.iter().find(|place| place.get().is_none());
        if let Some(free) = free {
            free.set(Some(Place { wish, state: State::Waits }));
        }
        free.is_some()
    })
}

/// Takes a database's next wish, each in its turn; but those of the kind `first` before all others.
pub fn take(database: Oid, first: u32) -> Option<Wish> {
    AREA.locked(true, || {
        let queue = queue();
        let start = queue.next.get();
        let waits = |index: &usize| {
            queue.places[*index]
                .get()
                .filter(|place| place.state == State::Waits && place.wish.database == database)
        };
        let turns = || (0..PLACES).map(|step| (start + step) % PLACES);
        let index = turns()
            .find(|index| waits(index).is_some_and(|place| place.wish.kind == first))
            .or_else(|| turns().find(|index| waits(index).is_some()))?;
        queue.next.set((index + 1) % PLACES);
        let Place { wish, .. } = queue.places[index].take()?;
        if wish.firm {
            queue.places[index].set(Some(Place { wish, state: State::Taken(me()) }));
        }
        Some(wish)
    })
}

fn me() -> i32 {
    // SAFETY: a plain global.
    unsafe { pg_sys::MyProcPid }
}

/// Who has taken a firm wish and has not begun to grant it.
pub fn taker(wish: &Wish) -> Option<i32> {
    AREA.locked(false, || match queue().find(wish)?.get()?.state {
        State::Taken(process) => Some(process),
        _ => None,
    })
}

/// A firm wish that was taken is granted now. False if it was withdrawn, or nobody is there any more who wants it.
pub fn begin(wish: &Wish) -> bool {
    AREA.locked(true, || {
        let Some(place) = queue().find(wish) else { return false };
        let wanted = place.get().is_some_and(|known| workers::is_alive(known.wish.process));
        if wanted {
            place.set(Some(Place { wish: *wish, state: State::Begun(me()) }));
        }
        wanted
    })
}

/// A firm wish is done, or has failed.
pub fn done(wish: &Wish) {
    AREA.locked(true, || {
        if let Some(place) = queue().find(wish) {
            place.set(None);
        }
    });
}

/// Nobody wants it any more. False if it is being granted in this moment.
pub fn withdraw(wish: &Wish) -> bool {
    AREA.locked(true, || {
        let Some(place) = queue().find(wish) else { return true };
        let begun = place
            .get()
            .is_some_and(|known| matches!(known.state, State::Begun(process) if workers::is_alive(process)));
        if !begun {
            place.set(None);
        }
        !begun
    })
}

/// Tells those who wait for it why a wish is not granted.
pub fn fail(wish: Wish, why: Failure) {
    // SAFETY: reads the clock.
    let at = unsafe { pg_sys::GetCurrentTimestamp() };
    AREA.locked(true, || {
        let queue = queue();
        let known =
            queue.failures.iter().find(|failed| failed.get().is_some_and(|known| known.wish.is_same(&wish)));
        let next = queue.next_failure.get() % FAILURES;
        let place = known.unwrap_or_else(|| {
            queue.next_failure.set(next + 1);
            &queue.failures[next]
        });
        place.set(Some(Failed { wish, at, why }));
    });
}

/// Why a wish was not granted at this moment or later.
pub fn failure(wish: &Wish, since: i64) -> Option<Failure> {
    AREA.locked(false, || {
        queue()
            .failures
            .iter()
            .filter_map(Cell::get)
            .find(|failed| failed.at >= since && failed.wish.is_same(wish))
            .map(|failed| failed.why)
    })
}
