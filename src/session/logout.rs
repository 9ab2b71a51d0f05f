//! Ending sessions on demand.

use super::{Stored, end, ended, lookup};
use crate::context;
use crate::pg::arguments::required;
use crate::pg::error::OrRaise;
use crate::pg::ext;
use crate::pg::id::from_pg;
use crate::sys::{slots, user};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use watertight_core::Fault;
use watertight_core::session::SESSION_ISSUER;

/// The session of the token in force.
///
/// # Errors
/// 28000 without one.
pub fn present() -> Result<Stored, Fault> {
    let who = context::identity()?;
    let ours = who.issuer.as_deref() == Some(SESSION_ISSUER);
    let id = who.session.filter(|_| ours).ok_or_else(super::no_session)?;
    let tables = ext::tables().ok_or_else(ended)?;
    lookup::stored(&tables, id).ok_or_else(ended)
}

/// Ends the session in force. That holds even if the transaction rolls back.
///
/// # Errors
/// 28000 without a session; 25006 on a standby.
#[pg_extern(sql = false)]
fn logout() {
    super::require_primary().or_raise();
    let present = present().or_raise();
    end::end(present.id, end::Reason::Logout);
}

/// Ends a session, whoever's it is. False if there is none.
///
/// Runs as the extension's owner; EXECUTE is granted to `watertight_admin` only.
#[pg_extern(sql = false)]
fn end_session(id: Option<pgrx::Uuid>) -> bool {
    super::require_primary().or_raise();
    let id = from_pg(required("id", id));
    let known = ext::tables().and_then(|tables| lookup::stored(&tables, id)).is_some();
    if known {
        // If the worker is quicker, it has ended all the same.
        end::end(id, end::Reason::Administrator);
    }
    known
}

/// The slots of this database's sessions.
#[pg_extern(sql = false)]
fn session_slots() -> TableIterator<
    'static,
    (name!(id, pgrx::Uuid), name!(last_active_at, Option<TimestampWithTimeZone>), name!(ending, bool)),
> {
    TableIterator::new(slots::of_database(user::database()).into_iter().map(|view| {
        (
            pgrx::Uuid::from_bytes(view.plain.key),
            TimestampWithTimeZone::try_from(view.touched).ok(),
            view.ending,
        )
    }))
}
