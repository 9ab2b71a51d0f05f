//! A database's worker, from its start to its end.

use super::shift::Shift;
use super::{activity, litter, marked, pool, sweep};
use crate::keys::{erase, reencrypt, serve};
use crate::pg::{ext, spi};
use crate::session;
use crate::sys::workers::{self, State};
use crate::sys::{process, slots, user};
use pgrx::pg_sys::Oid;
use pgrx::spi::Spi;
use watertight_core::compartment::Reason;

/// What the worker relies on, whatever is set for the database or for its role.
const SETTINGS: [(&std::ffi::CStr, &std::ffi::CStr); 17] = [
    (c"application_name", c"watertight worker"),
    (c"search_path", c"pg_catalog, pg_temp"),
    (c"client_min_messages", c"error"),
    (c"lock_timeout", c"5s"),
    (c"statement_timeout", c"0"),
    (c"transaction_timeout", c"0"),
    (c"idle_in_transaction_session_timeout", c"0"),
    (c"idle_session_timeout", c"0"),
    (c"default_transaction_isolation", c"read committed"),
    (c"default_transaction_read_only", c"off"),
    (c"default_transaction_deferrable", c"off"),
    // What it promises to others is on disk here; they do not wait for a standby.
    (c"synchronous_commit", c"local"),
    (c"session_replication_role", c"origin"),
    (c"event_triggers", c"on"),
    (c"row_security", c"on"),
    (c"role", c"none"),
    (c"watertight.bypass", c"off"),
];

/// How often shutting down tries again what others were at, and how long it waits in between, in milliseconds.
const LAST_ROUNDS: usize = 20;
const LAST_PAUSE: u64 = 100;

/// Works for one database until it is told to stop, or has nothing to do here.
pub fn run(database: Oid) {
    SETTINGS.iter().for_each(|(name, value)| process::set(name, value));
    let mut shift = Shift::new(database);
    let stored = stored_settings();
    loop {
        match shift.task("look for the extension", || ext::tables().is_some()) {
            Some(true) => pass(&mut shift),
            Some(false) => return leave_for_good(database),
            None => {}
        }
        if shift.is_over() || !process::wait(shift.pause()) || shift.is_over() {
            break;
        }
        // ALTER DATABASE SET counts for processes that begin afterwards: the launcher starts one.
        if stored_settings() != stored {
            break;
        }
    }
    if process::is_stopping() && process::is_server_stopping() {
        shut_down(&mut shift);
    }
}

/// The extension is not here, or no more.
fn leave_for_good(database: Oid) {
    workers::change(database, |worker| worker.state = State::Absent);
    serve::forget(database);
    slots::of_database(database).into_iter().for_each(|view| slots::give_up(view.handle));
}

fn pass(shift: &mut Shift) {
    workers::change(shift.database, |worker| worker.state = State::Working);
    shift.begin();
    let steps: [fn(&mut Shift); 18] = [
        // First of all what must not be seen.
        sweep::earlier_starts,
        sweep::sessions_by_slot,
        sweep::sessions_by_row,
        marked::end,
        sweep::abandoned,
        sweep::slots_without_rows,
        serve::certificates,
        serve::orphans,
        activity::write_now_and_then,
        sweep::forget_ended,
        erase::forget_old,
        rotate_keys,
        serve::inspect,
        pool::fill,
        serve::rotate_master,
        erase::work,
        litter::clean,
        // The last, because it runs code of the tables' owners.
        reencrypt::work,
    ];
    for step in steps {
        if shift.is_over() {
            return;
        }
        // Somebody waits for it.
        serve::grant(shift);
        step(shift);
    }
    serve::grant(shift);
    shift.end();
}

fn rotate_keys(shift: &mut Shift) {
    shift.task("rotate the key of session tokens", session::rotate_if_due);
}

/// The server stops: what is ephemeral ends now.
fn shut_down(shift: &mut Shift) {
    shift.last();
    for _ in 0..LAST_ROUNDS {
        let all = shift.task("list the compartments", || {
            spi::ids("SELECT id FROM watertight.all_compartments WHERE ephemeral ORDER BY created_at", &[])
        });
        let Some(all) = all.filter(|all| !all.is_empty()) else { break };
        all.into_iter().for_each(|id| shift.destroy(id, Reason::Shutdown));
        std::thread::sleep(std::time::Duration::from_millis(LAST_PAUSE));
    }
    activity::write(shift);
}

fn stored_settings() -> Option<String> {
    process::transaction(|| {
        let database = user::database();
        Spi::get_one_with_args::<String>(
            "SELECT s.setconfig::pg_catalog.text FROM pg_catalog.pg_db_role_setting AS s
              WHERE s.setdatabase OPERATOR(pg_catalog.=) $1 AND s.setrole OPERATOR(pg_catalog.=) 0",
            &[database.into()],
        )
        .ok()
        .flatten()
    })
    .ok()
    .flatten()
}
