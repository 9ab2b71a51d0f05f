//! Secrets that something outside of the server provides, in numbered versions: one process brings them, all read them.

use super::secrets::{LENGTH, wipe};
use super::shared::{self, Area};
use super::workers::Text;
use pgrx::pg_sys;
use std::cell::Cell;

/// How many versions there can be at a time.
pub const VERSIONS: usize = 32;

/// How it stands with the provider.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// None is configured.
    Absent = 0,
    /// It was asked and has not answered yet.
    Loading,
    /// What it gave is here.
    Present,
    /// It gave nothing that could be used.
    Failed,
}

/// When it failed.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// While versions were loaded.
    Loading = 0,
    /// While it was asked for something that is not kept here.
    Asking,
}

/// What is known of the provider.
#[derive(Clone, Copy)]
pub struct Status {
    /// How it stands.
    pub state: State,
    /// Why it gave nothing the last time, or nothing new.
    pub error: Text,
    /// When it failed the last time.
    pub stage: Stage,
    /// When that was; 0: never.
    pub failed_at: i64,
    /// When it last gave something; 0: never.
    pub loaded_at: i64,
}

#[repr(C)]
struct Version {
    number: Cell<i32>,
    secret: Cell<[u8; LENGTH]>,
}

#[repr(C)]
struct Table {
    status: Cell<Status>,
    count: Cell<usize>,
    versions: [Version; VERSIONS],
}

static AREA: Area = Area::new(c"watertight provided", size_of::<Table>, || {});

/// Asks for the memory; called while the library is loaded.
pub fn install() {
    shared::install(&AREA);
}

fn table() -> &'static Table {
    debug_assert!(!AREA.place().is_null());
    // SAFETY: the area is one table, and zeroes are valid (no version, state absent, stage loading). Used under its lock only.
    unsafe { &*AREA.place().cast::<Table>() }
}

fn versions() -> impl Iterator<Item = &'static Version> {
    table().versions.iter().take(table().count.get().min(VERSIONS))
}

/// What is known of the provider.
pub fn status() -> Status {
    AREA.locked(false, || table().status.get())
}

/// It is being asked. What is there stays until something better comes.
pub fn asking() {
    AREA.locked(true, || {
        let mut status = table().status.get();
        if status.state != State::Present {
            status.state = State::Loading;
            table().status.set(status);
        }
    });
}

/// It gave nothing, or nothing of use. What is there stays.
pub fn failed(stage: Stage, error: &str) {
    let error = Text::new(error);
    AREA.locked(true, || {
        let mut status = table().status.get();
        status.state = if table().count.get() > 0 { State::Present } else { State::Failed };
        status.error = error;
        status.stage = stage;
        // SAFETY: reads the clock.
        status.failed_at = unsafe { pg_sys::GetCurrentTimestamp() };
        table().status.set(status);
    });
}

/// It gave what it was asked for, which is not kept here. Versions that could not be loaded are not there for that.
pub fn worked() {
    AREA.locked(true, || {
        let mut status = table().status.get();
        if status.stage == Stage::Loading && status.error.get().is_some() {
            return;
        }
        status.state = State::Present;
        status.error = Text::new("");
        table().status.set(status);
    });
}

/// Replaces all versions: `fill` is called with the number of each place and writes its secret there; it returns the version's
/// number, or nothing after the last. It must not raise.
pub fn replace(state: State, mut fill: impl FnMut(usize, &mut [u8; LENGTH]) -> Option<i32>) {
    AREA.locked(true, || {
        let table = table();
        table.versions.iter().for_each(|version| wipe(&version.secret));
        let mut count = 0;
        for (index, place) in table.versions.iter().enumerate() {
            // SAFETY: the lock is held: nobody else looks at it.
            let secret = unsafe { &mut *place.secret.as_ptr() };
            let Some(number) = fill(index, secret) else { break };
            place.number.set(number);
            count = index + 1;
        }
        table.count.set(count);
        let mut status = table.status.get();
        status.state = state;
        status.error = Text::new("");
        // SAFETY: reads the clock.
        status.loaded_at = unsafe { pg_sys::GetCurrentTimestamp() };
        table.status.set(status);
    });
}

/// The versions that are there.
pub fn numbers() -> Vec<i32> {
    let mut numbers = Vec::with_capacity(VERSIONS);
    AREA.locked(false, || numbers.extend(versions().map(|version| version.number.get())));
    numbers
}

/// Reads a version. `f` must not raise.
pub fn read<R>(number: i32, f: impl FnOnce(&[u8; LENGTH]) -> R) -> Option<R> {
    AREA.locked(false, || {
        let version = versions().find(|version| version.number.get() == number)?;
        // SAFETY: the lock is held: nobody writes to it.
        Some(f(unsafe { &*version.secret.as_ptr() }))
    })
}
