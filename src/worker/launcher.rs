//! The launcher: finds the databases that need a worker, and sees to it that they have one.
//!
//! Whether a database has the extension is known only inside of it. So each database is looked into once, by a worker that
//! leaves again if there is nothing to do; after that, CREATE EXTENSION says so.

use crate::keys::serve;
use crate::pg::error::warn;
use crate::pg::settings;
use crate::sys::process;
use crate::sys::scan;
use crate::sys::workers::{self, State, Worker};
use pgrx::pg_sys::{self, Oid};
use std::collections::HashSet;
use watertight_core::worker::delay;
use watertight_core::{Code, Fault};

/// So many are started at a time: each takes one of the server's places for background workers.
const AT_A_TIME: usize = 3;
/// One that has not begun by then never will. Microseconds.
const START: i64 = 30_000_000;
const SECOND: i64 = 1_000_000;

/// Until the server stops.
pub fn run() {
    let mut looked_into = HashSet::new();
    let mut complained = false;
    loop {
        match process::transaction(databases) {
            Ok(present) => look(&present, &mut looked_into, &mut complained),
            Err(message) => warn(failure(&message)),
        }
        let starting = workers::all().iter().any(|worker| worker.state == State::Starting);
        let seconds = if starting { 1 } else { settings::reap_interval() };
        if !process::wait(seconds.saturating_mul(1_000)) {
            return;
        }
    }
}

/// The databases that can be connected to and are no templates.
fn databases() -> HashSet<Oid> {
    let mut found = HashSet::new();
    scan::each(pg_sys::DatabaseRelationId, None, |row| {
        let yes = |column: u32| row.get::<bool>(column as usize) == Some(true);
        if yes(pg_sys::Anum_pg_database_datallowconn)
            && !yes(pg_sys::Anum_pg_database_datistemplate)
            && let Some(oid) = row.get::<Oid>(pg_sys::Anum_pg_database_oid as usize)
        {
            found.insert(oid);
        }
        true
    });
    found
}

fn look(present: &HashSet<Oid>, looked_into: &mut HashSet<Oid>, complained: &mut bool) {
    looked_into.retain(|database| present.contains(database));
    for worker in workers::all() {
        let alive = workers::is_alive(worker.process);
        if !present.contains(&worker.database) {
            // Dropped, or closed to connections.
            workers::change(worker.database, |worker| worker.leave = true);
            workers::wake(worker.database);
            if !alive {
                workers::forget(worker.database);
                serve::forget(worker.database);
            }
        } else if worker.state == State::Absent && !alive {
            workers::forget(worker.database);
            looked_into.insert(worker.database);
        } else if is_lost(&worker, alive) {
            workers::change(worker.database, |worker| {
                worker.process = 0;
                worker.state = State::Wanted;
                worker.ends = worker.ends.saturating_add(1);
            });
        }
    }
    for database in present.difference(looked_into) {
        workers::want(*database);
    }
    start(complained);
}

/// One that should be there, and is not.
fn is_lost(worker: &Worker, alive: bool) -> bool {
    match worker.state {
        State::Starting => !alive && process::now() - worker.started > START,
        State::Idle | State::Working | State::Vacuuming => !alive,
        _ => false,
    }
}

fn start(complained: &mut bool) {
    let now = process::now();
    let all = workers::all();
    let starting = all.iter().filter(|worker| worker.state == State::Starting && worker.process == 0).count();
    let wanted = all.iter().filter(|worker| worker.state == State::Wanted && may_start(worker, now));
    for worker in wanted.take(AT_A_TIME.saturating_sub(starting)) {
        workers::change(worker.database, |worker| {
            worker.state = State::Starting;
            worker.leave = false;
            worker.started = now;
        });
        if process::start(worker.database) {
            *complained = false;
            continue;
        }
        workers::change(worker.database, |worker| {
            worker.state = State::Wanted;
            worker.failing = true;
            worker.failed_at = now;
            worker.error = workers::Text::new("no free place for a background worker");
        });
        if !*complained {
            *complained = true;
            warn(
                Fault::new(
                    Code::ConfigurationLimitExceeded,
                    "watertight has no free place for a background worker",
                )
                .detail("A database with the extension has none. What has ended there is not cleaned up; access to it stays closed.")
                .hint("Raise max_worker_processes and restart the server."),
            );
        }
        return;
    }
}

fn may_start(worker: &Worker, now: i64) -> bool {
    let pause = match worker.ends {
        0 => 0,
        ends => i64::try_from(delay(2, ends)).unwrap_or(0).saturating_mul(SECOND),
    };
    now >= worker.not_before && now >= worker.started.saturating_add(pause)
}

fn failure(message: &str) -> Fault {
    Fault::new(
        Code::NotInPrerequisiteState,
        format!("watertight's launcher could not list the databases: {message}"),
    )
}
