//! `search_path`: what PostgreSQL has made of it, and where a setting's value is due to end.

use super::local::Local;
use pgrx::pg_sys;
use std::ffi::{CStr, CString, c_char, c_void};

unsafe extern "C-unwind" {
    // The setting's own assign hook, without pgrx's guard (and bindings have it for PostgreSQL 15 only): it clears a flag.
    fn assign_search_path(new_value: *const c_char, extra: *mut c_void);
}

/// Makes PostgreSQL ask again which schemas of the path can be searched, before it next uses it. Cannot raise.
pub fn forget() {
    // SAFETY: see above; it reads neither argument.
    unsafe { assign_search_path(std::ptr::null(), std::ptr::null_mut()) }
}

/// The path in force, as SHOW prints it.
pub fn shown() -> String {
    // SAFETY: the setting always exists; the string is copied at once.
    unsafe {
        let value = pg_sys::GetConfigOption(c"search_path".as_ptr(), true, false);
        if value.is_null() { String::new() } else { CStr::from_ptr(value).to_string_lossy().into_owned() }
    }
}

/// How long a value lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasts {
    /// As one of SET LOCAL.
    Transaction,
    /// As one of SET.
    Session,
    /// As one of the start-up packet: RESET comes back to it.
    Connection,
}

/// Sets the path. A value that PostgreSQL does not accept is left out, and logged.
pub fn set(path: &str, lasts: Lasts) {
    let Ok(path) = CString::new(path) else { return };
    let (source, action) = match lasts {
        Lasts::Transaction => (pg_sys::GucSource::PGC_S_SESSION, pg_sys::GucAction::GUC_ACTION_LOCAL),
        Lasts::Session => (pg_sys::GucSource::PGC_S_SESSION, pg_sys::GucAction::GUC_ACTION_SET),
        Lasts::Connection => (pg_sys::GucSource::PGC_S_CLIENT, pg_sys::GucAction::GUC_ACTION_SET),
    };
    // SAFETY: as SET does it; at this level a refusal is no error.
    unsafe {
        pg_sys::set_config_option(
            c"search_path".as_ptr(),
            path.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            source,
            action,
            true,
            pg_sys::LOG as i32,
            false,
        );
    }
}

/// The record of the setting that was last asked for, by the address of its name: PostgreSQL 15 has no look-up but a search of all.
static RECORD: Local<Option<(*const c_char, *mut pg_sys::config_generic)>> = Local::new(None);

/// Whether the value in force of a setting that `define_checked` defined, which a statement has just set, is one of SET LOCAL.
pub fn is_local(name: &'static CStr) -> bool {
    // SAFETY: the record of a setting lives as long as the process; its stack is null or valid.
    unsafe {
        let known = RECORD.get().filter(|(known, _)| *known == name.as_ptr()).map(|(_, record)| record);
        let found = known.or_else(|| record(name));
        RECORD.set(found.map(|record| (name.as_ptr(), record)));
        found.and_then(|record| (*record).stack.as_ref()).is_some_and(|top| {
            use pg_sys::GucStackState as S;
            matches!(top.state, S::GUC_LOCAL | S::GUC_SET_LOCAL)
        })
    }
}

#[cfg(feature = "pg15")]
fn record(name: &CStr) -> Option<*mut pg_sys::config_generic> {
    // SAFETY: an array of so many records, with names.
    unsafe {
        let records = pg_sys::get_guc_variables();
        let count = usize::try_from(pg_sys::GetNumConfigOptions()).unwrap_or(0);
        (0..count).map(|index| *records.add(index)).find(|record| CStr::from_ptr((**record).name) == name)
    }
}

#[cfg(not(feature = "pg15"))]
fn record(name: &CStr) -> Option<*mut pg_sys::config_generic> {
    // SAFETY: a look-up that raises nothing; null where there is none.
    let record = unsafe { pg_sys::find_option(name.as_ptr(), false, true, 0) };
    (!record.is_null()).then_some(record)
}
