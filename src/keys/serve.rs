//! The worker's part: what backends wish, and what is left to do of rotations and destructions.

use super::rotate::Batch;
use super::wish::{self, Kind};
use super::{certify, inspect, kept, make, reserve, rotate, shred, stack};
use crate::pg::error::{OrRaise, raise};
use crate::pg::id::to_pg;
use crate::registry::dropping;
use crate::sys::{attempt, process};
use crate::worker::Shift;
use pgrx::pg_sys::Oid;
use pgrx::spi::Spi;
use uuid::Uuid;
use watertight_core::{Code, Fault};

/// How long a wish waits for a row that somebody else has locked, in milliseconds. Others wait for theirs meanwhile, and who has made
/// this one makes it again.
const PATIENCE: u32 = 100;
/// Those that may have a key: not those in the pool.
const COMPARTMENTS: &str =
    "SELECT id FROM watertight.all_compartments WHERE ephemeral AND tenant_id IS NOT NULL";
const MAKE: &str = "make a key";
const RESERVE: &str = "reserve uses of a key";
const SHRED: &str = "shred a tenant";
const PREPARE: &str = "prepare the key that signs certificates";

/// What backends wait for.
pub fn grant(shift: &mut Shift) {
    if wishes(shift) {
        certificates(shift);
    }
}

/// The same; true if something was destroyed of which a certificate is to be signed.
fn wishes(shift: &mut Shift) -> bool {
    let mut destroyed = false;
    while !shift.is_over()
        && let Some(kind) = wish::next()
    {
        match kind {
            Kind::Make { tenant, compartment } => {
                let mut why = None;
                shift.task_of(MAKE, tenant, || {
                    let made = attempt::within(PATIENCE, || {
                        make::missing(tenant, compartment)
                            .inspect_err(|fault| why = Some(fault.clone()))
                            .or_raise();
                    });
                    if made.is_none() {
                        why = in_the_way(Some(tenant));
                    }
                });
                answer(shift, kind, (MAKE, tenant), why);
            }
            Kind::Signing => {
                let mut why = None;
                shift.task_of(PREPARE, Uuid::nil(), || {
                    certify::prepare().inspect_err(|fault| why = Some(fault.clone())).or_raise();
                });
                answer(shift, kind, (PREPARE, Uuid::nil()), why);
            }
            Kind::Reserve { id } => {
                let of = Uuid::from_u64_pair(0, id.get().unsigned_abs());
                // Only what is committed counts: a crash after that wastes it, and gives nothing out twice.
                let mut why = None;
                let moved = shift.task_of(RESERVE, of, || {
                    let moved = attempt::within(PATIENCE, || reserve::move_mark(id));
                    if moved.is_none() {
                        why = in_the_way(reserve::whose(id));
                    }
                    moved
                });
                // What has failed otherwise stays put off: it is wished for with every few values, without anybody who waits.
                if let Some(moved) = moved {
                    moved.into_iter().for_each(|committed| committed());
                    answer(shift, kind, (RESERVE, of), why);
                }
            }
            Kind::Shred { tenant, certificate, by, until } => {
                let mut why = None;
                let done = shift.task_of(SHRED, tenant, || {
                    attempt::within(PATIENCE, || {
                        let is_wanted = || process::now() <= until && wish::begin(kind);
                        shred_tenant(tenant, certificate, by.as_str(), is_wanted)
                            .inspect_err(|fault| why = Some(fault.clone()))
                            .or_raise();
                    })
                });
                answer(shift, kind, (SHRED, tenant), why);
                wish::done(kind);
                destroyed |= done.flatten().is_some();
            }
        }
        stack::wipe();
    }
    destroyed
}

/// Why a tenant's row is not to be had, if whoever has it may wait for the one who wishes: nothing comes of waiting then. Others let go
/// of it soon.
fn in_the_way(tenant: Option<Uuid>) -> Option<Fault> {
    tenant.filter(|tenant| dropping::is_under_way(*tenant)).map(|_| {
        Fault::new(Code::NotInPrerequisiteState, "the tenant is being dropped")
            .detail(
                "It gets no new key meanwhile. Whoever drops it waits for transactions that use its tables.",
            )
            .hint("End the transaction. If the tenant is not dropped in the end, try again.")
    })
}

/// Who waits is told why it failed. It is not put off then: who wishes for it again, every second, may have mended what was wrong; and if
/// nobody does, nothing is left to be done.
fn answer(shift: &mut Shift, kind: Kind, task: (&'static str, Uuid), why: Option<Fault>) {
    if let Some(why) = why {
        wish::fail(kind, &why);
    }
    shift.forgive(task.0, task.1);
}

fn shred_tenant(
    tenant: Uuid,
    certificate: Uuid,
    by: &str,
    is_wanted: impl FnOnce() -> bool,
) -> Result<(), Fault> {
    let key = to_pg(tenant);
    let asked_before = Spi::get_one_with_args::<bool>(
        "SELECT true FROM watertight.key_certificates WHERE id OPERATOR(pg_catalog.=) $1",
        &[to_pg(certificate).into()],
    );
    if matches!(asked_before, Ok(Some(true))) {
        return Ok(());
    }
    let name = Spi::get_one_with_args::<String>(
        "SELECT name FROM watertight.tenants WHERE id OPERATOR(pg_catalog.=) $1",
        &[key.into()],
    );
    let Ok(Some(name)) = name else { return Ok(()) };
    let order = shred::Order { tenant, name: &name, compartment: None, reason: "shredded", by };
    shred::tenant_for_ever(&order, certificate, is_wanted)
}

/// Signs the certificates of what was destroyed.
pub fn certificates(shift: &mut Shift) {
    while sign(shift) {}
}

/// Signs those that are there now; true if there are others by now. Who works long in a statement keeps nobody waiting but for the certificates
/// of tenants whose keys he may have.
fn sign(shift: &mut Shift) -> bool {
    let mut pending = shift.task("list the certificates to sign", certify::pending).unwrap_or_default();
    if pending.is_empty() {
        return false;
    }
    let ready = shift.task(PREPARE, || certify::prepare().or_raise());
    if ready.is_none() {
        return false;
    }
    let wait = certify::Wait::begin();
    let mut others = false;
    loop {
        wait.nudge();
        let (held, free): (Vec<_>, Vec<_>) = pending.into_iter().partition(|pending| wait.is_for(pending));
        for certificate in free {
            if shift.is_over() {
                return false;
            }
            let id = certificate.id;
            shift.task_of("sign a certificate", id, || certify::sign(id).or_raise());
        }
        pending = held;
        if pending.is_empty() {
            return others;
        }
        others |= wishes(shift);
        // What was destroyed meanwhile is not kept waiting by the same statement.
        if others || shift.is_over() || !wait.goes_on() {
            return others;
        }
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

/// Looks at what the provider of the master key gave.
pub fn inspect(shift: &mut Shift) {
    if inspect::is_due() {
        shift.task("look at the versions of the master key", inspect::look);
    }
}

/// The database is gone, or has no extension any more. Must not raise.
pub fn forget(database: Oid) {
    kept::forget_database(database);
}

/// Keys of ephemeral compartments that are no more: made by a statement that their end did not stop in time.
pub fn orphans(shift: &mut Shift) {
    let keys = kept::transients();
    let there: Vec<_> = keys.iter().map(|about| (about.number, about.name)).collect();
    let mut ownerless = std::mem::take(&mut shift.ownerless);
    let gone = shift
        .task("list the ephemeral compartments", || ownerless.without_row(&there, COMPARTMENTS))
        .unwrap_or_default();
    shift.ownerless = ownerless;
    keys.iter().filter(|about| gone.contains(&about.number)).for_each(kept::forget_this_transient);
}
