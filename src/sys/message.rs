//! The binary protocol: what a receive function is given, and what a send function returns.

use super::function::Call;
use super::varlena;
use pgrx::pg_sys::{self, Datum};

/// The rest of the message that a receive function was called with, as text in the database's encoding.
pub fn text<'a>(call: Call) -> &'a [u8] {
    let message: *mut pg_sys::StringInfoData = call.pointer(0);
    // SAFETY: the first argument of a receive function is such a buffer. The converted text has a length and outlives the call.
    unsafe {
        let mut length = 0;
        let text = pg_sys::pq_getmsgtext(message, (*message).len - (*message).cursor, &mut length);
        std::slice::from_raw_parts(text.cast(), length.max(0) as usize)
    }
}

/// The rest of it, as bytes.
pub fn bytes<'a>(call: Call) -> &'a [u8] {
    let message: *mut pg_sys::StringInfoData = call.pointer(0);
    // SAFETY: as above; the bytes lie in the buffer.
    unsafe {
        let length = (*message).len - (*message).cursor;
        let bytes = pg_sys::pq_getmsgbytes(message, length);
        std::slice::from_raw_parts(bytes.cast(), length.max(0) as usize)
    }
}

/// A text as it is sent: in the client's encoding. `datum` is a C string.
pub fn send_text(datum: Datum) -> Datum {
    // SAFETY: a buffer of our own, in the current memory context; the server makes a bytea of it.
    unsafe {
        let text = varlena::cstring(datum);
        let mut buffer = pg_sys::StringInfoData::default();
        pg_sys::pq_begintypsend(&mut buffer);
        pg_sys::pq_sendtext(&mut buffer, text.as_ptr().cast(), i32::try_from(text.len()).unwrap_or(i32::MAX));
        Datum::from(pg_sys::pq_endtypsend(&mut buffer))
    }
}
