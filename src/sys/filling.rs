//! Whether a materialized view is being filled now.

use super::local::Local;
use pgrx::pg_sys;
use std::ffi::c_void;

/// The nesting level of the (sub)transaction whose statement fills one; 0 while none is being filled.
static LEVEL: Local<i32> = Local::new(0);

/// An error leaves the statement, and with it the subtransaction that it was part of.
pub(super) fn install() {
    // SAFETY: the callbacks are static functions that only read and write a cell.
    unsafe {
        pg_sys::RegisterXactCallback(Some(on_end), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(on_end_of_subtransaction), std::ptr::null_mut());
    }
}

unsafe extern "C-unwind" fn on_end(event: pg_sys::XactEvent::Type, _arg: *mut c_void) {
    use pg_sys::XactEvent as E;
    if event == E::XACT_EVENT_ABORT || event == E::XACT_EVENT_COMMIT || event == E::XACT_EVENT_PREPARE {
        LEVEL.set(0);
    }
}

unsafe extern "C-unwind" fn on_end_of_subtransaction(
    event: pg_sys::SubXactEvent::Type,
    _this: pg_sys::SubTransactionId,
    _parent: pg_sys::SubTransactionId,
    _arg: *mut c_void,
) {
    // One that begins inside the statement (a block with EXCEPTION) is deeper.
    if event == pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB && level() <= LEVEL.get() {
        LEVEL.set(0);
    }
}

unsafe extern "C-unwind" {
    // Declared here without pgrx's guard: it reads the transaction state and cannot raise.
    fn GetCurrentTransactionNestLevel() -> i32;
}

fn level() -> i32 {
    // SAFETY: see above.
    unsafe { GetCurrentTransactionNestLevel() }
}

/// A statement that fills a materialized view begins. True if it is the outermost, which calls [`end`].
pub(super) fn begin() -> bool {
    let outermost = !active();
    if outermost {
        LEVEL.set(level());
    }
    outermost
}

/// It has ended, without an error.
pub(super) fn end() {
    LEVEL.set(0);
}

/// Is one being filled?
pub fn active() -> bool {
    LEVEL.get() != 0
}
