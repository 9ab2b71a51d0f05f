//! Version-1 functions without conversion, for what is called once a row.

use super::varlena;
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

    /// What PostgreSQL passed beside the arguments; null if nothing.
    pub(super) const fn context(self) -> *mut pg_sys::Node {
        // SAFETY: the pointer is valid for the call.
        unsafe { (*self.0).context }
    }

    /// Returns NULL.
    pub fn null(self) -> pg_sys::Datum {
        // SAFETY: the pointer is valid for the call.
        unsafe { (*self.0).isnull = true };
        pg_sys::Datum::null()
    }

    /// What the call has for a collation.
    pub fn collation(self) -> pg_sys::Oid {
        // SAFETY: the pointer is valid for the call.
        unsafe { (*self.0).fncollation }
    }

    /// Whether PostgreSQL has looked the function up for this one call. Types that consist of others (arrays, domains) keep what they
    /// have looked up for those, in memory that was allocated; else it is a local variable of the caller, beside what it passes.
    pub fn is_single(self) -> bool {
        // SAFETY: as above.
        let function = unsafe { (*self.0).flinfo };
        (function as usize).abs_diff(self.0 as usize) < 4096
    }

    /// The argument at `index` as `T`, or `None` for NULL.
    pub fn argument<T: pgrx::FromDatum>(self, index: usize) -> Option<T> {
        // SAFETY: the SQL declaration gives the function an argument of this type at this place.
        unsafe { pgrx::fcinfo::pg_getarg(self.0, index) }
    }

    /// The argument at `index`, of a type that is passed by value, as a machine word; `None` for NULL.
    #[inline(always)]
    pub fn word(self, index: usize) -> Option<usize> {
        // SAFETY: the pointer is valid for the call, and the function's declaration has this argument.
        let argument = unsafe { *(*self.0).args.as_ptr().add(index) };
        (!argument.isnull).then(|| argument.value.value())
    }

    /// The argument at `index`, of a type of fixed length `N` that is passed by reference; `None` for NULL.
    #[inline(always)]
    pub fn bytes<'a, const N: usize>(self, index: usize) -> Option<&'a [u8; N]> {
        // SAFETY: a non-null argument of such a type points to its bytes, which outlive the call.
        self.word(index).map(|pointer| unsafe { &*(pointer as *const [u8; N]) })
    }

    /// The content of the argument at `index`, of a type of variable length; `None` for NULL.
    pub fn content<'a>(self, index: usize) -> Option<&'a [u8]> {
        // SAFETY: a non-null argument of such a type; what is detoasted lives in the current memory context.
        self.word(index).map(|pointer| unsafe { varlena::whole(pointer) })
    }

    /// The same where it costs nothing; `None` also for a value that is compressed or out of line.
    #[inline(always)]
    pub fn plain_content<'a>(self, index: usize) -> Option<&'a [u8]> {
        // SAFETY: a non-null argument of such a type.
        self.word(index).and_then(|pointer| unsafe { varlena::plain(pointer) })
    }

    /// The first `length` bytes of it, at least, if it has so many.
    pub fn beginning<'a>(self, index: usize, length: usize) -> Option<&'a [u8]> {
        // SAFETY: as for `content`.
        self.word(index).map(|pointer| unsafe { varlena::beginning(pointer, length) })
    }

    /// The argument at `index`, a C string, without its end; `None` for NULL.
    pub fn cstring<'a>(self, index: usize) -> Option<&'a [u8]> {
        // SAFETY: a non-null argument of that type.
        self.word(index).map(|pointer| unsafe { varlena::cstring(pg_sys::Datum::from(pointer)) })
    }

    /// An expression of a statement calls it (a conversion, for instance), and not the server to show a value or to read one.
    pub fn is_in_expression(self) -> bool {
        // SAFETY: the pointers are valid for the call, or null.
        unsafe { (*self.0).flinfo.as_ref().is_some_and(|function| !function.fn_expr.is_null()) }
    }

    /// A pointer argument of an internal function (a node).
    pub fn pointer<T>(self, index: usize) -> *mut T {
        // SAFETY: as above; internal arguments are pointers.
        unsafe { pgrx::fcinfo::pg_get_nullable_datum(self.0, index).value.cast_mut_ptr() }
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
            // SAFETY: `info` is what PostgreSQL called this function with.
            let call = unsafe { $crate::sys::function::Call::new(info) };
            if let Some(datum) = $fast(call) {
                return datum;
            }
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

/// The header of such an array.
const ARRAY_HEADER: usize = 24;

/// An array of uuids, one-dimensional from 1, without nulls, as a datum points to it (array.h): header, dimensions, element
/// type, length, lower bound, elements.
pub fn uuid_array<'a>(ids: impl ExactSizeIterator<Item = &'a [u8; 16]>) -> Box<[u8]> {
    let count = ids.len();
    let length = ARRAY_HEADER + 16 * count;
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(&varlena_header(length as u32));
    for word in [1, 0, u32::from(pg_sys::UUIDOID), count as u32, 1] {
        bytes.extend_from_slice(&word.to_ne_bytes());
    }
    ids.for_each(|id| bytes.extend_from_slice(id));
    bytes.into_boxed_slice()
}

/// The elements of what [`uuid_array`] has built.
#[inline]
pub fn uuids_of(array: &[u8]) -> impl Iterator<Item = &[u8; 16]> {
    array.get(ARRAY_HEADER..).unwrap_or_default().as_chunks::<16>().0.iter()
}
