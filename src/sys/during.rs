//! Whether a statement of a certain sort is running now.

use super::analysis;
use super::local::Local;
use pgrx::pg_sys;
use std::ffi::c_void;

/// The nesting level of the (sub)transaction in which such a statement runs; 0 while none does.
pub struct During(Local<i32>);

/// It fills a materialized view.
pub static FILLING: During = During(Local::new(0));
/// It keeps expressions in a catalog.
pub static STORING: During = During(Local::new(0));

/// It looks whether the body of a function can be analysed.
pub static CHECKING: During = During(Local::new(0));

/// It changes a table, perhaps each row of it.
pub static ALTERING: During = During(Local::new(0));
/// It does so, and was begun in a security-restricted operation.
pub static ALTERING_RESTRICTED: During = During(Local::new(0));

const ALL: [&During; 5] = [&FILLING, &STORING, &CHECKING, &ALTERING, &ALTERING_RESTRICTED];

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
        ALL.iter().for_each(|during| during.end());
        analysis::end();
    }
}

unsafe extern "C-unwind" fn on_end_of_subtransaction(
    event: pg_sys::SubXactEvent::Type,
    _this: pg_sys::SubTransactionId,
    _parent: pg_sys::SubTransactionId,
    _arg: *mut c_void,
) {
    if event == pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB {
        let level = level();
        // One that begins inside the statement (a block with EXCEPTION) is deeper.
        ALL.iter().filter(|during| level <= during.0.get()).for_each(|during| during.end());
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

impl During {
    /// One begins. True if it is the outermost, after which [`During::end`] is called.
    pub(super) fn begin(&self) -> bool {
        let outermost = !self.active();
        if outermost {
            self.0.set(level());
        }
        outermost
    }

    /// It has ended, without an error.
    pub(super) fn end(&self) {
        self.0.set(0);
    }

    /// Is one running?
    pub fn active(&self) -> bool {
        self.0.get() != 0
    }
}
