//! Being a background worker: starting, waiting, transactions that may fail, leaving.

use super::local::Local;
use super::workers;
use pgrx::bgworkers::{BackgroundWorker, SignalWakeFlags};
use pgrx::pg_sys::panic::CaughtError;
use pgrx::pg_sys::{self, Oid};
use pgrx::{FromDatum, IntoDatum, PgTryBuilder};
use std::ffi::{CStr, c_char};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

static LAUNCHER: Local<Option<fn()>> = Local::new(None);
static WORKER: Local<Option<fn(Oid)>> = Local::new(None);
static STOP: Local<bool> = Local::new(false);
static IS_WORKER: Local<bool> = Local::new(false);
static RELOADS: Local<u64> = Local::new(0);
static RELOAD_DUE: Local<bool> = Local::new(false);

const RESTART_SECONDS: i32 = 5;

/// Has the server start `launcher` once it may be written to, and again whenever it ends. `worker` is what `start` starts.
pub fn install(launcher: fn(), worker: fn(Oid)) {
    LAUNCHER.set(Some(launcher));
    WORKER.set(Some(worker));
    // SAFETY: a plain global; while the library is loaded workers may be registered, and the description is copied.
    unsafe {
        // pg_upgrade wants to be alone.
        if !pg_sys::IsBinaryUpgrade {
            let mut launcher = describe(c"watertight launcher", c"watertight_launcher_main", RESTART_SECONDS);
            pg_sys::RegisterBackgroundWorker(&mut launcher);
        }
    }
}

pub(super) fn describe(name: &CStr, function: &CStr, restart: i32) -> pg_sys::BackgroundWorker {
    let mut worker = pg_sys::BackgroundWorker {
        bgw_flags: (pg_sys::BGWORKER_SHMEM_ACCESS | pg_sys::BGWORKER_BACKEND_DATABASE_CONNECTION) as i32,
        bgw_start_time: pg_sys::BgWorkerStartTime::BgWorkerStart_RecoveryFinished,
        bgw_restart_time: restart,
        ..Default::default()
    };
    copy(&mut worker.bgw_name, name);
    copy(&mut worker.bgw_type, name);
    copy(&mut worker.bgw_library_name, c"watertight");
    copy(&mut worker.bgw_function_name, function);
    worker
}

fn copy(place: &mut [c_char], text: &CStr) {
    let last = place.len().saturating_sub(1);
    for (place, byte) in place[..last].iter_mut().zip(text.to_bytes()) {
        *place = *byte as c_char;
    }
}

/// Starts a worker for a database. False if the server has no place for one.
pub fn start(database: Oid) -> bool {
    let mut worker = describe(c"watertight worker", c"watertight_worker_main", -1);
    worker.bgw_main_arg = database.into_datum().unwrap_or(pg_sys::Datum::null());
    // SAFETY: the description is copied; nobody asks for a handle.
    unsafe { pg_sys::RegisterDynamicBackgroundWorker(&mut worker, std::ptr::null_mut()) }
}

#[pgrx::pg_guard]
#[unsafe(no_mangle)]
#[doc(hidden)]
pub unsafe extern "C-unwind" fn watertight_launcher_main(_argument: pg_sys::Datum) {
    BackgroundWorker::attach_signal_handlers(SignalWakeFlags::SIGHUP | SignalWakeFlags::SIGTERM);
    workers::launch();
    // No database: what all databases share can be read.
    // SAFETY: called once, at the start of a worker.
    unsafe { pg_sys::BackgroundWorkerInitializeConnection(std::ptr::null(), std::ptr::null(), 0) };
    IS_WORKER.set(true);
    if let Some(run) = LAUNCHER.get() {
        run();
    }
    // Asked to end. Ended as if it had failed, the server starts it again, unless that is stopping.
    // SAFETY: ends this process.
    unsafe {
        pg_sys::proc_exit(1);
    }
}

#[pgrx::pg_guard]
#[unsafe(no_mangle)]
#[doc(hidden)]
pub unsafe extern "C-unwind" fn watertight_worker_main(argument: pg_sys::Datum) {
    BackgroundWorker::attach_signal_handlers(SignalWakeFlags::SIGHUP | SignalWakeFlags::SIGTERM);
    // SAFETY: what `start` passed.
    let database = unsafe { Oid::from_datum(argument, false) }.unwrap_or(Oid::INVALID);
    // SAFETY: plain globals.
    let (me, now) = unsafe { (pg_sys::MyProcPid, pg_sys::GetCurrentTimestamp()) };
    let mine = workers::change(database, |worker| {
        let free = worker.state == workers::State::Starting && !worker.leave;
        if free {
            worker.process = me;
            worker.started = now;
        }
        free
    });
    if mine != Some(true) {
        return;
    }
    // SAFETY: called once each, at the start of a worker. The callback is a static function.
    unsafe {
        pg_sys::before_shmem_exit(Some(on_exit), argument);
        pg_sys::BackgroundWorkerInitializeConnectionByOid(database, Oid::INVALID, 0);
    }
    IS_WORKER.set(true);
    if let Some(run) = WORKER.get() {
        run(database);
    }
}

/// However it ends: it says so, and the launcher hears of it.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_exit(code: i32, argument: pg_sys::Datum) {
    // SAFETY: what `before_shmem_exit` was given.
    let database = unsafe { Oid::from_datum(argument, false) }.unwrap_or(Oid::INVALID);
    // SAFETY: a plain global.
    let me = unsafe { pg_sys::MyProcPid };
    workers::change(database, |worker| {
        if worker.process == me {
            worker.process = 0;
            worker.leave = false;
            worker.ends = if code == 0 { 0 } else { worker.ends.saturating_add(1) };
            if worker.state != workers::State::Absent {
                worker.state = workers::State::Wanted;
            }
        }
    });
    workers::wake_launcher();
}

/// This process is one of our workers.
pub fn is_worker() -> bool {
    IS_WORKER.get()
}

/// The number of this process.
pub fn id() -> i32 {
    // SAFETY: a plain global.
    unsafe { pg_sys::MyProcPid }
}

/// Somebody wants this process to end.
pub fn is_stopping() -> bool {
    if BackgroundWorker::sigterm_received() {
        STOP.set(true);
    }
    STOP.get()
}

/// Waits until something happens, so long at most. False once this process is to end. Reads the configuration when that has
/// changed.
pub fn wait(milliseconds: u64) -> bool {
    // A change of state that came before is not waited for.
    let milliseconds = if is_reload_due() { 1 } else { milliseconds.max(1) };
    if !is_stopping() && !BackgroundWorker::wait_latch(Some(Duration::from_millis(milliseconds))) {
        STOP.set(true);
    }
    // A cancellation that came too late for its statement.
    // SAFETY: a plain flag of this process.
    unsafe { pg_sys::QueryCancelPending = 0 };
    pgrx::check_for_interrupts!();
    if is_reload_due() {
        RELOAD_DUE.set(false);
        // SAFETY: outside of any transaction, as the server's own workers do.
        unsafe { pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP) };
        RELOADS.set(RELOADS.get() + 1);
    }
    !is_stopping()
}

/// Whether the configuration has changed since `wait` has read it.
pub fn is_reload_due() -> bool {
    if BackgroundWorker::sighup_received() {
        RELOAD_DUE.set(true);
    }
    RELOAD_DUE.get()
}

/// How often `wait` has read the configuration.
pub fn reloads() -> u64 {
    RELOADS.get()
}

/// Sets a setting for this process, whatever its database or role say. One that this version of the server does not have is not
/// set.
pub fn set(name: &CStr, value: &CStr) {
    // SAFETY: the look-up does not raise with missing_ok; the process is a superuser's.
    unsafe {
        if !pg_sys::GetConfigOption(name.as_ptr(), true, false).is_null() {
            let (context, source) = (pg_sys::GucContext::PGC_SUSET, pg_sys::GucSource::PGC_S_SESSION);
            pg_sys::SetConfigOption(name.as_ptr(), value.as_ptr(), context, source);
        }
    }
}

/// Runs `f` in a transaction of its own.
///
/// # Errors
/// The message of an error, which undoes it.
pub fn transaction<R>(f: impl FnOnce() -> R) -> Result<R, String> {
    guarded(|| {
        // SAFETY: outside of any transaction. The snapshot is there for what f does without SPI.
        unsafe {
            pg_sys::SetCurrentStatementStartTimestamp();
            pg_sys::StartTransactionCommand();
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        }
        let result = f();
        // SAFETY: what was begun above.
        unsafe {
            pg_sys::PopActiveSnapshot();
            pg_sys::CommitTransactionCommand();
        }
        result
    })
}

fn guarded<R>(f: impl FnOnce() -> R) -> Result<R, String> {
    let result = PgTryBuilder::new(AssertUnwindSafe(|| Ok(f())))
        .catch_others(|error| Err(message(&error)))
        .catch_rust_panic(|error| Err(message(&error)))
        .execute();
    if result.is_err() {
        // SAFETY: what the server's main loop does after an error.
        unsafe { pg_sys::AbortCurrentTransaction() };
    }
    // SAFETY: what was allocated on the way belongs to the transaction's context; sends the counters that statistics need.
    unsafe {
        pg_sys::MemoryContextSwitchTo(pg_sys::TopMemoryContext);
        pg_sys::pgstat_report_stat(false);
        pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_IDLE, std::ptr::null());
    }
    result
}

fn message(error: &CaughtError) -> String {
    match error {
        CaughtError::PostgresError(report) | CaughtError::ErrorReport(report) => report.message().to_owned(),
        CaughtError::RustPanic { ereport, .. } => ereport.message().to_owned(),
    }
}

/// Runs a statement that may not stand in a transaction block, such as VACUUM.
///
/// # Errors
/// The message of an error.
pub fn top_level(sql: &CStr) -> Result<(), String> {
    // SAFETY: as the server's main loop runs a statement that a client sent. The statement's tree outlives the transactions that
    // VACUUM begins and commits; what VACUUM keeps lies below the portal's context, as ever.
    unsafe {
        let parent = pg_sys::TopMemoryContext;
        let context = pg_sys::AllocSetContextCreateExtended(
            parent,
            c"watertight statement".as_ptr(),
            pg_sys::ALLOCSET_DEFAULT_MINSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_INITSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
        );
        let before = pg_sys::PortalContext;
        let result = guarded(|| {
            pg_sys::SetCurrentStatementStartTimestamp();
            pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_RUNNING, sql.as_ptr());
            pg_sys::StartTransactionCommand();
            pg_sys::PortalContext = context;
            pg_sys::MemoryContextSwitchTo(context);
            run(sql);
            pg_sys::CommitTransactionCommand();
        });
        pg_sys::PortalContext = before;
        pg_sys::MemoryContextDelete(context);
        result
    }
}

/// # Safety
/// In a transaction, in a memory context that outlives it.
unsafe fn run(sql: &CStr) {
    // SAFETY: by the caller; the parser gives a list of raw statements.
    unsafe {
        let parsed = pg_sys::raw_parser(sql.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT);
        for raw in super::tree::elements::<pg_sys::RawStmt>(parsed) {
            let planned = pg_sys::palloc0(size_of::<pg_sys::PlannedStmt>()).cast::<pg_sys::PlannedStmt>();
            (*planned).type_ = pg_sys::NodeTag::T_PlannedStmt;
            (*planned).commandType = pg_sys::CmdType::CMD_UTILITY;
            (*planned).utilityStmt = (*raw).stmt;
            let mut completion = pg_sys::QueryCompletion::default();
            pg_sys::ProcessUtility(
                planned,
                sql.as_ptr(),
                false,
                pg_sys::ProcessUtilityContext::PROCESS_UTILITY_TOPLEVEL,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                pg_sys::None_Receiver,
                &mut completion,
            );
        }
    }
}

/// Whether the whole server is being stopped: the postmaster says so in its file before it tells anybody.
pub fn is_server_stopping() -> bool {
    /// The line of `postmaster.pid` that holds its state.
    const STATE: usize = 7;
    // Relative to the data directory, which is where every process of the server is.
    std::fs::read_to_string("postmaster.pid")
        .is_ok_and(|file| file.lines().nth(STATE).is_some_and(|state| state.trim_end() == "stopping"))
}

/// The relation that this process analyzes, if it is a worker of autovacuum. (As it reports itself: with `track_activities` off, none.)
pub fn analyzed_by_autovacuum() -> Option<Oid> {
    // SAFETY: plain globals; this process alone writes its entry, which is there for as long as it is connected.
    unsafe {
        if pg_sys::MyBackendType != pg_sys::BackendType::B_AUTOVAC_WORKER {
            return None;
        }
        let entry = pg_sys::MyBEEntry.as_ref()?;
        (entry.st_progress_command == pg_sys::ProgressCommandType::PROGRESS_COMMAND_ANALYZE)
            .then_some(entry.st_progress_command_target)
    }
}

/// Now, in PostgreSQL's microseconds.
pub fn now() -> i64 {
    // SAFETY: reads the clock.
    unsafe { pg_sys::GetCurrentTimestamp() }
}

/// True on a standby, and until recovery is over.
pub fn in_recovery() -> bool {
    // SAFETY: reads shared memory.
    unsafe { pg_sys::RecoveryInProgress() }
}

static ON_END: Local<Option<fn()>> = Local::new(None);

/// `at_end` is called when this process ends, however that comes about (but by kill -9). It must not raise.
pub fn at_end(at_end: fn()) {
    if ON_END.get().is_none() {
        // SAFETY: a static function.
        unsafe { pg_sys::before_shmem_exit(Some(on_end), pg_sys::Datum::null()) };
    }
    ON_END.set(Some(at_end));
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_end(_code: i32, _argument: pg_sys::Datum) {
    if let Some(at_end) = ON_END.get() {
        at_end();
    }
}
