//! Transactions: telling one from the next, and clocks.

use super::local::Local;
use pgrx::pg_sys;
use std::ffi::c_void;

static SERIAL: Local<u64> = Local::new(1);
static AT_END: Local<Option<fn()>> = Local::new(None);
static BEFORE_COMMIT: Local<Option<fn()>> = Local::new(None);

/// A number that no two transactions of this backend share.
pub fn serial() -> u64 {
    SERIAL.get()
}

/// The present transaction and subtransaction: no two subtransactions of this backend share both.
pub fn subtransaction() -> (u64, u32) {
    // SAFETY: reads the transaction state.
    (serial(), unsafe { pg_sys::GetCurrentSubTransactionId() })
}

/// Starts counting. `before_commit` runs while the transaction can still fail, and may raise; `at_end` runs when it has
/// ended, and must not.
pub fn install(before_commit: fn(), at_end: fn()) {
    BEFORE_COMMIT.set(Some(before_commit));
    AT_END.set(Some(at_end));
    // SAFETY: the callback is a static function that keeps the rules above.
    unsafe { pg_sys::RegisterXactCallback(Some(on_event), std::ptr::null_mut()) }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_event(event: pg_sys::XactEvent::Type, _arg: *mut c_void) {
    use pg_sys::XactEvent as E;
    match event {
        E::XACT_EVENT_PRE_COMMIT | E::XACT_EVENT_PRE_PREPARE => {
            if let Some(before_commit) = BEFORE_COMMIT.get() {
                before_commit();
            }
        }
        E::XACT_EVENT_COMMIT | E::XACT_EVENT_ABORT | E::XACT_EVENT_PREPARE => {
            SERIAL.set(SERIAL.get().wrapping_add(1));
            if let Some(at_end) = AT_END.get() {
                at_end();
            }
        }
        _ => {}
    }
}

unsafe extern "C-unwind" {
    // Declared here without pgrx's guard: they only read statics and cannot raise, and are called once a row or a
    // statement.
    fn GetCurrentStatementStartTimestamp() -> i64;
    fn IsTransactionState() -> bool;
    fn RecoveryInProgress() -> bool;
}

/// When the client's statement began, in microseconds since 2000-01-01 (PostgreSQL's epoch).
#[inline(always)]
pub fn statement_start() -> i64 {
    // SAFETY: reads a static of the server.
    unsafe { GetCurrentStatementStartTimestamp() }
}

/// Seconds from the Unix epoch to PostgreSQL's (2000-01-01).
const EPOCH_OFFSET: i64 = 946_684_800;

/// A PostgreSQL timestamp as microseconds since the Unix epoch.
pub const fn to_unix_micros(timestamp: i64) -> i64 {
    timestamp.saturating_add(EPOCH_OFFSET * 1_000_000)
}

/// Seconds since the Unix epoch as a PostgreSQL timestamp.
pub const fn from_unix_seconds(seconds: i64) -> i64 {
    seconds.saturating_sub(EPOCH_OFFSET).saturating_mul(1_000_000)
}

/// True inside a transaction that may read catalogs.
pub fn in_transaction() -> bool {
    // SAFETY: reads the transaction state.
    unsafe { IsTransactionState() }
}

/// True inside of BEGIN ... COMMIT, or in one message of several statements, or in a subtransaction.
pub fn in_block() -> bool {
    // SAFETY: reads the transaction state.
    unsafe { pg_sys::IsTransactionBlock() }
}

/// True inside of a procedure that may end transactions: what it was called with, and its variables, go on after them.
pub fn in_procedure() -> bool {
    // SAFETY: reads the state of SPI.
    unsafe { pg_sys::SPI_inside_nonatomic_context() }
}

/// True where a transaction sees nothing that was committed after it began: in REPEATABLE READ and SERIALIZABLE.
pub fn sees_the_past() -> bool {
    // SAFETY: a plain global.
    unsafe { pg_sys::XactIsoLevel >= pg_sys::XACT_REPEATABLE_READ as i32 }
}

/// True on a standby, and until a server has recovered.
pub fn in_recovery() -> bool {
    // SAFETY: reads shared memory.
    unsafe { RecoveryInProgress() }
}

/// True in a parallel worker, from its first moment: its leader has checked what depends on the clock.
pub fn in_parallel_worker() -> bool {
    // SAFETY: plain globals of the server.
    unsafe { pg_sys::InitializingParallelWorker || pg_sys::ParallelWorkerNumber >= 0 }
}
