//! What is done when a transaction is committed, or if what it belongs to is undone.

use super::local::Local;
use super::tied::Tied;
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Committed,
    Undone,
}

#[derive(Clone, Copy)]
struct Entry {
    when: When,
    action: fn(&What),
    what: What,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.when, self.what) == (other.when, other.what) && std::ptr::fn_addr_eq(self.action, other.action)
    }
}

/// What else to do when a transaction ends. None of it may raise, but `refuse_prepare`.
#[derive(Clone, Copy)]
pub struct Then {
    /// Something was undone: what was to follow its commit will not be done, and what was to follow this is.
    pub undone: fn(),
    /// Called before PREPARE TRANSACTION where something waits for the commit: raises, to refuse it.
    pub refuse_prepare: fn(),
}

static ENTRIES: Tied<Entry> = Tied::new();
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
    ENTRIES.note(Entry { when: When::Committed, action, what });
}

/// Does this if the present transaction or subtransaction is undone, or prepared; [`Then::undone`] is called afterwards. `action` must
/// not raise.
pub fn otherwise(action: fn(&What), what: What) {
    ENTRIES.note(Entry { when: When::Undone, action, what });
}

unsafe extern "C-unwind" fn on_transaction(event: pg_sys::XactEvent::Type, _arg: *mut c_void) {
    if !ENTRIES.is_empty() {
        // SAFETY: it asks nothing of its caller.
        unsafe { decide(event) };
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn decide(event: pg_sys::XactEvent::Type) {
    use pg_sys::XactEvent as E;
    let Some(then) = THEN.get() else { return };
    match event {
        E::XACT_EVENT_PRE_PREPARE if ENTRIES.any(|entry| entry.when == When::Committed) => {
            (then.refuse_prepare)();
        }
        E::XACT_EVENT_COMMIT => act(When::Committed, &ENTRIES.take()),
        E::XACT_EVENT_ABORT | E::XACT_EVENT_PREPARE => undo(then, &ENTRIES.take()),
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
    let undone = ENTRIES.follow(event, mine, parent);
    if let Some(then) = THEN.get() {
        undo(then, &undone);
    }
}

fn undo(then: Then, entries: &[Entry]) {
    if !entries.is_empty() {
        act(When::Undone, entries);
        (then.undone)();
    }
}

fn act(when: When, entries: &[Entry]) {
    entries.iter().filter(|entry| entry.when == when).for_each(|entry| (entry.action)(&entry.what));
}
