//! Secrets that are nowhere but in shared memory: by name, in a table of fixed size.
//!
//! They are overwritten when they are removed. Nothing here copies a secret: who wants one reads it where it is.

use super::shared::{self, Area};
use pgrx::pg_sys::Oid;
use std::cell::Cell;

/// How long a secret is.
pub const LENGTH: usize = 32;

/// What is known of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// The database.
    pub database: Oid,
    /// What it is found by, in its database.
    pub name: [u8; 16],
    /// What several may have in common.
    pub group: [u8; 16],
    /// A number that goes with it.
    pub number: i64,
    /// The process that it came from.
    pub process: i32,
}

#[repr(C)]
struct Place {
    used: Cell<bool>,
    /// How often it was used.
    taken: Cell<u64>,
    about: Cell<About>,
    secret: Cell<[u8; LENGTH]>,
}

/// A table of secrets.
pub struct Table {
    area: Area,
    capacity: fn() -> usize,
}

#[repr(C)]
struct Head {
    count: Cell<usize>,
}

/// What became of a secret that was to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is kept.
    Kept,
    /// There is one of that name already.
    Present,
    /// All places are taken.
    Full,
}

impl Table {
    /// `size` has to return `bytes(capacity())`: a constant cannot hold a closure over another function.
    pub const fn new(name: &'static std::ffi::CStr, capacity: fn() -> usize, size: fn() -> usize) -> Table {
        Table { area: Area::new(name, size, || {}), capacity }
    }

    /// Asks for the memory; called while the library is loaded.
    pub fn install(&'static self) {
        shared::install(&self.area);
    }

    fn places(&self) -> usize {
        places((self.capacity)())
    }

    fn head(&self) -> &Head {
        debug_assert!(!self.area.place().is_null());
        // SAFETY: the area begins with a head. Like the places it is used under the area's lock only, and all bit patterns of
        // zero are valid.
        unsafe { &*self.area.place().cast::<Head>() }
    }

    fn place(&self, index: usize) -> &Place {
        // SAFETY: after the head, which is as large as the places' alignment, the area has so many.
        unsafe { &*self.area.place().add(size_of::<Head>()).cast::<Place>().add(index % self.places()) }
    }

    fn find(&self, database: Oid, name: &[u8; 16]) -> Option<usize> {
        let start = hash(name);
        (0..self.places())
            .map(|step| (start + step) % self.places())
            .take_while(|index| self.place(*index).used.get())
            .find(|index| {
                let about = self.place(*index).about.get();
                about.database == database && about.name == *name
            })
    }

    /// Reads a secret. `f` must not raise.
    pub fn read<R>(
        &self,
        database: Oid,
        name: &[u8; 16],
        f: impl FnOnce(&About, &[u8; LENGTH]) -> R,
    ) -> Option<R> {
        self.area.locked(false, || {
            let place = self.place(self.find(database, name)?);
            // SAFETY: the lock is held: nobody writes to it.
            let secret = unsafe { &*place.secret.as_ptr() };
            Some(f(&place.about.get(), secret))
        })
    }

    /// Counts uses of a secret: `f` is given how often it was used, and returns how many more there are now, which this returns.
    /// It must not raise.
    pub fn take(&self, database: Oid, name: &[u8; 16], f: impl FnOnce(u64) -> u64) -> Option<u64> {
        self.area.locked(true, || {
            let place = self.place(self.find(database, name)?);
            let taken = f(place.taken.get());
            place.taken.set(place.taken.get().saturating_add(taken));
            Some(taken)
        })
    }

    /// Keeps a secret.
    pub fn put(&self, about: About, secret: &[u8; LENGTH]) -> Put {
        self.area.locked(true, || {
            if self.find(about.database, &about.name).is_some() {
                return Put::Present;
            }
            // Half of the places stay free, so that searches end soon.
            if self.head().count.get() >= (self.capacity)().max(1) {
                return Put::Full;
            }
            let mut index = hash(&about.name) % self.places();
            while self.place(index).used.get() {
                index = (index + 1) % self.places();
            }
            let place = self.place(index);
            place.about.set(about);
            place.taken.set(0);
            // SAFETY: the lock is held: nobody reads it.
            unsafe { (*place.secret.as_ptr()).copy_from_slice(secret) };
            place.used.set(true);
            self.head().count.set(self.head().count.get() + 1);
            Put::Kept
        })
    }

    /// Overwrites and forgets one. True if there was one. Must not raise.
    pub fn remove(&self, database: Oid, name: &[u8; 16]) -> bool {
        self.remove_if(database, name, |_| true)
    }

    /// The same for one that is as `which` says. Must not raise, nor may `which`.
    pub fn remove_if(&self, database: Oid, name: &[u8; 16], which: impl FnOnce(&About) -> bool) -> bool {
        self.area.locked(true, || {
            self.find(database, name)
                .is_some_and(|index| which(&self.place(index).about.get()) && self.clear(index))
        })
    }

    /// Overwrites and forgets all that `which` says. Must not raise, nor may `which`.
    pub fn remove_where(&self, which: impl Fn(&About) -> bool) -> usize {
        self.area.locked(true, || {
            let mut removed = 0;
            let mut index = 0;
            while index < self.places() {
                let place = self.place(index);
                // Another one may have moved here: looked at again.
                if place.used.get() && which(&place.about.get()) {
                    self.clear(index);
                    removed += 1;
                } else {
                    index += 1;
                }
            }
            removed
        })
    }

    /// What is known of those of a database.
    pub fn of_database(&self, database: Oid) -> Vec<About> {
        let mut found = Vec::with_capacity((self.capacity)());
        self.area.locked(false, || {
            for index in 0..self.places() {
                let place = self.place(index);
                if place.used.get() && place.about.get().database == database {
                    found.push(place.about.get());
                }
            }
        });
        found
    }

    /// Frees a place, and moves those behind it that a search would not find any more.
    fn clear(&self, index: usize) -> bool {
        let places = self.places();
        let mut free = index % places;
        wipe(&self.place(free).secret);
        self.place(free).used.set(false);
        self.head().count.set(self.head().count.get().saturating_sub(1));
        let mut next = (free + 1) % places;
        while self.place(next).used.get() {
            let home = hash(&self.place(next).about.get().name) % places;
            // Whether a search that begins at home comes by the free place before this one.
            if (next + places - home) % places >= (next + places - free) % places {
                let (to, from) = (self.place(free), self.place(next));
                to.about.set(from.about.get());
                to.taken.set(from.taken.get());
                // SAFETY: the lock is held, and they are two places.
                unsafe { (*to.secret.as_ptr()).copy_from_slice(&*from.secret.as_ptr()) };
                to.used.set(true);
                wipe(&from.secret);
                from.used.set(false);
                free = next;
            }
            next = (next + 1) % places;
        }
        true
    }
}

/// Overwrites a secret, even if nobody reads it afterwards.
pub fn wipe(secret: &Cell<[u8; LENGTH]>) {
    // SAFETY: a valid place; volatile, so that it is not left out.
    unsafe { std::ptr::write_volatile(secret.as_ptr(), [0; LENGTH]) }
}

const fn places(capacity: usize) -> usize {
    let capacity = if capacity == 0 { 1 } else { capacity };
    (capacity * 2).next_power_of_two()
}

/// The memory that a table of so many secrets takes.
pub const fn bytes(capacity: usize) -> usize {
    size_of::<Head>() + places(capacity) * size_of::<Place>()
}

fn hash(name: &[u8; 16]) -> usize {
    // The names are random, or numbers that are, in their last bytes.
    let [.., a, b, c, d] = *name;
    (u32::from_ne_bytes([a, b, c, d]).wrapping_mul(0x9E37_79B1) >> 3) as usize
}
