//! Signals to processes and groups of processes.

// The numbers are those of every system that PostgreSQL runs on but Windows.
pub(super) const SIGINT: i32 = 2;
pub(super) const SIGKILL: i32 = 9;
pub(super) const SIGTERM: i32 = 15;
unsafe extern "C" {
    pub(super) fn kill(process: i32, signal: i32) -> i32;
}
