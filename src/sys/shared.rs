//! Memory that all processes of the server share, from its start on.
//!
//! It is gone and made anew, all zero, when the server starts and when it restarts after a crash.

use super::local::Local;
use pgrx::pg_sys;
use std::ffi::CStr;

/// A piece of shared memory with a lock of its own.
pub struct Area {
    name: &'static CStr,
    size: fn() -> usize,
    /// Called in the postmaster when the area is new.
    created: fn(),
    place: Local<*mut u8>,
    lock: Local<*mut pg_sys::LWLock>,
}

impl Area {
    /// An area that is made when the server starts. `size` may read settings that only a restart changes.
    pub const fn new(name: &'static CStr, size: fn() -> usize, created: fn()) -> Self {
        let (place, lock) = (std::ptr::null_mut(), std::ptr::null_mut());
        Area { name, size, created, place: Local::new(place), lock: Local::new(lock) }
    }

    /// Its first byte; aligned to a cache line. Null before the server has started.
    #[inline(always)]
    pub(super) fn place(&self) -> *mut u8 {
        self.place.get()
    }

    /// Runs `f` with the lock held, for writing or for reading. `f` must not raise, and not take it again.
    pub fn locked<R>(&self, exclusive: bool, f: impl FnOnce() -> R) -> R {
        use pg_sys::LWLockMode::{LW_EXCLUSIVE, LW_SHARED};
        // SAFETY: the lock is in shared memory since start-up. Interrupts are held off while it is taken.
        unsafe { pg_sys::LWLockAcquire(self.lock.get(), if exclusive { LW_EXCLUSIVE } else { LW_SHARED }) };
        let result = f();
        // SAFETY: taken above.
        unsafe { pg_sys::LWLockRelease(self.lock.get()) };
        result
    }
}

/// How many processes may run statements at a time. (Auxiliary processes run none.)
pub fn backends() -> usize {
    // SAFETY: a plain global, fixed before shared memory is made.
    unsafe { pg_sys::MaxBackends.max(1) as usize }
}

/// Which of them this process is; `None` for one that is none of them.
pub fn my_index() -> Option<usize> {
    // SAFETY: globals of this process.
    #[cfg(any(feature = "pg15", feature = "pg16"))]
    let index = unsafe { pg_sys::MyBackendId - 1 };
    // SAFETY: as above.
    #[cfg(not(any(feature = "pg15", feature = "pg16")))]
    let index = unsafe { pg_sys::MyProcNumber };
    usize::try_from(index).ok().filter(|index| *index < backends())
}

const AREAS: usize = 12;
static INSTALLED: Local<[Option<&'static Area>; AREAS]> = Local::new([None; AREAS]);
static PREVIOUS_REQUEST: Local<pg_sys::shmem_request_hook_type> = Local::new(None);
static PREVIOUS_STARTUP: Local<pg_sys::shmem_startup_hook_type> = Local::new(None);

/// Asks for an area; called while the library is loaded.
pub fn install(area: &'static Area) {
    let mut areas = INSTALLED.get();
    let first = areas.iter().all(Option::is_none);
    debug_assert!(areas.iter().any(Option::is_none), "raise AREAS");
    if let Some(free) = areas.iter_mut().find(|place| place.is_none()) {
        *free = Some(area);
    }
    INSTALLED.set(areas);
    if first {
        // SAFETY: while the library is loaded nothing runs that could call the hooks.
        unsafe {
            PREVIOUS_REQUEST.set(pg_sys::shmem_request_hook);
            pg_sys::shmem_request_hook = Some(request);
            PREVIOUS_STARTUP.set(pg_sys::shmem_startup_hook);
            pg_sys::shmem_startup_hook = Some(startup);
        }
    }
}

unsafe extern "C-unwind" fn request() {
    // SAFETY: what this hook is for.
    unsafe {
        if let Some(previous) = PREVIOUS_REQUEST.get() {
            previous();
        }
        for area in INSTALLED.get().into_iter().flatten() {
            pg_sys::RequestAddinShmemSpace((area.size)());
            pg_sys::RequestNamedLWLockTranche(area.name.as_ptr(), 1);
        }
    }
}

unsafe extern "C-unwind" fn startup() {
    // SAFETY: what this hook is for; the space and the lock were asked for above.
    unsafe {
        if let Some(previous) = PREVIOUS_STARTUP.get() {
            previous();
        }
        for area in INSTALLED.get().into_iter().flatten() {
            make(area);
        }
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn make(area: &'static Area) {
    let size = (area.size)();
    let mut found = false;
    // SAFETY: in the postmaster, in the start-up hook; the size is the one asked for.
    unsafe {
        let place = pg_sys::ShmemInitStruct(area.name.as_ptr(), size, &mut found).cast::<u8>();
        if !found {
            std::ptr::write_bytes(place, 0, size);
        }
        area.place.set(place);
        area.lock.set(&raw mut (*pg_sys::GetNamedLWLockTranche(area.name.as_ptr())).lock);
    }
    if !found {
        (area.created)();
    }
}
