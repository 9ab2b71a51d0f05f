//! Values of variable length and C strings: reading them where they lie, and making them.

use pgrx::pg_sys::{self, Datum};
use pgrx::{set_varsize_4b, varatt_is_1b, varatt_is_1b_e, varatt_is_4b_u, vardata_any, varsize_any_exhdr};
use std::ffi::CStr;

/// What a value of variable length may hold beside its header (`MaxAllocSize`).
pub const MAX_CONTENT: usize = 0x3fff_ffff - pg_sys::VARHDRSZ;

/// The content of a value that lies there plainly: neither compressed nor out of line.
///
/// # Safety
/// `pointer` must be a datum of a type of variable length, which must outlive the result.
#[inline(always)]
pub(super) unsafe fn plain<'a>(pointer: usize) -> Option<&'a [u8]> {
    let value = pointer as *const pg_sys::varlena;
    // SAFETY: by the caller; the header says where the content is and how long.
    unsafe {
        (varatt_is_4b_u(value) || (varatt_is_1b(value) && !varatt_is_1b_e(value)))
            .then(|| std::slice::from_raw_parts(vardata_any(value).cast(), varsize_any_exhdr(value)))
    }
}

/// The content of any value.
///
/// # Safety
/// As for [`plain`]; what is detoasted lives in the current memory context.
pub(super) unsafe fn whole<'a>(pointer: usize) -> &'a [u8] {
    // SAFETY: by the caller.
    unsafe {
        plain(pointer).unwrap_or_else(|| {
            pgrx::varlena_to_byte_slice(pg_sys::pg_detoast_datum_packed(pointer as *mut pg_sys::varlena))
        })
    }
}

/// The first bytes of any value, or all if it has fewer: of one out of line no more is read.
///
/// # Safety
/// As for [`whole`].
pub(super) unsafe fn beginning<'a>(pointer: usize, length: usize) -> &'a [u8] {
    // SAFETY: by the caller.
    unsafe {
        plain(pointer).unwrap_or_else(|| {
            let length = i32::try_from(length).unwrap_or(i32::MAX);
            let value = pointer as *mut pg_sys::varlena;
            pgrx::varlena_to_byte_slice(pg_sys::pg_detoast_datum_slice(value, 0, length))
        })
    }
}

/// A new value whose content, so many zeroes at first, `fill` writes.
pub fn build<R>(length: usize, fill: impl FnOnce(&mut [u8]) -> R) -> (Datum, R) {
    let size = pg_sys::VARHDRSZ + length.min(MAX_CONTENT);
    // SAFETY: zeroed memory of that size in the current memory context, which nobody else has yet; a header and a content.
    unsafe {
        let value = pg_sys::palloc0(size).cast::<u8>();
        set_varsize_4b(value.cast(), size as i32);
        let content = std::slice::from_raw_parts_mut(value.add(pg_sys::VARHDRSZ), size - pg_sys::VARHDRSZ);
        let result = fill(content);
        (Datum::from(value), result)
    }
}

/// A new C string of so many bytes, which `fill` writes.
pub fn build_cstring<R>(length: usize, fill: impl FnOnce(&mut [u8]) -> R) -> (Datum, R) {
    let length = length.min(MAX_CONTENT);
    // SAFETY: as above, with a zero at the end.
    unsafe {
        let text = pg_sys::palloc0(length + 1).cast::<u8>();
        let result = fill(std::slice::from_raw_parts_mut(text, length));
        (Datum::from(text), result)
    }
}

/// The bytes of a C string that a function of the server has returned.
pub(super) unsafe fn cstring<'a>(datum: Datum) -> &'a [u8] {
    // SAFETY: by the caller.
    unsafe { CStr::from_ptr(datum.cast_mut_ptr()).to_bytes() }
}

unsafe extern "C-unwind" {
    // Without pgrx's guard: asked not to raise, they do not, and are called for each value that is put out.
    fn pg_verify_mbstr(encoding: i32, text: *const std::ffi::c_char, length: i32, no_error: bool) -> bool;
    fn GetDatabaseEncoding() -> i32;
}

/// Whether bytes are text in the encoding of this database.
pub fn is_text(bytes: &[u8]) -> bool {
    let Ok(length) = i32::try_from(bytes.len()) else { return false };
    // SAFETY: reads so many bytes.
    unsafe { pg_verify_mbstr(GetDatabaseEncoding(), bytes.as_ptr().cast(), length, true) }
}
