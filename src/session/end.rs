//! The end of a session.

use super::sitting::mark;
use crate::compartment::destroy;
use crate::pg::error::{raise, warn};
use crate::pg::id::{from_pg, to_pg};
use crate::pg::role;
use crate::sys::slots::{self, Handle};
use crate::sys::{marks, pending, process, user, workers};
use pgrx::spi::Spi;
use uuid::Uuid;
use watertight_core::{Code, Fault};

pub use watertight_core::compartment::Reason;

/// Starts watching transactions; called once, while the library is loaded.
pub fn install() {
    pending::install(pending::Then {
        wake: || workers::wake(user::database()),
        removed: crate::worker::count_removed,
        refuse_prepare: || {
            raise(Fault::new(
                Code::FeatureNotSupported,
                "cannot prepare a transaction that has opened or ended a session, or worked in an ephemeral compartment",
            ))
        },
    });
}

/// A slot was taken for a session that this transaction opens: it is given up if the transaction, or the subtransaction, is
/// undone. A session that is bound to this connection ends with it.
pub fn taken(handle: Handle, bound: bool) {
    pending::taken(handle);
    if bound {
        process::at_end(disconnected);
    }
}

/// The connection ends, and with it what is bound to it.
fn disconnected() {
    let mut ended = false;
    for view in slots::of_database(user::database()) {
        if view.plain.process == user::process() {
            slots::begin_end(view.handle);
            ended = true;
        }
    }
    if ended {
        workers::wake(user::database());
    }
}

/// Ends a session in the present transaction; with the last one of an ephemeral compartment that is destroyed as well. False if
/// somebody else is at it or it is gone.
///
/// It has ended from this moment on, even if the transaction is rolled back; the worker then does the rest.
pub fn end(id: Uuid, reason: Reason) -> bool {
    // What this process does now is no work of the session: nobody who ends it, too, shall cancel it.
    slots::work_for(None);
    let slot = slots::find(user::database(), id.as_bytes());
    // First of all, because it takes time: once the slot says that it has ended, the worker is at it, too.
    if must_be_remembered(reason, slot.is_some_and(|view| view.plain.transient))
        && let Err(error) = marks::set(&mark(id))
    {
        warn(
            Fault::new(Code::NotInPrerequisiteState, "could not write down that the session has ended")
                .detail(format!("{error}."))
                .hint(
                    "Until the transaction is committed, a crash of the server would bring the session back.",
                ),
        );
    }
    if let Some(view) = slot {
        pending::wake_after_abort();
        slots::begin_end(view.handle);
    }
    role::as_extension_owner(|| remove(id, slot.map(|view| view.handle), reason))
}

/// Whether nothing but this says that it has ended: not a time that is over, a connection that is gone, or a start of the server
/// that its compartment belongs to.
fn must_be_remembered(reason: Reason, transient: bool) -> bool {
    !transient && matches!(reason, Reason::Logout | Reason::Switch | Reason::Administrator)
}

fn remove(id: Uuid, slot: Option<Handle>, reason: Reason) -> bool {
    // SKIP LOCKED: whoever destroys the compartment locks that first and its sessions then.
    let key = to_pg(id);
    let compartment = Spi::get_one_with_args::<pgrx::Uuid>(
        "DELETE FROM watertight.open_sessions
          WHERE id OPERATOR(pg_catalog.=) (SELECT s.id FROM watertight.open_sessions AS s
                                            WHERE s.id OPERATOR(pg_catalog.=) $1 FOR UPDATE SKIP LOCKED)
         RETURNING compartment_id",
        &[key.into()],
    );
    let Ok(Some(compartment)) = compartment else { return false };
    if let Some(handle) = slot {
        slots::workers_of(handle).into_iter().for_each(|process| slots::interrupt(process, false));
        pending::ended(handle);
    }
    let last = Spi::get_one_with_args::<bool>(
        "SELECT c.ephemeral AND NOT EXISTS (
                    SELECT FROM watertight.open_sessions AS s WHERE s.compartment_id OPERATOR(pg_catalog.=) c.id)
           FROM watertight.all_compartments AS c WHERE c.id OPERATOR(pg_catalog.=) $1",
        &[compartment.into()],
    );
    if matches!(last, Ok(Some(true))) {
        destroy::now(from_pg(compartment), reason);
    }
    true
}
