//! PostgreSQL's own cache invalidation: how a backend hears what another one committed.

use super::local::Local;
use pgrx::pg_sys;

static LISTENER: Local<Option<fn(pg_sys::Oid)>> = Local::new(None);
static FUNCTIONS: Local<u64> = Local::new(1);

/// `listener` hears of every invalidated relation (`InvalidOid`: all of them). It may run at any lock
/// acquisition, so it must not raise, allocate or read a catalog.
pub fn install(listener: fn(pg_sys::Oid)) {
    LISTENER.set(Some(listener));
    // SAFETY: the callback is a static function that keeps the rules above.
    unsafe { pg_sys::CacheRegisterRelcacheCallback(Some(on_relation), pg_sys::Datum::null()) }
    use pg_sys::SysCacheIdentifier::{AUTHOID, OPEROID, PROCOID};
    for cache in [PROCOID, OPEROID, AUTHOID] {
        // SAFETY: as above.
        unsafe { pg_sys::CacheRegisterSyscacheCallback(cache as i32, Some(on_row), pg_sys::Datum::null()) }
    }
}

/// Rises when PostgreSQL's own cache drops what it knows of a function, an operator or a role. What was looked up before is
/// exactly as old as what it holds.
pub fn functions_generation() -> u64 {
    FUNCTIONS.get()
}

unsafe extern "C-unwind" fn on_row(_arg: pg_sys::Datum, _cache: i32, _hash: u32) {
    FUNCTIONS.set(FUNCTIONS.get().wrapping_add(1));
}

unsafe extern "C-unwind" fn on_relation(_arg: pg_sys::Datum, relation: pg_sys::Oid) {
    if let Some(listener) = LISTENER.get() {
        listener(relation);
    }
}

/// Takes in what other backends have committed so far. PostgreSQL does this when a transaction starts and when it
/// takes a new lock; a statement that needs no new lock would not hear of a revocation otherwise.
pub fn accept() {
    // SAFETY: only called inside a transaction (its callers check), where it is allowed at any time.
    unsafe { pg_sys::AcceptInvalidationMessages() }
}

/// Tells every backend, at commit, to forget what it knows of `relation`.
pub fn announce(relation: pg_sys::Oid) {
    // SAFETY: looks the relation up and queues a message; raises if there is no such relation.
    unsafe { pg_sys::CacheInvalidateRelcacheByRelid(relation) }
}
