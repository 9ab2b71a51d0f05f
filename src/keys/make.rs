//! Making keys, in the present transaction.
//!
//! A value that outlives its key's row is lost. So a key is made where it is certain to be committed before anything that lasts is
//! sealed under it: by the worker, on a backend's wish, in a transaction of its own; or in the transaction that makes what the key
//! is for, which no value of it survives.

use super::rows::{self, DataKeyRow, Tenancy, TenantKeyRow};
use super::types::in_row;
use super::{after, fresh, master};
use crate::pg::ext::{self, Tables};
use crate::pg::id::to_pg;
use crate::pg::{role, spi};
use crate::registry;
use crate::sys::{user, uses as counters, xact};
use pgrx::spi::Spi;
use uuid::Uuid;
use watertight_core::keys::{KeyId, Purpose, Secret, check_value, shredded, uses, wrap};
use watertight_core::token::TenantRef;
use watertight_core::{Code, Fault};

/// Makes what is missing of the keys of a tenant and one of its compartments.
///
/// # Errors
/// 55000 without a master key, for a tenant whose keys were destroyed, and for one that is not there.
pub fn missing(tenant: Uuid, compartment: Uuid) -> Result<(), Fault> {
    let tables = installed()?;
    role::as_extension_owner(|| {
        hold(tenant, compartment)?;
        let (version, key) = tenant_key(&tables, tenant)?;
        if compartment.is_nil() && rows::active(&tables, tenant, compartment, Purpose::Index).is_none() {
            data_key(&Place { tenant, compartment, purpose: Purpose::Index }, version, &key)?;
        }
        if rows::active(&tables, tenant, compartment, Purpose::Data).is_none() {
            data_key(&Place { tenant, compartment, purpose: Purpose::Data }, version, &key)?;
        }
        Ok(())
    })
}

/// The tables, where the extension is.
///
/// # Errors
/// 55000 elsewhere.
pub fn installed() -> Result<Tables, Fault> {
    ext::tables().ok_or_else(|| {
        Fault::new(Code::NotInPrerequisiteState, "watertight is not installed in this database")
    })
}

/// The same for something that is just being made, where that costs next to nothing. What fails is made when it is needed, or says
/// then why not.
pub fn early(tenant: Uuid, compartment: Uuid) {
    if master::is_at_hand() && ext::tables().is_some_and(|tables| is_wanted(&tables, tenant, compartment)) {
        // Nobody needs it yet.
        let _ = missing(tenant, compartment);
    }
}

/// A compartment of a tenant that has never needed a key needs none.
fn is_wanted(tables: &Tables, tenant: Uuid, compartment: Uuid) -> bool {
    compartment.is_nil() || matches!(rows::tenancy(tables, tenant), Tenancy::Active(_))
}

/// Nobody else changes the tenant's keys until the transaction ends, nor drops what they are for.
///
/// # Errors
/// 55000 if there is no such tenant or compartment.
pub fn hold(tenant: Uuid, compartment: Uuid) -> Result<(), Fault> {
    let gone = || Fault::new(Code::NotInPrerequisiteState, "what the key is for does not exist, or not yet");
    // The installation's own keys are the worker's alone.
    if tenant.is_nil() {
        return Ok(());
    }
    let held = Spi::get_one_with_args::<bool>(
        "SELECT true FROM watertight.tenants WHERE id OPERATOR(pg_catalog.=) $1 FOR NO KEY UPDATE",
        &[to_pg(tenant).into()],
    );
    if !matches!(held, Ok(Some(true))) {
        return Err(gone());
    }
    if compartment.is_nil() {
        return Ok(());
    }
    let held = Spi::get_one_with_args::<bool>(
        "SELECT true FROM watertight.all_compartments
          WHERE id OPERATOR(pg_catalog.=) $1 AND tenant_id OPERATOR(pg_catalog.=) $2 AND NOT ephemeral FOR KEY SHARE",
        &[to_pg(compartment).into(), to_pg(tenant).into()],
    );
    if matches!(held, Ok(Some(true))) { Ok(()) } else { Err(gone()) }
}

/// Whether this transaction sees which keys there are. One that sees the past would leave out those that were made since: they would
/// stay wrapped by a key that is gone, or outlive what they belong to. `what` is what is to be done.
///
/// # Errors
/// 25001 if it does not.
pub fn sees_all(what: &str) -> Result<(), Fault> {
    if !xact::sees_the_past() {
        return Ok(());
    }
    let message = format!("cannot {what} in a REPEATABLE READ or SERIALIZABLE transaction");
    Err(Fault::new(Code::ActiveTransaction, message)
        .detail("It does not see what was made or written since it began, which would be left out.")
        .hint("Begin the transaction with ISOLATION LEVEL READ COMMITTED."))
}

/// The key of a tenant that is in force; `None` if it has had none.
///
/// # Errors
/// 55000 without a master key, and for a tenant whose keys were destroyed.
pub fn opened(tables: &Tables, tenant: Uuid) -> Result<Option<(TenantKeyRow, Secret)>, Fault> {
    match rows::tenancy(tables, tenant) {
        Tenancy::New => Ok(None),
        Tenancy::Shredded => Err(no_more_keys(tables, tenant)),
        Tenancy::Active(row) => {
            let wrapped = row.wrapped.as_deref().ok_or_else(|| no_key_any_more(tables, tenant))?;
            let key = master::unwrap_tenant_key(tables, &row, wrapped)?;
            Ok(Some((row, key)))
        }
    }
}

/// The tenant's key that is in force, made if the tenant has had none: its version, and the key.
fn tenant_key(tables: &Tables, tenant: Uuid) -> Result<(i32, Secret), Fault> {
    match opened(tables, tenant)? {
        Some((row, key)) => Ok((row.version, key)),
        None => new_tenant_key(tables, tenant, 1),
    }
}

/// Makes a tenant's key of this version; returns it.
///
/// # Errors
/// 55000 without a master key.
pub fn new_tenant_key(tables: &Tables, tenant: Uuid, version: i32) -> Result<(i32, Secret), Fault> {
    let (id, key) = (fresh::id()?, fresh::secret()?);
    let (master, wrapped) = master::wrap_tenant_key(tables, id, tenant, &key)?;
    spi::run(
        "INSERT INTO watertight.tenant_keys (id, tenant_id, version, master_version, wrapped, check_value)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            id.get().into(),
            to_pg(tenant).into(),
            version.into(),
            master.into(),
            wrapped.into(),
            check_value(&key).into(),
        ],
    );
    after::made();
    Ok((version, key))
}

/// A tenant that was shredded.
pub fn no_more_keys(tables: &Tables, tenant: Uuid) -> Fault {
    let fault = Fault::new(Code::NotInPrerequisiteState, "the keys of the tenant were destroyed")
        .detail("Nothing is encrypted or decrypted for it any more. See watertight.key_certificates.");
    of_tenant(fault, tables, tenant)
}

/// A value whose key was destroyed.
pub fn no_key_any_more(tables: &Tables, tenant: Uuid) -> Fault {
    of_tenant(shredded(), tables, tenant)
}

/// Says whose it is. Whoever is told is in that tenant's context, or owns the table whose rows are rewritten.
fn of_tenant(mut fault: Fault, tables: &Tables, tenant: Uuid) -> Fault {
    if let Some((tenant, _)) = registry::find(tables, TenantRef::Id(tenant)) {
        let more = fault.detail.take().unwrap_or_default();
        fault = fault.detail(format!("The tenant is \"{}\". {more}", tenant.name));
    }
    if in_row::is_at_work() {
        return fault.hint("Delete the tenant's rows from the table first.");
    }
    fault
}

/// What a key is for.
pub struct Place {
    /// Whose.
    pub tenant: Uuid,
    /// Where in the tenant.
    pub compartment: Uuid,
    /// What for.
    pub purpose: Purpose,
}

/// Makes a data key under a version of the tenant's key; returns its id.
///
/// # Errors
/// 55000 if the system has no random numbers.
pub fn data_key(place: &Place, version: i32, tenant_key: &Secret) -> Result<KeyId, Fault> {
    let (id, key) = (fresh::id()?, fresh::secret()?);
    let row = DataKeyRow {
        id,
        purpose: place.purpose,
        tenant: place.tenant,
        compartment: place.compartment,
        state: watertight_core::keys::State::Active,
        version,
        wrapped: None,
    };
    let wrapped = wrap(tenant_key, &row.described(), &key, fresh::nonce()?);
    let reserved = if place.purpose == Purpose::Data { uses::Uses::NEW.reserved } else { 0 };
    let mark = i64::try_from(reserved).unwrap_or(i64::MAX);
    spi::run(
        "INSERT INTO watertight.data_keys
             (id, purpose, tenant_id, compartment_id, tenant_key_version, wrapped, reserved, check_value)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            id.get().into(),
            place.purpose.as_str().into(),
            to_pg(place.tenant).into(),
            to_pg(place.compartment).into(),
            version.into(),
            wrapped.into(),
            mark.into(),
            check_value(&key).into(),
        ],
    );
    after::made();
    if reserved > 0 {
        counters::begin(user::database(), id.get(), reserved);
    }
    Ok(id)
}

/// The installation's own key, which signs.
///
/// # Errors
/// 55000 without a master key.
pub fn signing() -> Result<(), Fault> {
    let tables = installed()?;
    role::as_extension_owner(|| {
        let (version, key) = tenant_key(&tables, Uuid::nil())?;
        let place = Place { tenant: Uuid::nil(), compartment: Uuid::nil(), purpose: Purpose::Signing };
        data_key(&place, version, &key).map(|_| ())
    })
}
