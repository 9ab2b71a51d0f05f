//! What is done when a transaction is committed, and not if what it belongs to is undone.

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

#[derive(Clone, Copy)]
struct Entry {
    /// `None`: nothing, but whoever is told of what was undone is told of this, too.
    action: Option<fn(&What)>,
    what: What,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.what == other.what
            && match (self.action, other.action) {
                (Some(one), Some(other)) => std::ptr::fn_addr_eq(one, other),
                (None, None) => true,
                _ => false,
            }
    }
}

/// What else to do when a transaction ends. None of it may raise, but `refuse_prepare`.
#[derive(Clone, Copy)]
pub struct Then {
    /// Some action will not be taken, because what it belongs to was undone.
    pub undone: fn(),
    /// Called before PREPARE TRANSACTION where actions wait: raises, to refuse it.
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
    ENTRIES.note(Entry { action: Some(action), what });
}

/// `undone` is called if the present transaction or subtransaction is undone, or prepared.
pub fn otherwise() {
    ENTRIES.note(Entry { action: None, what: What { name: [0; 16], number: 0 } });
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
        E::XACT_EVENT_PRE_PREPARE if ENTRIES.any(|entry| entry.action.is_some()) => (then.refuse_prepare)(),
        E::XACT_EVENT_COMMIT => {
            for entry in ENTRIES.take() {
                if let Some(action) = entry.action {
                    action(&entry.what);
                }
            }
        }
        E::XACT_EVENT_ABORT | E::XACT_EVENT_PREPARE if !ENTRIES.take().is_empty() => (then.undone)(),
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
    if !ENTRIES.follow(event, mine, parent).is_empty()
        && let Some(then) = THEN.get()
    {
        (then.undone)();
    }
}
