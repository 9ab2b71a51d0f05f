//! What is done when a transaction is committed, and not if what it belongs to is undone.

use super::local::{Local, LocalRef};
use pgrx::pg_sys;
use std::ffi::c_void;

/// What an action is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct What {
    /// Its name.
    pub name: [u8; 16],
    /// Its number.
    pub number: i64,
}

#[derive(Clone, Copy)]
struct Entry {
    subtransaction: u32,
    /// `None`: nothing, but whoever is told of what was undone is told of this, too.
    action: Option<fn(&What)>,
    what: What,
}

/// What else to do when a transaction ends. None of it may raise, but `refuse_prepare`.
#[derive(Clone, Copy)]
pub struct Then {
    /// Some action will not be taken, because what it belongs to was undone.
    pub undone: fn(),
    /// A transaction has ended, all actions are taken. Called for each transaction.
    pub ended: fn(),
    /// Called before PREPARE TRANSACTION where actions wait: raises, to refuse it.
    pub refuse_prepare: fn(),
}

static ENTRIES: LocalRef<Vec<Entry>> = LocalRef::new(Vec::new());
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

/// Does this when the transaction is committed, unless the present subtransaction is undone. `action` must not raise.
pub fn commit(action: fn(&What), what: What) {
    push(Some(action), what);
}

/// `undone` is called if the present transaction or subtransaction is undone, or prepared.
pub fn otherwise() {
    push(None, What { name: [0; 16], number: 0 });
}

fn push(action: Option<fn(&What)>, what: What) {
    // SAFETY: reads the transaction state.
    let subtransaction = unsafe { pg_sys::GetCurrentSubTransactionId() };
    ENTRIES.with_mut(|entries| push_to(entries, Entry { subtransaction, action, what }));
}

/// Once is enough.
fn push_to(entries: &mut Vec<Entry>, new: Entry) {
    let is_same = |entry: &Entry| {
        entry.subtransaction == new.subtransaction
            && entry.what == new.what
            && match (entry.action, new.action) {
                (Some(one), Some(other)) => std::ptr::fn_addr_eq(one, other),
                (None, None) => true,
                _ => false,
            }
    };
    if !entries.iter().any(is_same) {
        entries.push(new);
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_transaction(event: pg_sys::XactEvent::Type, _arg: *mut c_void) {
    use pg_sys::XactEvent as E;
    let Some(then) = THEN.get() else { return };
    let waits = || ENTRIES.with(|entries| !entries.is_empty());
    let acts = || ENTRIES.with(|entries| entries.iter().any(|entry| entry.action.is_some()));
    match event {
        E::XACT_EVENT_PRE_PREPARE if acts() => (then.refuse_prepare)(),
        E::XACT_EVENT_COMMIT => {
            for entry in ENTRIES.with_mut(std::mem::take) {
                if let Some(action) = entry.action {
                    action(&entry.what);
                }
            }
            (then.ended)();
        }
        E::XACT_EVENT_ABORT | E::XACT_EVENT_PREPARE => {
            if waits() {
                ENTRIES.with_mut(Vec::clear);
                (then.undone)();
            }
            (then.ended)();
        }
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
    match event {
        pg_sys::SubXactEvent::SUBXACT_EVENT_COMMIT_SUB => ENTRIES.with_mut(|entries| {
            let (own, others): (Vec<Entry>, Vec<Entry>) =
                std::mem::take(entries).into_iter().partition(|entry| entry.subtransaction == mine);
            *entries = others;
            own.into_iter().for_each(|entry| push_to(entries, Entry { subtransaction: parent, ..entry }));
        }),
        pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB => {
            let before = ENTRIES.with(Vec::len);
            ENTRIES.with_mut(|entries| entries.retain(|entry| entry.subtransaction != mine));
            if let Some(then) = THEN.get().filter(|_| ENTRIES.with(Vec::len) < before) {
                (then.undone)();
            }
        }
        _ => {}
    }
}
