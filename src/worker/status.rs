//! What the workers say of themselves.

use crate::sys::user;
use crate::sys::workers::{self, State, Worker};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::Oid;
use pgrx::prelude::*;

/// What `watertight.worker_status` shows: a row for each database with a worker, and one for this database in any case.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a table")]
fn workers() -> TableIterator<
    'static,
    (
        name!(database, Oid),
        name!(pid, Option<i32>),
        name!(state, &'static str),
        name!(clean, bool),
        name!(failing, bool),
        name!(started_at, Option<TimestampWithTimeZone>),
        name!(last_pass_at, Option<TimestampWithTimeZone>),
        name!(last_error_at, Option<TimestampWithTimeZone>),
        name!(last_error, Option<String>),
        name!(ended, i64),
        name!(ready, i32),
    ),
> {
    let here = user::database();
    let mut workers = workers::all();
    workers.retain(|worker| worker.state != State::Absent);
    if workers.iter().all(|worker| worker.database != here) {
        workers.extend(workers::want(here).then(|| workers::get(here)).flatten());
    }
    TableIterator::new(workers.into_iter().map(|worker| {
        (
            worker.database,
            Some(worker.process).filter(|process| *process != 0),
            state(&worker),
            worker.clean,
            worker.failing,
            time(worker.started),
            time(worker.last_pass),
            time(worker.failed_at),
            worker.error.get().map(str::to_owned),
            i64::try_from(worker.removed).unwrap_or(i64::MAX),
            i32::try_from(worker.ready).unwrap_or(i32::MAX),
        )
    }))
}

fn time(micros: i64) -> Option<TimestampWithTimeZone> {
    TimestampWithTimeZone::try_from(micros).ok().filter(|_| micros != 0)
}

fn state(worker: &Worker) -> &'static str {
    match worker.state {
        State::Starting => "starting",
        State::Idle => "idle",
        State::Working => "working",
        State::Vacuuming => "vacuuming",
        State::Wanted | State::Absent | State::Unused => "stopped",
    }
}

/// For the script of the extension: this database needs a worker now.
#[pg_extern(sql = false)]
fn wake_worker() {
    crate::sys::pending::wake_at_end();
}
