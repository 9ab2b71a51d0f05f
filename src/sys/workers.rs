//! What the background workers say of themselves, in shared memory: a row for each database that has one.

use super::local::Local;
use super::shared::Area;
use pgrx::pg_sys::{self, Oid};
use std::cell::Cell;

/// The longest text that is kept.
const TEXT: usize = 240;
/// Databases that have a worker at a time. (The server's max_worker_processes is usually the limit.)
const PLACES: usize = 1_024;

/// What a worker is doing.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The place is free.
    Unused = 0,
    /// Nobody has started it yet, or it has ended and is to be started again.
    Wanted,
    /// It is being started.
    Starting,
    /// It waits.
    Idle,
    /// It works.
    Working,
    /// It cleans catalogs.
    Vacuuming,
    /// There is nothing to do in this database.
    Absent,
}

/// A short text.
#[derive(Clone, Copy)]
pub struct Text {
    length: u8,
    bytes: [u8; TEXT],
}

impl Text {
    /// As much of it as there is room for.
    pub fn new(text: &str) -> Text {
        let mut length = text.len().min(TEXT);
        while !text.is_char_boundary(length) {
            length -= 1;
        }
        let mut bytes = [0; TEXT];
        bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
        Text { length: length as u8, bytes }
    }

    /// The text; `None` if it is empty.
    pub fn get(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).ok().filter(|text| !text.is_empty())
    }
}

/// What is known of a database's worker. Times are PostgreSQL's, in microseconds; 0 for never.
#[derive(Clone, Copy)]
pub struct Worker {
    /// The database.
    pub database: Oid,
    /// The process; 0: none.
    pub process: i32,
    /// What it is doing.
    pub state: State,
    /// It has removed what earlier starts of the server left.
    pub clean: bool,
    /// Something failed in its last pass.
    pub failing: bool,
    /// When it was started.
    pub started: i64,
    /// When it was last done with everything.
    pub last_pass: i64,
    /// When something last failed.
    pub failed_at: i64,
    /// What failed.
    pub error: Text,
    /// Not started again before.
    pub not_before: i64,
    /// It is asked to leave the database.
    pub leave: bool,
    /// How often it ended when it should not have, in a row.
    pub ends: u32,
    /// What it has removed.
    pub removed: u64,
    /// What was removed, by whomever, since it last cleaned catalogs.
    pub litter: u64,
    /// What is ready to be used.
    pub ready: u32,
}

const UNUSED: Worker = Worker {
    database: Oid::INVALID,
    process: 0,
    state: State::Unused,
    clean: false,
    failing: false,
    started: 0,
    last_pass: 0,
    failed_at: 0,
    error: Text { length: 0, bytes: [0; TEXT] },
    not_before: 0,
    leave: false,
    ends: 0,
    removed: 0,
    litter: 0,
    ready: 0,
};

#[repr(C)]
struct Table {
    launcher: Cell<i32>,
    /// No row from there on was ever used.
    end: Cell<u32>,
    /// Whose rows they are, apart from the rows: they are searched before queries.
    databases: [Cell<Oid>; PLACES],
    rows: [Cell<Worker>; PLACES],
}

static AREA: Area = Area::new(c"watertight workers", size_of::<Table>, || {});

/// Asks for the memory; called while the library is loaded.
pub fn install() {
    super::shared::install(&AREA);
}

fn table() -> &'static Table {
    // SAFETY: the area is one table, and all bit patterns of zero are valid ones. Its cells are read and written under its
    // lock only.
    unsafe { &*AREA.place().cast::<Table>() }
}

fn row(database: Oid) -> Option<&'static Cell<Worker>> {
    let table = table();
    let end = table.end.get() as usize;
    let place = table.databases.iter().take(end).position(|known| known.get() == database)?;
    table.rows.get(place)
}

fn set(place: usize, worker: Worker) {
    let table = table();
    if let (Some(known), Some(row)) = (table.databases.get(place), table.rows.get(place)) {
        known.set(worker.database);
        row.set(worker);
        table.end.set(table.end.get().max(place as u32 + 1));
    }
}

/// Changes what is known of a database's worker; `None` if nothing is. `f` must not raise.
pub fn change<R>(database: Oid, f: impl FnOnce(&mut Worker) -> R) -> Option<R> {
    AREA.locked(true, || {
        let row = row(database)?;
        let mut worker = row.get();
        let result = f(&mut worker);
        row.set(worker);
        Some(result)
    })
}

/// What is known of a database's worker.
pub fn get(database: Oid) -> Option<Worker> {
    AREA.locked(false, || row(database).map(Cell::get))
}

/// What is known of all.
pub fn all() -> Vec<Worker> {
    let mut workers = Vec::with_capacity(PLACES);
    AREA.locked(false, || {
        let rows = table().rows.iter().take(table().end.get() as usize);
        workers.extend(rows.map(Cell::get).filter(|worker| worker.state != State::Unused));
    });
    workers
}

/// Notes that a database may need a worker. False if there is no place left.
pub fn want(database: Oid) -> bool {
    AREA.locked(true, || {
        if let Some(known) = row(database) {
            let mut worker = known.get();
            if worker.state == State::Absent {
                worker.state = State::Wanted;
                known.set(worker);
            }
            return true;
        }
        let free = table().databases.iter().position(|known| known.get() == Oid::INVALID);
        if let Some(place) = free {
            set(place, Worker { database, state: State::Wanted, ..UNUSED });
        }
        free.is_some()
    })
}

/// Forgets a database.
pub fn forget(database: Oid) {
    AREA.locked(true, || {
        if let Some(place) = table().databases.iter().position(|known| known.get() == database) {
            set(place, UNUSED);
        }
    });
}

/// This process is the one that starts the others.
pub fn launch() {
    // SAFETY: a plain global.
    let me = unsafe { pg_sys::MyProcPid };
    AREA.locked(true, || table().launcher.set(me));
}

/// The process that starts the others; 0: none has been started.
pub fn launcher() -> i32 {
    AREA.locked(false, || table().launcher.get())
}

/// Wakes the process that starts the others.
pub fn wake_launcher() {
    wake_process(launcher());
}

/// Wakes a database's worker, or who will start one. Must not raise.
pub fn wake(database: Oid) {
    if AREA.place().is_null() || database == Oid::INVALID {
        return;
    }
    match get(database) {
        Some(worker) if is_alive(worker.process) => wake_process(worker.process),
        _ => {
            want(database);
            wake_launcher();
        }
    }
}

/// Whether a process of the server is there.
pub fn is_alive(process: i32) -> bool {
    // SAFETY: a look into the table of processes.
    process != 0 && unsafe { !pg_sys::BackendPidGetProc(process).is_null() }
}

fn wake_process(process: i32) {
    if process == 0 {
        return;
    }
    // SAFETY: the places of processes stay where they are; one that another process has by now is woken in vain.
    unsafe {
        let place = pg_sys::BackendPidGetProc(process);
        if !place.is_null() {
            pg_sys::SetLatch(&raw mut (*place).procLatch);
        }
    }
}

static CLEAN: Local<bool> = Local::new(false);

/// Whether this database's worker has removed what earlier starts of the server left. Once that is so, it stays so.
#[inline]
pub fn is_clean() -> bool {
    if !CLEAN.get() {
        // SAFETY: a plain global.
        let database = unsafe { pg_sys::MyDatabaseId };
        CLEAN.set(get(database).is_some_and(|worker| worker.clean));
    }
    CLEAN.get()
}
