//! The worker's part: what backends wish, and what is left to do of rotations and destructions.

use super::rotate::Batch;
use super::wish::{self, Kind};
use super::{certify, kept, make, reserve, rotate, shred, stack};
use crate::pg::error::{OrRaise, raise};
use crate::pg::id::to_pg;
use crate::pg::spi;
use crate::sys::{attempt, process};
use crate::worker::Shift;
use pgrx::pg_sys::Oid;
use pgrx::spi::Spi;
use std::collections::HashSet;
use uuid::Uuid;
use watertight_core::{Code, Fault};

/// An ephemeral compartment's key may be there before its row can be seen: by a transaction that has not been committed. Microseconds.
const GRACE: i64 = 600_000_000;

/// How long a wish waits for a row that somebody else has locked, in milliseconds. Others wait for theirs meanwhile, and who has made
/// this one makes it again.
const PATIENCE: u32 = 100;
const PREPARE: &str = "prepare the key that signs certificates";

/// What backends wait for.
pub fn grant(shift: &mut Shift) {
    while let Some(kind) = wish::next() {
        if shift.is_over() {
            return;
        }
        match kind {
            Kind::Make { tenant, compartment } => {
                shift.task_of("make a key", tenant, || {
                    attempt::within(PATIENCE, || make::missing(tenant, compartment).or_raise())
                });
            }
            Kind::Signing => {
                shift.task(PREPARE, || certify::prepare().or_raise());
            }
            Kind::Reserve { id } => {
                let of = Uuid::from_u64_pair(0, id.get().unsigned_abs());
                // Only what is committed counts: a crash after that wastes it, and gives nothing out twice.
                let moved = shift.task_of("reserve uses of a key", of, || {
                    attempt::within(PATIENCE, || reserve::move_mark(id))
                });
                if let Some(Some(committed)) = moved {
                    committed();
                }
            }
            Kind::Shred { until, .. } if process::now() > until => {}
            Kind::Shred { tenant, certificate, by, .. } => {
                shift.task_of("shred a tenant", tenant, || shred_tenant(tenant, certificate, by.as_str()));
                certificates(shift);
            }
        }
        stack::wipe();
    }
}

fn shred_tenant(tenant: Uuid, certificate: Uuid, by: &str) {
    let key = to_pg(tenant);
    let asked_before = Spi::get_one_with_args::<bool>(
        "SELECT true FROM watertight.key_certificates WHERE id OPERATOR(pg_catalog.=) $1",
        &[to_pg(certificate).into()],
    );
    if matches!(asked_before, Ok(Some(true))) {
        return;
    }
    let name = Spi::get_one_with_args::<String>(
        "SELECT name FROM watertight.tenants WHERE id OPERATOR(pg_catalog.=) $1",
        &[key.into()],
    );
    let Ok(Some(name)) = name else { return };
    let order = shred::Order { tenant, name: &name, compartment: None, reason: "shredded", by };
    shred::tenant_for_ever(&order, certificate).or_raise();
}

/// Signs the certificates of what was destroyed.
pub fn certificates(shift: &mut Shift) {
    let pending = shift.task("list the certificates to sign", certify::pending).unwrap_or_default();
    if pending.is_empty() {
        return;
    }
    let ready = shift.task(PREPARE, || certify::prepare().or_raise());
    if ready.is_none() || !certify::wait_for_all() {
        return;
    }
    for id in pending {
        if shift.is_over() {
            return;
        }
        shift.task_of("sign a certificate", id, || certify::sign(id).or_raise());
    }
}

/// Goes on with a rotation of the master key. What backends wish comes in between.
pub fn rotate_master(shift: &mut Shift) {
    const WHAT: &str = "wrap tenants' keys by the new version of the master key";
    let mut failed = Vec::new();
    loop {
        grant(shift);
        if shift.is_over() {
            return;
        }
        let mut so_far = failed.clone();
        match shift.task(WHAT, || {
            let batch = rotate::master_batch(&mut so_far);
            (batch, so_far)
        }) {
            None | Some((Batch::Idle, _)) => return,
            Some((Batch::Some, now)) => failed = now,
            Some((Batch::Failing(keys, why), _)) => {
                shift.task(WHAT, || -> () {
                    raise(Fault::new(
                        Code::NotInPrerequisiteState,
                        format!("{} of them cannot be wrapped: {why}", keys.len()),
                    ))
                });
                return;
            }
        }
    }
}

/// The database is gone, or has no extension any more. Must not raise.
pub fn forget(database: Oid) {
    kept::forget_database(database);
}

/// Keys of ephemeral compartments whose transaction was undone.
pub fn orphans(shift: &mut Shift) {
    let now = process::now();
    let old: Vec<_> =
        kept::transients().into_iter().filter(|about| now.saturating_sub(about.since) > GRACE).collect();
    if old.is_empty() {
        return;
    }
    let list = shift.task("list the ephemeral compartments", || {
        spi::ids("SELECT id FROM watertight.all_compartments WHERE ephemeral", &[])
    });
    let Some(known) = list.map(|ids| ids.into_iter().map(Uuid::into_bytes).collect::<HashSet<_>>()) else {
        return;
    };
    old.iter()
        .filter(|about| !known.contains(&about.name))
        .for_each(|about| kept::forget_transient(&about.name));
}
