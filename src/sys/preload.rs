//! Whether the library is where its hooks and shared memory work.

use pgrx::pg_sys;

/// True while `shared_preload_libraries` are being loaded.
pub fn in_progress() -> bool {
    // SAFETY: a plain global of the server.
    unsafe { pg_sys::process_shared_preload_libraries_in_progress }
}

/// The server's version as a number, `150019` for 15.19: of the running server, not of the headers.
pub fn server_version_num() -> u32 {
    // SAFETY: GetConfigOption returns a C string of the server for a setting that always exists.
    let text = unsafe {
        let value = pg_sys::GetConfigOption(c"server_version_num".as_ptr(), true, false);
        if value.is_null() {
            return 0;
        }
        std::ffi::CStr::from_ptr(value)
    };
    text.to_str().ok().and_then(|t| t.parse().ok()).unwrap_or(0)
}

/// Keeps Rust backtraces out of error messages. pgrx appends one to DETAIL whenever the server's environment has
/// RUST_BACKTRACE: it would tell clients about source paths, and change the messages of errors that are not ours.
pub fn silence_backtraces() {
    // SAFETY: called while libraries are preloaded, when the server has one thread.
    unsafe { std::env::set_var("RUST_LIB_BACKTRACE", "0") }
}
