//! The texts of the running statement that other sessions and the log can see.

use pgrx::pg_sys;
use std::ffi::{CStr, c_char};
use std::ops::Range;

/// Where the next secret of a text is, from a position on. It must be ASCII: what stands there is overwritten.
pub type Finder = fn(&[u8], usize) -> Option<Range<usize>>;

/// Overwrites secrets in the running statement's text, for error reports and in `pg_stat_activity`. True if there were any.
pub fn mask_current(find: Finder) -> bool {
    // SAFETY: globals. The first is null or a C string which lives as long as the statement; its copy lives in the context of
    // the client's message, as it does. There is a running statement, for it has a text.
    unsafe {
        // A background worker has no client's message: its text has to last as long as the worker, and its activity is
        // not ours to report.
        let of_worker = pg_sys::MessageContext.is_null();
        let context = if of_worker { pg_sys::TopMemoryContext } else { pg_sys::MessageContext };
        let Some(copy) = masked(pg_sys::debug_query_string, find, context) else { return false };
        pg_sys::debug_query_string = copy;
        if !of_worker {
            pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_RUNNING, copy);
        }
    }
    true
}

/// The text to pass on in place of a utility statement's `text`, masked as by `mask_current`. Usually it says the same as the
/// running statement's, and is then searched once.
pub fn mask_statement(text: *const c_char, find: Finder) -> *const c_char {
    // SAFETY: a global and an argument, each null or a C string.
    let says_the_same = unsafe { same(text, pg_sys::debug_query_string) };
    let is_masked = mask_current(find);
    match (says_the_same, is_masked) {
        // SAFETY: a plain global.
        (true, true) => unsafe { pg_sys::debug_query_string },
        (true, false) => text,
        (false, _) => masked_copy(text, find),
    }
}

/// # Safety
/// Each must be null or a C string.
unsafe fn same(a: *const c_char, b: *const c_char) -> bool {
    // SAFETY: by the caller.
    std::ptr::eq(a, b) || !(a.is_null() || b.is_null()) && unsafe { CStr::from_ptr(a) == CStr::from_ptr(b) }
}

/// A masked copy of a C string of the server in the current memory context, or the string itself.
pub fn masked_copy(text: *const c_char, find: Finder) -> *const c_char {
    // SAFETY: null or a C string, by the callers in this module's siblings; the context is the current one.
    unsafe { masked(text, find, pg_sys::CurrentMemoryContext) }.unwrap_or(text)
}

/// A masked copy in a memory context, if there is anything to mask. The text may be in any encoding of a server: in all of
/// them an ASCII byte is an ASCII character.
///
/// # Safety
/// `text` must be null or a C string, `context` a memory context.
unsafe fn masked(text: *const c_char, find: Finder, context: pg_sys::MemoryContext) -> Option<*const c_char> {
    if text.is_null() {
        return None;
    }
    // SAFETY: by the caller.
    let original = unsafe { CStr::from_ptr(text) }.to_bytes_with_nul();
    let end = original.len() - 1;
    let mut secret = find(&original[..end], 0)?;
    // SAFETY: a new block of this length, filled before it is read.
    let copy = unsafe {
        let block = pg_sys::MemoryContextAlloc(context, original.len()).cast::<u8>();
        std::ptr::copy_nonoverlapping(original.as_ptr(), block, original.len());
        std::slice::from_raw_parts_mut(block, original.len())
    };
    loop {
        copy[secret.clone()].fill(b'*');
        match find(&original[..end], secret.end) {
            Some(next) => secret = next,
            None => return Some(copy.as_ptr().cast()),
        }
    }
}
