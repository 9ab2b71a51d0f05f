//! The end of a compartment: everything in it, in one transaction.

use super::schemas;
use crate::keys::shred;
use crate::pg::error::{OrRaise, internal, raise};
use crate::pg::id::{from_pg, to_pg};
use crate::pg::{ext, role, spi};
use crate::registry;
use crate::sys::slots::{self, View};
use crate::sys::{attempt, pending, user};
use pgrx::spi::Spi;
use uuid::Uuid;
use watertight_core::compartment::schema_of;
use watertight_core::token::TenantRef;
use watertight_core::{Code, Fault};

pub use watertight_core::compartment::Reason;

/// How long any lock is waited for, one attempt after the other, in milliseconds: less than deadlock_timeout, so it is we who
/// give way.
const PATIENCE: [u32; 5] = [200, 400, 400, 800, 800];

/// No compartment lies deeper.
const MAX_DEPTH: usize = 16;

/// What was in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Destroyed {
    /// Tables, views and sequences of its schema.
    pub relations: i64,
    /// Rows of shared tables.
    pub rows: i64,
    /// Large objects.
    pub large_objects: i64,
}

/// Destroys a compartment, and those that lie in it, in the present transaction. `None` if somebody else is at it or it is gone.
///
/// Its sessions have ended from this moment on, even if the transaction is rolled back; the worker then does the rest.
///
/// # Errors
/// 55006 if somebody holds on to something in it. Nothing is destroyed then.
pub fn now(id: Uuid, reason: Reason) -> Option<Destroyed> {
    // Who destroys it does not work in it: nobody else who destroys it, too, shall cancel this.
    slots::work_for(None);
    pending::wake_after_abort();
    let destroyed = role::as_extension_owner(|| with_patience(id, reason));
    if destroyed.is_none() {
        pending::wake_at_end();
    }
    destroyed
}

fn with_patience(id: Uuid, reason: Reason) -> Option<Destroyed> {
    for (attempt, patience) in PATIENCE.into_iter().enumerate() {
        if let Some(result) = attempt::within(patience, || one(id, reason, 0)) {
            return result;
        }
        // Who does not stop when told to, and stands in our way, has to go.
        stand_aside(id, attempt > 0);
    }
    raise(
        Fault::new(Code::ObjectInUse, "the compartment is in use and cannot be destroyed now")
            .detail("Its sessions have ended all the same.")
            .hint("The background worker tries again."),
    )
}

fn one(id: Uuid, reason: Reason, depth: usize) -> Option<Destroyed> {
    if depth > MAX_DEPTH {
        return None;
    }
    let key = || to_pg(id);
    // One destruction, without waiting for another. Who only refers to the row (a foreign key does, a login) does not count as one.
    let locked = Spi::get_three_with_args::<bool, pgrx::Uuid, String>(
        "SELECT ephemeral, tenant_id, name FROM watertight.all_compartments WHERE id OPERATOR(pg_catalog.=) $1
            FOR NO KEY UPDATE SKIP LOCKED",
        &[key().into()],
    );
    let Ok((Some(ephemeral), tenant, name)) = locked else { return None };
    let tenant = tenant.map(from_pg);
    end_sessions(id);
    // Those are waited for, and told to stop if they work in it. From here on nobody logs in; who just did is among the sessions.
    spi::run(
        "SELECT FROM watertight.all_compartments WHERE id OPERATOR(pg_catalog.=) $1 FOR UPDATE",
        &[key().into()],
    );
    let sessions = end_sessions(id);
    for child in children(id) {
        one(child, reason, depth + 1)?;
    }
    spi::run(
        "DELETE FROM watertight.open_sessions WHERE compartment_id OPERATOR(pg_catalog.=) $1",
        &[key().into()],
    );
    let rows = tenant.map_or(0, |tenant| schemas::delete_rows(tenant, id));
    let large_objects = unlink_large_objects(id);
    let relations = schemas::drop(&schema_of(id));
    if let Some(tenant) = tenant {
        destroy_keys(tenant, (id, &name.unwrap_or_default()), ephemeral, reason);
        spi::run(
            "INSERT INTO watertight.ended_compartments (id, tenant_id, reason, relations, rows, large_objects)
             VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                key().into(),
                to_pg(tenant).into(),
                reason.as_str().into(),
                relations.into(),
                rows.into(),
                large_objects.into(),
            ],
        );
    }
    spi::run("DELETE FROM watertight.all_compartments WHERE id OPERATOR(pg_catalog.=) $1", &[key().into()]);
    sessions.iter().for_each(|session| pending::ended(session.handle));
    pending::removed(u64::try_from(relations).unwrap_or(0).saturating_add(1));
    Some(Destroyed { relations, rows, large_objects })
}

fn destroy_keys(tenant: Uuid, compartment: (Uuid, &str), ephemeral: bool, reason: Reason) {
    let whose = ext::tables().and_then(|tables| registry::find(&tables, TenantRef::Id(tenant)));
    let order = shred::Order {
        tenant,
        name: whose.map_or("", |(tenant, _)| &tenant.name),
        compartment: Some(compartment),
        reason: reason.as_str(),
        by: &role::caller_name(),
    };
    if ephemeral {
        shred::ephemeral(&order);
    } else {
        shred::compartment(&order).or_raise();
    }
}

/// The slots of a compartment's sessions.
fn sessions_of(id: Uuid) -> Vec<View> {
    slots::of_database(user::database())
        .into_iter()
        .filter(|view| view.plain.group == *id.as_bytes())
        .collect()
}

/// No statement begins in it from now on, and those that run are cancelled.
fn end_sessions(id: Uuid) -> Vec<View> {
    let sessions = sessions_of(id);
    for session in &sessions {
        slots::begin_end(session.handle);
        slots::workers_of(session.handle).into_iter().for_each(|process| slots::interrupt(process, false));
    }
    sessions
}

fn children(id: Uuid) -> Vec<Uuid> {
    // As of now, not as of the beginning of the caller's statement.
    Spi::connect_mut(|client| {
        let rows = client.update(
            "SELECT id FROM watertight.all_compartments WHERE parent_id OPERATOR(pg_catalog.=) $1 ORDER BY id",
            None,
            &[to_pg(id).into()],
        )?;
        rows.map(|row| row.get::<pgrx::Uuid>(1)).collect::<Result<Vec<_>, _>>()
    })
    .map_err(internal)
    .or_raise()
    .into_iter()
    .flatten()
    .map(from_pg)
    .collect()
}

fn unlink_large_objects(id: Uuid) -> i64 {
    spi::one::<i64>(
        "SELECT pg_catalog.count(pg_catalog.lo_unlink(o.large_object)) FROM watertight.compartment_objects AS o
          WHERE o.compartment_id OPERATOR(pg_catalog.=) $1
            AND EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata AS m
                         WHERE m.oid OPERATOR(pg_catalog.=) o.large_object)",
        &[to_pg(id).into()],
    )
    .unwrap_or(0)
}

/// Cancels, then terminates who is in the way: who works for one of its sessions, or holds a lock on something in its schema.
fn stand_aside(id: Uuid, terminate: bool) {
    let mut processes: Vec<i32> =
        sessions_of(id).into_iter().flat_map(|session| slots::workers_of(session.handle)).collect();
    let holders = Spi::connect(|client| {
        let rows = client.select(
            "SELECT DISTINCT l.pid FROM pg_catalog.pg_locks AS l
               JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) l.relation
               JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
              WHERE l.granted AND n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.text
                AND l.database OPERATOR(pg_catalog.=) $2
                AND l.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()",
            None,
            &[schema_of(id).into(), user::database().into()],
        )?;
        rows.map(|row| row.get::<i32>(1)).collect::<Result<Vec<_>, _>>()
    });
    processes.extend(holders.map_err(internal).or_raise().into_iter().flatten());
    processes.sort_unstable();
    processes.dedup();
    processes.into_iter().for_each(|process| slots::interrupt(process, terminate));
    attempt::pause(50);
}
