//! Version-1 functions without conversion, for what is called once a row.

use pgrx::pg_sys;

/// Runs `f`, turning a Rust panic or a PostgreSQL error inside it into a PostgreSQL error.
pub fn guarded(f: impl FnOnce() -> pg_sys::Datum + std::panic::UnwindSafe) -> pg_sys::Datum {
    // SAFETY: the guard is what pgrx puts around every function it generates.
    unsafe { pg_sys::panic::pgrx_extern_c_guard(f) }
}

/// The call's arguments and result flag.
#[derive(Clone, Copy)]
pub struct Call(pg_sys::FunctionCallInfo);

impl std::panic::UnwindSafe for Call {}

impl Call {
    /// Wraps what PostgreSQL passed.
    ///
    /// # Safety
    /// `info` must be the pointer a version-1 function was called with.
    pub const unsafe fn new(info: pg_sys::FunctionCallInfo) -> Self {
        Call(info)
    }

    /// Returns NULL.
    pub fn null(self) -> pg_sys::Datum {
        // SAFETY: the pointer is valid for the call.
        unsafe { (*self.0).isnull = true };
        pg_sys::Datum::null()
    }

    /// The argument at `index` as `T`, or `None` for NULL.
    pub fn argument<T: pgrx::FromDatum>(self, index: usize) -> Option<T> {
        // SAFETY: the SQL declaration gives the function an argument of this type at this place.
        unsafe { pgrx::fcinfo::pg_getarg(self.0, index) }
    }

    /// A pointer argument of an internal function (a node).
    pub fn pointer<T>(self, index: usize) -> *mut T {
        // SAFETY: as above; internal arguments are pointers.
        unsafe {
            pgrx::fcinfo::pg_get_nullable_datum(self.0, index).value.cast_mut_ptr()
        }
    }
}

/// Declares a version-1 function `$symbol` that first tries `$fast` (must not raise) and then `$slow`.
macro_rules! raw_function {
    ($symbol:ident, $finfo:ident, fast = $fast:path, slow = $slow:path) => {
        #[unsafe(no_mangle)]
        #[doc(hidden)]
        pub extern "C-unwind" fn $symbol(
            info: pgrx::pg_sys::FunctionCallInfo,
        ) -> pgrx::pg_sys::Datum {
            if let Some(datum) = $fast() {
                return datum;
            }
            // SAFETY: `info` is what PostgreSQL called this function with.
            let call = unsafe { $crate::sys::function::Call::new(info) };
            $crate::sys::function::guarded(move || $slow(call))
        }
        raw_function!(@finfo $finfo);
    };
    ($symbol:ident, $finfo:ident, $body:path) => {
        #[unsafe(no_mangle)]
        #[doc(hidden)]
        pub extern "C-unwind" fn $symbol(
            info: pgrx::pg_sys::FunctionCallInfo,
        ) -> pgrx::pg_sys::Datum {
            // SAFETY: `info` is what PostgreSQL called this function with.
            let call = unsafe { $crate::sys::function::Call::new(info) };
            $crate::sys::function::guarded(move || $body(call))
        }
        raw_function!(@finfo $finfo);
    };
    (@finfo $finfo:ident) => {
        #[unsafe(no_mangle)]
        #[doc(hidden)]
        pub extern "C-unwind" fn $finfo() -> &'static pgrx::pg_sys::Pg_finfo_record {
            const V1: pgrx::pg_sys::Pg_finfo_record = pgrx::pg_sys::Pg_finfo_record { api_version: 1 };
            &V1
        }
    };
}
pub(crate) use raw_function;

/// The four header bytes of an uncompressed varlena of `length` bytes (header included): the length shifted by two on
/// little-endian machines, plain on big-endian ones (PostgreSQL's `SET_VARSIZE`).
pub const fn varlena_header(length: u32) -> [u8; 4] {
    if cfg!(target_endian = "little") { (length << 2).to_ne_bytes() } else { length.to_ne_bytes() }
}
