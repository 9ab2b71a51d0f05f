//! The moment privileges are checked: of every query that runs, and of COPY, which is none.

use super::local::Local;
use super::tree::elements;
use pgrx::pg_sys::{self, Oid};

type Check = fn(Oid, Oid);

static PREVIOUS: Local<pg_sys::ExecutorCheckPerms_hook_type> = Local::new(None);
static NEEDED: Local<Option<fn() -> bool>> = Local::new(None);
static CHECK: Local<Option<Check>> = Local::new(None);

/// `check` is told of each table that is about to be used, and of the role it is used as; it raises to refuse that. While `needed`
/// says no, nobody is asked.
pub fn install(needed: fn() -> bool, check: fn(Oid, Oid)) {
    NEEDED.set(Some(needed));
    CHECK.set(Some(check));
    // SAFETY: while the library is loaded nothing runs that could call the hook.
    unsafe {
        PREVIOUS.set(pg_sys::ExecutorCheckPerms_hook);
        pg_sys::ExecutorCheckPerms_hook = Some(on_check);
    }
}

// Two halves, as in `hooks`.
#[cfg(feature = "pg15")]
unsafe extern "C-unwind" fn on_check(entries: *mut pg_sys::List, raises: bool) -> bool {
    // SAFETY: passes on what we were given.
    unsafe {
        look_at(entries);
        PREVIOUS.get().is_none_or(|previous| previous(entries, raises))
    }
}

#[cfg(not(feature = "pg15"))]
unsafe extern "C-unwind" fn on_check(
    entries: *mut pg_sys::List,
    permissions: *mut pg_sys::List,
    raises: bool,
) -> bool {
    // SAFETY: passes on what we were given.
    unsafe {
        look_at(permissions);
        PREVIOUS.get().is_none_or(|previous| previous(entries, permissions, raises))
    }
}

#[cfg(feature = "pg15")]
type Checked = pg_sys::RangeTblEntry;
#[cfg(not(feature = "pg15"))]
type Checked = pg_sys::RTEPermissionInfo;

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn look_at(checked: *mut pg_sys::List) {
    if !NEEDED.get().is_some_and(|needed| needed()) {
        return;
    }
    let Some(check) = CHECK.get() else { return };
    // SAFETY: the list holds such nodes; those without a relation have no oid.
    unsafe {
        for entry in elements::<Checked>(checked) {
            let role = match (*entry).checkAsUser {
                Oid::INVALID => pg_sys::GetUserId(),
                role => role,
            };
            if (*entry).relid != Oid::INVALID && (*entry).requiredPerms != 0 {
                check((*entry).relid, role);
            }
        }
    }
}
