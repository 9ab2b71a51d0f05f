//! A worker at work: each task in a transaction of its own, and one that fails keeps none of the others from being done.

use super::unseen::Unseen;
use crate::compartment::destroy;
use crate::pg::error::warn;
use crate::pg::settings;
use crate::session::end;
use crate::sys::limit;
use crate::sys::process;
use crate::sys::slots::Handle;
use crate::sys::workers::{self, State, Text};
use pgrx::pg_sys::Oid;
use std::collections::HashMap;
use uuid::Uuid;
use watertight_core::compartment::Reason;
use watertight_core::worker::Backoff;
use watertight_core::{Code, Fault};

/// What may fail, and is then put off.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Task {
    Named(&'static str),
    Of(&'static str, Uuid),
}

/// What a worker remembers from one pass to the next.
pub struct Shift {
    /// Its database.
    pub database: Oid,
    put_off: Backoff<Task>,
    failed: bool,
    last: bool,
    /// When each thing that is not done every time was last done, in seconds.
    done_at: HashMap<&'static str, u64>,
    /// Slots that had no row.
    pub rowless: Unseen<Handle>,
    /// Keys of ephemeral compartments that had none, by their numbers.
    pub ownerless: Unseen<i64>,
    /// When sessions were last active, as their rows say.
    pub written: HashMap<Handle, i64>,
}

impl Shift {
    /// A worker's first day.
    pub fn new(database: Oid) -> Shift {
        Shift {
            database,
            put_off: Backoff::default(),
            failed: false,
            last: false,
            done_at: HashMap::new(),
            rowless: Unseen::default(),
            ownerless: Unseen::default(),
            written: HashMap::new(),
        }
    }

    /// Seconds, from some moment on.
    pub fn now() -> u64 {
        u64::try_from(process::now() / 1_000_000).unwrap_or(0)
    }

    /// Somebody wants the worker to go, now.
    pub fn is_over(&self) -> bool {
        !self.last
            && (process::is_stopping() || workers::get(self.database).is_none_or(|worker| worker.leave))
    }

    /// The server stops: what is done now is done last, and is not put off.
    pub fn last(&mut self) {
        self.last = true;
        self.put_off = Backoff::default();
    }

    /// How long to wait for the next pass, in milliseconds.
    pub fn pause(&self) -> u64 {
        settings::reap_interval().saturating_mul(1_000)
    }

    /// A pass begins.
    pub fn begin(&mut self) {
        self.failed = false;
        self.put_off.forget_old(Shift::now());
    }

    /// Everything was done, or has failed.
    pub fn end(&mut self) {
        let failing = self.failed || !self.put_off.is_empty();
        workers::change(self.database, |worker| {
            worker.state = State::Idle;
            worker.last_pass = process::now();
            worker.failing = failing;
            worker.ends = 0;
        });
    }

    /// Whether something is to be done that is done every so many seconds only.
    pub fn is_time_for(&mut self, what: &'static str, seconds: u64) -> bool {
        let now = Shift::now();
        let due = self.done_at.get(what).is_none_or(|at| now >= at.saturating_add(seconds));
        if due {
            self.done_at.insert(what, now);
        }
        due
    }

    /// Does something in a transaction of its own. `None` if it failed, or is put off because it has.
    pub fn task<R>(&mut self, what: &'static str, f: impl FnOnce() -> R) -> Option<R> {
        self.attempt(Task::Named(what), what, || process::transaction(f))
    }

    /// The same for one of many things: if it fails, that one is put off, and no other.
    pub fn task_of<R>(&mut self, what: &'static str, of: Uuid, f: impl FnOnce() -> R) -> Option<R> {
        self.attempt(Task::Of(what, of), what, || process::transaction(f))
    }

    /// Whatever has failed of it: it is not put off.
    pub fn forgive(&mut self, what: &'static str, of: Uuid) {
        self.put_off.done(&Task::Of(what, of));
    }

    /// The same for what runs a user's code, for so many milliseconds. Who calls this puts it off.
    ///
    /// # Errors
    /// The message of what failed.
    pub fn limited_task<R>(
        &mut self,
        what: &'static str,
        milliseconds: i32,
        f: impl FnOnce() -> R,
    ) -> Result<R, String> {
        limit::within(milliseconds, || process::transaction(f))
            .inspect_err(|message| self.fail(&format!("could not {what}: {message}")))
    }

    /// Something that has failed before waits to be tried again. It is told of as long as nothing else has failed.
    pub fn still_fails(&mut self, message: &str) {
        if !self.failed {
            self.failed = true;
            workers::change(self.database, |worker| worker.error = Text::new(message));
        }
    }

    /// It has come so far: that the workers before it may have ended does not count any more.
    pub fn is_well(&self) {
        workers::change(self.database, |worker| worker.ends = 0);
    }

    /// Does something outside of a transaction.
    pub fn statement(&mut self, what: &'static str, f: impl FnOnce() -> Result<(), String>) -> Option<()> {
        self.attempt(Task::Named(what), what, f)
    }

    fn attempt<R>(&mut self, task: Task, what: &str, f: impl FnOnce() -> Result<R, String>) -> Option<R> {
        let now = Shift::now();
        if !self.put_off.is_due(&task, now) {
            return None;
        }
        match f() {
            Ok(result) => {
                self.put_off.done(&task);
                Some(result)
            }
            Err(message) => {
                if !self.last {
                    self.put_off.failed(task, now, settings::reap_interval());
                }
                self.fail(&format!("could not {what}: {message}"));
                None
            }
        }
    }

    fn fail(&mut self, message: &str) {
        self.failed = true;
        warn(Fault::new(Code::NotInPrerequisiteState, format!("watertight's worker {message}")));
        workers::change(self.database, |worker| {
            worker.failing = true;
            worker.failed_at = process::now();
            worker.error = Text::new(message);
        });
    }

    /// Destroys a compartment.
    pub fn destroy(&mut self, id: Uuid, reason: Reason) {
        const WHAT: &str = "destroy a compartment";
        let done =
            self.attempt(Task::Of(WHAT, id), WHAT, || process::transaction(|| destroy::now(id, reason)));
        self.count(done.flatten().is_some());
    }

    /// Ends a session. True if it had a row.
    pub fn end_session(&mut self, id: Uuid, reason: Reason) -> bool {
        const WHAT: &str = "end a session";
        let done = self.attempt(Task::Of(WHAT, id), WHAT, || process::transaction(|| end::end(id, reason)));
        self.count(done == Some(true));
        done == Some(true)
    }

    fn count(&self, done: bool) {
        if done {
            workers::change(self.database, |worker| worker.removed += 1);
        }
    }
}
