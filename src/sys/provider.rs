//! A background worker that has no database: it asks something outside of the server, from the server's first moment on.

use super::local::Local;
use super::process;
use pgrx::bgworkers::{BackgroundWorker, SignalWakeFlags};
use pgrx::pg_sys;

static RUN: Local<Option<fn()>> = Local::new(None);

const RESTART_SECONDS: i32 = 5;

/// Has the server start it at once, also before it has recovered and where it is a standby, and again whenever it ends.
pub fn install(run: fn()) {
    RUN.set(Some(run));
    let mut worker = process::describe(c"watertight keeper", c"watertight_keeper_main", RESTART_SECONDS);
    worker.bgw_flags = pg_sys::BGWORKER_SHMEM_ACCESS as i32;
    worker.bgw_start_time = pg_sys::BgWorkerStartTime::BgWorkerStart_PostmasterStart;
    // SAFETY: a plain global; while the library is loaded workers may be registered, and the description is copied.
    unsafe {
        // pg_upgrade wants to be alone.
        if !pg_sys::IsBinaryUpgrade {
            pg_sys::RegisterBackgroundWorker(&mut worker);
        }
    }
}

#[pgrx::pg_guard]
#[unsafe(no_mangle)]
#[doc(hidden)]
pub unsafe extern "C-unwind" fn watertight_keeper_main(_argument: pg_sys::Datum) {
    BackgroundWorker::attach_signal_handlers(SignalWakeFlags::SIGHUP | SignalWakeFlags::SIGTERM);
    if let Some(run) = RUN.get() {
        run();
    }
    // Asked to end. Ended as if it had failed, the server starts it again, unless that is stopping.
    // SAFETY: ends this process.
    unsafe { pg_sys::proc_exit(1) };
}
