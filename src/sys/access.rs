//! Object access: what happens to relations however it was asked for, cascades included.

use super::local::Local;
use pgrx::pg_sys::{self, Oid};
use std::ffi::c_void;

static PREVIOUS: Local<pg_sys::object_access_hook_type> = Local::new(None);
static ON_TRUNCATE: Local<Option<fn(Oid)>> = Local::new(None);

/// `before_truncate` is called for every relation that TRUNCATE is about to empty, and raises to refuse it.
pub fn install(before_truncate: fn(Oid)) {
    ON_TRUNCATE.set(Some(before_truncate));
    // SAFETY: while the library is loaded nothing runs that could call the hook.
    unsafe {
        PREVIOUS.set(pg_sys::object_access_hook);
        pg_sys::object_access_hook = Some(on_access);
    }
}

// Two halves, as in `hooks`.
unsafe extern "C-unwind" fn on_access(
    access: pg_sys::ObjectAccessType::Type,
    class: Oid,
    object: Oid,
    part: i32,
    argument: *mut c_void,
) {
    // SAFETY: passes on what we were given.
    unsafe {
        if access == pg_sys::ObjectAccessType::OAT_TRUNCATE {
            on_truncate(object);
        }
        if let Some(previous) = PREVIOUS.get() {
            previous(access, class, object, part, argument);
        }
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_truncate(relation: Oid) {
    if let Some(before_truncate) = ON_TRUNCATE.get() {
        before_truncate(relation);
    }
}
