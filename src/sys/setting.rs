//! Settings with hooks: one checked string whose check result travels with the value, and read-only settings that
//! show what a function says.

use super::local::Local;
use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use pgrx::pg_sys;
use std::ffi::{CStr, CString, c_char, c_void};

/// Where a new value comes from (`GucSource`), as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// SET, SET LOCAL, set_config, or a parallel worker that restores such a value.
    Session,
    /// The client's start-up packet.
    Client,
    /// Stored somewhere: a file, the command line, ALTER ROLE, ALTER DATABASE, a function's SET clause.
    Stored,
}

impl Source {
    fn from_raw(source: pg_sys::GucSource::Type) -> Self {
        match source {
            pg_sys::GucSource::PGC_S_SESSION | pg_sys::GucSource::PGC_S_INTERACTIVE => Source::Session,
            pg_sys::GucSource::PGC_S_CLIENT => Source::Client,
            _ => Source::Stored,
        }
    }
}

/// Why a value is refused.
pub struct Refusal {
    /// SQLSTATE.
    pub sqlstate: i32,
    /// The primary message.
    pub message: String,
    /// DETAIL.
    pub detail: Option<String>,
    /// HINT.
    pub hint: Option<String>,
}

/// What a checked string's owner supplies. Both are called by PostgreSQL, `assign` also while a transaction ends:
/// it must not raise.
#[derive(Clone, Copy)]
pub struct Checked {
    /// Verifies a value and writes the plain bytes to keep with it.
    pub check: fn(value: &str, source: Source, extra: &mut Extra) -> Result<(), Refusal>,
    /// Hears that another value is in force.
    pub assigned: fn(),
    /// What SHOW prints.
    pub show: fn() -> &'static CStr,
}

/// The block of plain bytes that PostgreSQL keeps with a value, and frees itself.
pub struct Extra(*mut c_void);

impl Extra {
    /// Keeps `header` followed by `body`. False when out of memory.
    pub fn write(&mut self, header: &[u8], body: &[u8]) -> bool {
        const WORD: usize = size_of::<usize>();
        let block = raw_allocate(WORD + header.len() + body.len());
        if block.is_null() {
            return false;
        }
        // SAFETY: the block has room for the length, the header and the body.
        unsafe {
            block.cast::<usize>().write_unaligned(header.len() + body.len());
            let bytes = block.cast::<u8>().add(WORD);
            std::ptr::copy_nonoverlapping(header.as_ptr(), bytes, header.len());
            std::ptr::copy_nonoverlapping(body.as_ptr(), bytes.add(header.len()), body.len());
        }
        self.0 = block;
        true
    }
}

static CHECKED: Local<Option<Checked>> = Local::new(None);
static EXTRA: Local<Option<(*mut u8, usize)>> = Local::new(None);
static VALUE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// Defines the checked string. Users may set it; it is not shown, and cannot be stored or set where code of one role
/// runs with the rights of another.
pub fn define_checked(name: &'static CStr, short: &'static CStr, long: &'static CStr, checked: Checked) {
    CHECKED.set(Some(checked));
    let flags = GucFlags::NO_SHOW_ALL
        | GucFlags::DISALLOW_IN_FILE
        | GucFlags::DISALLOW_IN_AUTO_FILE
        | GucFlags::NOT_WHILE_SEC_REST;
    // SAFETY: the hooks below are guarded where they can raise.
    unsafe {
        GucRegistry::define_string_guc_with_hooks(
            name,
            short,
            long,
            &VALUE,
            GucContext::Userset,
            flags,
            Some(check_hook),
            Some(assign_hook),
            Some(show_hook),
        );
    }
}

/// The value in force, as the client gave it. Secret.
pub fn checked_value() -> Option<String> {
    VALUE.get().and_then(|value| value.into_string().ok())
}

/// The bytes that the check of the value in force returned. The closure must not change the setting.
#[inline]
pub fn with_extra<R>(f: impl FnOnce(Option<&mut [u8]>) -> R) -> R {
    match EXTRA.get() {
        // SAFETY: PostgreSQL keeps the block alive as long as the value is in force, and tells `assign_hook` before
        // it frees it; no other reference to it exists.
        Some((start, length)) => f(Some(unsafe { std::slice::from_raw_parts_mut(start, length) })),
        None => f(None),
    }
}

/// True if there is a value.
#[inline]
pub fn has_extra() -> bool {
    EXTRA.get().is_some()
}

/// Gives the setting its reset value (that of the start-up packet, or none) until the transaction ends and after.
pub fn reset(name: &CStr) {
    // SAFETY: a null value means RESET; same call as the RESET command makes.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            std::ptr::null(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SET,
            true,
            0,
            false,
        );
    }
}

/// SET LOCAL from code: runs the same hooks, raises the same errors.
pub fn set_local(name: &CStr, value: &CStr) {
    // SAFETY: the same call that set_config(..., true) makes.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_LOCAL,
            true,
            0,
            false,
        );
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn check_hook(
    new_value: *mut *mut c_char,
    extra: *mut *mut c_void,
    source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: PostgreSQL passes a valid place that holds null or a C string.
    let value = unsafe { *new_value };
    if value.is_null() {
        return true;
    }
    // SAFETY: not null, so a C string.
    let value = unsafe { CStr::from_ptr(value) };
    if value.is_empty() {
        return true;
    }
    let Some(checked) = CHECKED.get() else { return false };
    // Not UTF-8: cannot be a token, and the check says so about the empty string.
    let mut block = Extra(std::ptr::null_mut());
    match (checked.check)(value.to_str().unwrap_or("?"), Source::from_raw(source), &mut block) {
        Ok(()) => {
            // SAFETY: PostgreSQL passes a valid place for the result.
            unsafe { *extra = block.0 };
            !block.0.is_null()
        }
        Err(refusal) => {
            report(&refusal);
            false
        }
    }
}

/// PostgreSQL 15 frees `extra` with free(), later versions with guc_free().
#[cfg(feature = "pg15")]
fn raw_allocate(size: usize) -> *mut c_void {
    unsafe extern "C" {
        fn malloc(size: usize) -> *mut c_void;
    }
    // SAFETY: the C library's allocator, the one the server itself uses.
    unsafe { malloc(size) }
}

#[cfg(not(feature = "pg15"))]
fn raw_allocate(size: usize) -> *mut c_void {
    // SAFETY: allocates in the settings' memory context; null when out of memory at this level.
    unsafe { pg_sys::guc_malloc(pg_sys::LOG as i32, size) }
}

fn report(refusal: &Refusal) {
    let copy = |text: &str| {
        let clean = CString::new(text.replace('\0', " ")).unwrap_or_default();
        // SAFETY: copies into the error context, where guc.c expects these strings.
        unsafe { pg_sys::MemoryContextStrdup(pg_sys::ErrorContext, clean.as_ptr()) }
    };
    // SAFETY: plain globals that guc.c reads after the hook returned false.
    unsafe {
        pg_sys::GUC_check_errcode(refusal.sqlstate);
        pg_sys::GUC_check_errmsg_string = copy(&refusal.message);
        if let Some(detail) = &refusal.detail {
            pg_sys::GUC_check_errdetail_string = copy(detail);
        }
        if let Some(hint) = &refusal.hint {
            pg_sys::GUC_check_errhint_string = copy(hint);
        }
    }
}

// Runs also while a transaction ends, so it only stores two words.
unsafe extern "C-unwind" fn assign_hook(_new_value: *const c_char, extra: *mut c_void) {
    if extra.is_null() {
        EXTRA.set(None);
    } else {
        // SAFETY: the block was made by `allocate_extra`.
        let (start, length) =
            unsafe { (extra.cast::<u8>().add(size_of::<usize>()), extra.cast::<usize>().read_unaligned()) };
        EXTRA.set(Some((start, length)));
    }
    if let Some(checked) = CHECKED.get() {
        (checked.assigned)();
    }
}

unsafe extern "C-unwind" fn show_hook() -> *const c_char {
    CHECKED.get().map_or(c"".as_ptr(), |checked| (checked.show)().as_ptr())
}

static SWITCHED: Local<Option<fn()>> = Local::new(None);

/// Defines a switch that superusers turn; `switched` hears of it just before it takes effect, also while a transaction
/// ends: it must not raise. There is one such switch.
pub fn define_switch(
    name: &'static CStr,
    short: &'static CStr,
    long: &'static CStr,
    store: &'static GucSetting<bool>,
    switched: fn(),
) {
    SWITCHED.set(Some(switched));
    // SAFETY: the hook keeps the rule above.
    unsafe {
        GucRegistry::define_bool_guc_with_hooks(
            name,
            short,
            long,
            store,
            GucContext::Suset,
            GucFlags::default(),
            None,
            Some(switch_hook),
            None,
        );
    }
}

unsafe extern "C-unwind" fn switch_hook(_new_value: bool, _extra: *mut c_void) {
    if let Some(switched) = SWITCHED.get() {
        switched();
    }
}

/// Defines a read-only setting: SHOW prints what `show` returns, SET is refused for everybody.
pub fn define_derived(
    name: &'static CStr,
    short: &'static CStr,
    store: &'static GucSetting<Option<CString>>,
    show: unsafe extern "C-unwind" fn() -> *const c_char,
) {
    // SAFETY: the show hook is one made by `derived_setting!`, which is guarded.
    unsafe {
        GucRegistry::define_string_guc_with_hooks(
            name,
            short,
            c"Derived from the verified token; read-only.",
            store,
            GucContext::Internal,
            GucFlags::DISALLOW_IN_FILE | GucFlags::DISALLOW_IN_AUTO_FILE,
            None,
            None,
            Some(show),
        );
    }
}

/// Keeps a string for PostgreSQL to print; the one before it in the same place is forgotten.
pub fn keep_shown(text: &str) -> *const c_char {
    let clean = CString::new(text.replace('\0', " ")).unwrap_or_default();
    // SAFETY: copies into the current memory context, which outlives the caller's use (the caller copies at once).
    unsafe { pg_sys::pstrdup(clean.as_ptr()) }
}

/// Makes a show hook and its setting out of a function `fn() -> String`.
macro_rules! derived_setting {
    ($name:literal, $short:literal, $value:path) => {{
        static STORE: pgrx::guc::GucSetting<Option<std::ffi::CString>> =
            pgrx::guc::GucSetting::<Option<std::ffi::CString>>::new(None);
        #[pgrx::pg_guard]
        extern "C-unwind" fn show() -> *const std::ffi::c_char {
            $crate::sys::setting::keep_shown(&$value())
        }
        $crate::sys::setting::define_derived($name, $short, &STORE, show);
    }};
}
pub(crate) use derived_setting;

/// Refuses every other setting that starts with `prefix.`, so that no look-alike can be planted.
pub fn reserve_prefix(prefix: &'static CStr) {
    // SAFETY: called once, while the library is loaded.
    unsafe { pg_sys::MarkGUCPrefixReserved(prefix.as_ptr()) }
}
