//! The texts of the running statement that other sessions and the log can see.

use pgrx::pg_sys;
use std::ffi::{CStr, CString, c_char};

/// Replaces the running statement's text, for error reports and in `pg_stat_activity`, if `mask` changes it.
/// `mask` returns a text of the same length, or `None` where there is nothing to hide.
pub fn mask_current(mask: fn(&str) -> Option<String>) {
    // SAFETY: a global that is null or a C string which lives as long as the statement.
    let Some(masked) = (unsafe { masked(pg_sys::debug_query_string, mask) }) else { return };
    // SAFETY: plain globals. A background worker has no client's message: its text has to last as long as the worker, and
    // its activity is not ours to report.
    unsafe {
        if pg_sys::MessageContext.is_null() {
            pg_sys::debug_query_string =
                pg_sys::MemoryContextStrdup(pg_sys::TopMemoryContext, masked.as_ptr());
            return;
        }
    }
    // SAFETY: the copy lives in the context of the client's message, like the text it replaces. There is a running
    // statement, for it has a text.
    unsafe {
        let copy = pg_sys::MemoryContextStrdup(pg_sys::MessageContext, masked.as_ptr());
        pg_sys::debug_query_string = copy;
        pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_RUNNING, copy);
    }
}

/// The text to pass on in place of a utility statement's `text`, masked as by `mask_current`. Usually it is the very text of
/// the running statement, and then masked once.
pub fn mask_statement(text: *const c_char, mask: fn(&str) -> Option<String>) -> *const c_char {
    // SAFETY: a plain global.
    let is_current = std::ptr::eq(text, unsafe { pg_sys::debug_query_string });
    mask_current(mask);
    if is_current {
        // SAFETY: a plain global.
        unsafe { pg_sys::debug_query_string }
    } else {
        masked_copy(text, mask)
    }
}

/// A masked copy of a C string of the server in the current memory context, or the string itself.
pub fn masked_copy(text: *const c_char, mask: fn(&str) -> Option<String>) -> *const c_char {
    // SAFETY: null or a C string, by the callers in this module's siblings.
    match unsafe { masked(text, mask) } {
        // SAFETY: copies a C string into the current memory context.
        Some(masked) => unsafe { pg_sys::pstrdup(masked.as_ptr()) },
        None => text,
    }
}

/// The masked text, if `mask` changes it.
///
/// # Safety
/// `text` must be null or a C string.
unsafe fn masked(text: *const c_char, mask: fn(&str) -> Option<String>) -> Option<CString> {
    if text.is_null() {
        return None;
    }
    // SAFETY: by the caller.
    let text = unsafe { CStr::from_ptr(text) };
    let masked = match text.to_str() {
        Ok(text) => mask(text)?.into_bytes(),
        Err(_) => mask_other_encoding(text.to_bytes(), mask)?,
    };
    CString::new(masked).ok()
}

/// A text in an encoding other than UTF-8. A token is ASCII, and so is whatever `mask` overwrites it with.
fn mask_other_encoding(text: &[u8], mask: fn(&str) -> Option<String>) -> Option<Vec<u8>> {
    let plain: String =
        text.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect();
    let masked = mask(&plain)?;
    let bytes = text.iter().zip(plain.bytes().zip(masked.bytes()));
    Some(bytes.map(|(original, (before, after))| if before == after { *original } else { after }).collect())
}
