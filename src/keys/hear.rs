//! Whoever keeps unwrapped keys in this backend, or what was sealed under them, hears here when they count no more.

use super::types::literals;
use crate::pg::ext;
use crate::sys::local::Local;

/// Who keeps unwrapped keys. None of it may raise.
#[derive(Clone, Copy)]
pub struct Listener {
    /// Overwrites all of them.
    pub forget: fn(),
    /// Overwrites those that count no more: compares `epoch::now()` and `ext::keys_generation()` with what they were when the keys
    /// were loaded. Called at the end of each transaction, and when PostgreSQL says that rows of keys have changed: then in the
    /// midst of anything, so it must do nothing if the keys are being used.
    pub check: fn(),
}

static LISTENER: Local<Option<Listener>> = Local::new(None);

/// From now on `listener` hears; called once, while the library is loaded.
pub fn listen(listener: Listener) {
    LISTENER.set(Some(listener));
    ext::on_keys_change(check);
}

/// All count no more.
pub(super) fn forget() {
    if let Some(listener) = LISTENER.get() {
        (listener.forget)();
    }
    literals::keys_changed();
}

/// Some may count no more. Called as [`Listener::check`] is.
pub fn check() {
    if let Some(listener) = LISTENER.get() {
        (listener.check)();
    }
    literals::look_at_keys();
}
