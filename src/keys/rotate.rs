//! Rotation: new keys on each of the three levels. No value is written again.

use super::make::{self, Place};
use super::rows::{self, DataKeyRow};
use super::{after, fresh, master};
use crate::pg::error::{OrRaise, internal};
use crate::pg::ext::Tables;
use crate::pg::id::{from_pg, to_pg};
use crate::pg::{role, spi};
use crate::sys::local::Local;
use crate::sys::{process, provided};
use pgrx::datum::DatumWithOid;
use pgrx::spi::Spi;
use uuid::Uuid;
use watertight_core::keys::{KeyId, Purpose, Secret, unwrap, wrap};
use watertight_core::{Code, Fault};

/// How many tenants' keys are wrapped again in a transaction.
const BATCH: i64 = 50;

/// New data keys for a tenant, one for each that is in force; returns how many.
///
/// # Errors
/// 25001 in a transaction that sees the past, 55000 without a master key, and for a tenant whose keys were destroyed.
pub fn data_keys(tenant: Uuid) -> Result<i32, Fault> {
    make::sees_all("rotate keys")?;
    let tables = make::installed()?;
    role::as_extension_owner(|| {
        make::hold(tenant, Uuid::nil())?;
        replace(&tables, tenant, None)
    })
}

/// A new key in the place of one that seals no more.
///
/// # Errors
/// As for [`data_keys`].
pub fn succeed(id: KeyId) -> Result<(), Fault> {
    let tables = make::installed()?;
    let Some(row) = rows::data_key(&tables, id) else { return Ok(()) };
    role::as_extension_owner(|| {
        // Whoever rotates or destroys the tenant's keys has done so then: what is in force is looked at afterwards.
        make::hold(row.tenant, Uuid::nil())?;
        replace(&tables, row.tenant, Some(id)).map(|_| ())
    })
}

fn replace(tables: &Tables, tenant: Uuid, only: Option<KeyId>) -> Result<i32, Fault> {
    let Some((outer, key)) = make::opened(tables, tenant)? else { return Ok(0) };
    let retired = Spi::connect_mut(|client| {
        let rows = client.update(
            "UPDATE watertight.data_keys SET state = 'retired', retired_at = pg_catalog.clock_timestamp()
              WHERE tenant_id OPERATOR(pg_catalog.=) $1 AND state OPERATOR(pg_catalog.=) 'active'
                AND purpose OPERATOR(pg_catalog.=) 'data' AND ($2 IS NULL OR id OPERATOR(pg_catalog.=) $2)
             RETURNING compartment_id",
            None,
            &[to_pg(tenant).into(), only.map(KeyId::get).into()],
        )?;
        rows.map(|row| row.get::<pgrx::Uuid>(1)).collect::<Result<Vec<_>, _>>()
    });
    let mut count = 0;
    for compartment in retired.map_err(internal).or_raise().into_iter().flatten() {
        let compartment = from_pg(compartment);
        make::data_key(&Place { tenant, compartment, purpose: Purpose::Data }, outer.version, &key)?;
        count += 1;
    }
    // Whoever still has an old one as the one that seals takes the new one from the commit on.
    after::changed();
    Ok(count)
}

/// A new key of a tenant, by which its data keys are wrapped again; the old one wraps nothing any more, and goes. Returns how many.
///
/// # Errors
/// As for [`data_keys`].
pub fn tenant_key(tenant: Uuid) -> Result<i32, Fault> {
    make::sees_all("rotate keys")?;
    let tables = make::installed()?;
    role::as_extension_owner(|| {
        make::hold(tenant, Uuid::nil())?;
        let Some((old, old_key)) = make::opened(&tables, tenant)? else { return Ok(0) };
        spi::run(
            "UPDATE watertight.tenant_keys
                SET state = 'destroyed', wrapped = NULL, destroyed_at = pg_catalog.clock_timestamp()
              WHERE id OPERATOR(pg_catalog.=) $1",
            &[old.id.get().into()],
        );
        let (version, key) = make::new_tenant_key(&tables, tenant, old.version.saturating_add(1))?;
        let mut count = 0;
        for id in ids(
            "SELECT id FROM watertight.data_keys
              WHERE tenant_id OPERATOR(pg_catalog.=) $1 AND wrapped IS NOT NULL ORDER BY id FOR NO KEY UPDATE",
            &[to_pg(tenant).into()],
        ) {
            let Some(row) = rows::data_key(&tables, id) else { continue };
            let wrapped = wrap_again(row, &old_key, version, &key)?;
            spi::run(
                "UPDATE watertight.data_keys SET wrapped = $2, tenant_key_version = $3 WHERE id OPERATOR(pg_catalog.=) $1",
                &[id.get().into(), wrapped.into(), version.into()],
            );
            count += 1;
        }
        after::forget(old.id.get());
        Ok(count)
    })
}

fn wrap_again(row: DataKeyRow, old: &Secret, version: i32, new: &Secret) -> Result<Vec<u8>, Fault> {
    let unwrapped = row.wrapped.as_deref().map(|wrapped| unwrap(old, &row.described(), wrapped));
    let Some(Ok(key)) = unwrapped else {
        return Err(Fault::new(Code::NotInPrerequisiteState, "a data key of the tenant cannot be unwrapped")
            .detail(format!(
                "The row of key {} in watertight.data_keys was changed. Nothing was rotated.",
                row.id
            )));
    };
    Ok(wrap(new, &DataKeyRow { version, ..row }.described(), &key, fresh::nonce()?))
}

fn ids(sql: &str, arguments: &[DatumWithOid]) -> Vec<KeyId> {
    spi::column(sql, arguments).into_iter().filter_map(KeyId::new).collect()
}

/// Says that all tenants' keys are to be wrapped by the newest version of the master key; returns how many are not.
///
/// # Errors
/// 55000 without a master key.
pub fn begin_master() -> Result<i64, Fault> {
    make::sees_all("rotate keys")?;
    let tables = make::installed()?;
    role::as_extension_owner(|| {
        let version = master::current(&tables)?;
        let left = spi::one::<i64>(
            "SELECT pg_catalog.count(*) FROM watertight.tenant_keys
              WHERE state OPERATOR(pg_catalog.=) 'active' AND master_version OPERATOR(pg_catalog.<>) $1",
            &[version.into()],
        )
        .unwrap_or(0);
        spi::run(
            "UPDATE watertight.master_keys SET rotating = version OPERATOR(pg_catalog.=) $1
              WHERE rotating OPERATOR(pg_catalog.<>) (version OPERATOR(pg_catalog.=) $1)",
            &[version.into()],
        );
        crate::sys::pending::wake_at_end();
        Ok(left)
    })
}

/// What a batch has done.
pub enum Batch {
    /// There is nothing to do.
    Idle,
    /// There may be more.
    Some,
    /// All is done that can be done; these could not be, for that reason.
    Failing(Vec<i64>, String),
}

/// The worker's part, in a transaction of its own: wraps some tenants' keys again. `failed` are those that could not be.
pub fn master_batch(failed: &mut Vec<i64>) -> Batch {
    let Ok(tables) = make::installed() else { return Batch::Idle };
    let target = Spi::get_one::<i32>(
        "SELECT (SELECT version FROM watertight.master_keys WHERE rotating ORDER BY version DESC LIMIT 1)",
    );
    let Some(target) = target.map_err(internal).or_raise() else { return Batch::Idle };
    let version = master::current(&tables).or_raise();
    if version != target {
        // The provider has another one by now: that is where all go.
        spi::run(
            "UPDATE watertight.master_keys SET rotating = version OPERATOR(pg_catalog.=) $1",
            &[version.into()],
        );
    }
    let batch = ids(
        "SELECT id FROM watertight.tenant_keys
          WHERE state OPERATOR(pg_catalog.=) 'active' AND master_version OPERATOR(pg_catalog.<>) $1
            AND id OPERATOR(pg_catalog.<>) ALL ($2)
          ORDER BY id LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED",
        &[version.into(), failed.clone().into(), BATCH.into()],
    );
    let mut reason = String::new();
    let mut done = false;
    for id in batch {
        match again(&tables, id) {
            Ok(()) => done = true,
            Err(fault) => {
                failed.push(id.get());
                reason = fault
                    .detail
                    .map_or(fault.message.clone(), |detail| format!("{}: {detail}", fault.message));
            }
        }
    }
    if done {
        return Batch::Some;
    }
    if !failed.is_empty() {
        return Batch::Failing(std::mem::take(failed), reason);
    }
    if !is_settled(version) {
        return Batch::Idle;
    }
    // Rows that others hold at this moment are looked at next time.
    spi::run(
        "UPDATE watertight.master_keys AS m SET rotating = false
          WHERE m.rotating AND NOT EXISTS (
                SELECT FROM watertight.tenant_keys AS k
                 WHERE k.state OPERATOR(pg_catalog.=) 'active' AND k.master_version OPERATOR(pg_catalog.<>) m.version)",
        &[],
    );
    Batch::Idle
}

/// What was seen to be in force, and the first transaction that began after that.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Since {
    version: i32,
    /// The provider may have had another version since, and have come back to this one: each change of it comes with one of these.
    loaded: i64,
    reloads: u64,
    transaction: i64,
}

static SINCE: Local<Since> = Local::new(Since { version: 0, loaded: 0, reloads: 0, transaction: 0 });

/// Whether nobody works any more who may have wrapped a key by another version, which cannot be seen before it is committed. Whoever wraps
/// has locked or made a row before, and so counts as a transaction.
fn is_settled(version: i32) -> bool {
    let transaction = |which: &str| {
        spi::one::<i64>(
            &format!(
                "SELECT pg_catalog.{which}(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8"
            ),
            &[],
        )
        .unwrap_or(0)
    };
    let since = SINCE.get();
    let now = Since {
        version,
        loaded: provided::status().loaded_at,
        reloads: process::reloads(),
        transaction: since.transaction,
    };
    if since != now {
        SINCE.set(Since { transaction: transaction("pg_snapshot_xmax"), ..now });
    }
    let settled = transaction("pg_snapshot_xmin") >= SINCE.get().transaction;
    // This process may not know yet what others have been told.
    if !settled || process::is_reload_due() {
        return false;
    }
    SINCE.set(Since::default());
    true
}

fn again(tables: &Tables, id: KeyId) -> Result<(), Fault> {
    let tenant = Spi::get_one_with_args::<pgrx::Uuid>(
        "SELECT tenant_id FROM watertight.tenant_keys WHERE id OPERATOR(pg_catalog.=) $1",
        &[id.get().into()],
    );
    let Some(tenant) = tenant.map_err(internal).or_raise() else { return Ok(()) };
    let tenant = from_pg(tenant);
    let Some((row, key)) = make::opened(tables, tenant)? else { return Ok(()) };
    if row.id != id {
        return Ok(());
    }
    let (version, wrapped) = master::wrap_tenant_key(tables, id, tenant, &key)?;
    spi::run(
        "UPDATE watertight.tenant_keys SET wrapped = $2, master_version = $3 WHERE id OPERATOR(pg_catalog.=) $1",
        &[id.get().into(), wrapped.into(), version.into()],
    );
    Ok(())
}
