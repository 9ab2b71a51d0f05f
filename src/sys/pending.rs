//! Slots whose fate the transaction decides: those it took, and those whose content it removes.

use super::local::Local;
use super::slots::{self, Handle};
use super::tied::Tied;
use pgrx::pg_sys;
use std::ffi::c_void;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Given up if the transaction is undone.
    Taken,
    /// Given up if the transaction is committed; being taken down for ever if not.
    Ended,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Entry {
    handle: Handle,
    fate: Fate,
}

/// What to do when a transaction ends. None of it may raise.
#[derive(Clone, Copy)]
pub struct Then {
    /// Somebody should look at what is left.
    pub wake: fn(),
    /// So much was removed.
    pub removed: fn(u64),
    /// Called before PREPARE TRANSACTION of a transaction that took or ended slots, or must not outlive them: raises, to refuse it.
    pub refuse_prepare: fn(),
}

static PENDING: Tied<Entry> = Tied::new();
static WAKE: Local<bool> = Local::new(false);
static WAKE_AFTER_ABORT: Local<bool> = Local::new(false);
static REMOVED: Local<u64> = Local::new(0);
/// This transaction is finished by who has begun it.
static UNPREPARABLE: Local<bool> = Local::new(false);
/// Any of the above was set: most transactions set none.
static ANY: Local<bool> = Local::new(false);
static THEN: Local<Option<Then>> = Local::new(None);

/// Starts listening; called once, while the library is loaded.
pub fn install(then: Then) {
    THEN.set(Some(then));
    // SAFETY: static functions that do not raise (but before PREPARE, where that is allowed).
    unsafe {
        pg_sys::RegisterXactCallback(Some(on_transaction), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(on_subtransaction), std::ptr::null_mut());
    }
}

fn note(handle: Handle, fate: Fate) {
    ANY.set(true);
    PENDING.note(Entry { handle, fate });
}

/// The slot was taken in this (sub)transaction: it is given up if that is undone.
pub fn taken(handle: Handle) {
    note(handle, Fate::Taken);
}

/// What the slot stands for is gone when this (sub)transaction commits: the slot is given up then.
pub fn ended(handle: Handle) {
    note(handle, Fate::Ended);
}

/// Whatever becomes of this transaction, somebody should look at what is left afterwards.
pub fn wake_at_end() {
    ANY.set(true);
    WAKE.set(true);
}

/// If this transaction is undone, somebody should look at what is left.
pub fn wake_after_abort() {
    ANY.set(true);
    WAKE_AFTER_ABORT.set(true);
}

/// Counts what is removed when this transaction commits.
pub fn removed(count: u64) {
    ANY.set(true);
    REMOVED.set(REMOVED.get().saturating_add(count));
}

/// This transaction works on what goes with its slot: nobody may keep it for later. Must not raise.
pub fn must_not_last() {
    ANY.set(true);
    UNPREPARABLE.set(true);
}

unsafe extern "C-unwind" fn on_transaction(event: pg_sys::XactEvent::Type, _arg: *mut c_void) {
    if ANY.get() {
        // SAFETY: it asks nothing of its caller.
        unsafe { decide(event) };
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn decide(event: pg_sys::XactEvent::Type) {
    use pg_sys::XactEvent as E;
    match event {
        E::XACT_EVENT_PRE_PREPARE => {
            if let Some(then) = THEN.get()
                && (UNPREPARABLE.get() || PENDING.any(|_| true))
            {
                (then.refuse_prepare)();
            }
        }
        E::XACT_EVENT_COMMIT => end(Fate::Ended),
        E::XACT_EVENT_ABORT => end(Fate::Taken),
        _ => {}
    }
}

/// Gives up the slots of this fate, and forgets the others.
fn end(fate: Fate) {
    let pending = PENDING.take();
    pending.iter().filter(|entry| entry.fate == fate).for_each(|entry| slots::give_up(entry.handle));
    let undone = fate == Fate::Taken;
    let unfinished =
        undone && (WAKE_AFTER_ABORT.get() || pending.iter().any(|entry| entry.fate == Fate::Ended));
    let (wake, removed) = (WAKE.get() || unfinished, REMOVED.get());
    ANY.set(false);
    UNPREPARABLE.set(false);
    WAKE.set(false);
    WAKE_AFTER_ABORT.set(false);
    REMOVED.set(0);
    let Some(then) = THEN.get() else { return };
    if removed > 0 && !undone {
        (then.removed)(removed);
    }
    if wake {
        (then.wake)();
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_subtransaction(
    event: pg_sys::SubXactEvent::Type,
    mine: pg_sys::SubTransactionId,
    parent: pg_sys::SubTransactionId,
    _arg: *mut c_void,
) {
    for entry in PENDING.follow(event, mine, parent) {
        match entry.fate {
            Fate::Taken => slots::give_up(entry.handle),
            // It stays what it is: being taken down.
            Fate::Ended => WAKE.set(true),
        }
    }
}
