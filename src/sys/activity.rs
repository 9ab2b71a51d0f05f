//! The texts of the running statement that other sessions and the log can see.

use pgrx::pg_sys;
use std::ffi::{CStr, CString, c_char};

/// Replaces the running statement's text, for error reports and in `pg_stat_activity`, if `mask` changes it.
/// `mask` returns a text of the same length, or `None` where there is nothing to hide.
pub fn mask_current(mask: fn(&str) -> Option<String>) {
    if let Some(copy) = mask_query_string(mask) {
        // SAFETY: a C string that outlives the call, which copies it.
        unsafe { pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_RUNNING, copy) }
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

/// Replaces the running statement's text for error reports; returns the new text if `mask` changed it.
pub fn mask_query_string(mask: fn(&str) -> Option<String>) -> Option<*const c_char> {
    // SAFETY: a global that is null or a C string which lives as long as the statement.
    let text = unsafe { as_str(pg_sys::debug_query_string) }?;
    let masked = CString::new(mask(text)?).ok()?;
    // SAFETY: the copy lives in the context of the client's message, like the text it replaces.
    unsafe {
        let copy = pg_sys::MemoryContextStrdup(pg_sys::MessageContext, masked.as_ptr());
        pg_sys::debug_query_string = copy;
        Some(copy)
    }
}

/// A masked copy of a C string of the server in the current memory context, or the string itself.
pub fn masked_copy(text: *const c_char, mask: fn(&str) -> Option<String>) -> *const c_char {
    // SAFETY: null or a C string, by the callers in this module's siblings.
    let Some(plain) = (unsafe { as_str(text) }) else { return text };
    match mask(plain).map(CString::new) {
        // SAFETY: copies a C string into the current memory context.
        Some(Ok(masked)) => unsafe { pg_sys::pstrdup(masked.as_ptr()) },
        _ => text,
    }
}

/// # Safety
/// `text` must be null or a C string that outlives the result.
unsafe fn as_str<'a>(text: *const c_char) -> Option<&'a str> {
    if text.is_null() {
        return None;
    }
    // SAFETY: by the caller.
    unsafe { CStr::from_ptr(text) }.to_str().ok()
}
