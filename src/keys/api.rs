//! What administrators call. It runs as the extension's owner; EXECUTE is granted to `watertight_admin` only.

use super::wish::{self, Kind, Name};
use super::{certify, fresh, make, master, rotate};
use crate::pg::arguments::{given, required};
use crate::pg::error::{OrRaise, raise, warn};
use crate::pg::role;
use crate::registry;
use crate::sys::provided::{self, State};
use crate::sys::scan::{self, Key};
use crate::sys::{process, xact};
use pgrx::datum::{JsonB, TimestampWithTimeZone};
use pgrx::prelude::*;
use uuid::Uuid;
use watertight_core::keys::{self, MasterState, VerifiedCertificate, encode_public_key};
use watertight_core::token::TenantRef;
use watertight_core::{Code, Fault};

fn tenant_called(name: &str) -> Uuid {
    let tables = make::installed().or_raise();
    match registry::find(&tables, TenantRef::Name(name)) {
        Some((tenant, _)) => Uuid::from_bytes(tenant.id),
        None => raise(
            Fault::new(Code::UndefinedObject, format!("tenant \"{name}\" does not exist"))
                .hint("See watertight.tenants."),
        ),
    }
}

/// New data keys for a tenant and its compartments. The old ones open what they have sealed.
///
/// # Errors
/// 42704 if there is no such tenant, 55000 without a master key.
#[pg_extern(sql = false)]
fn rotate_data_key(tenant: Option<&str>) -> i32 {
    rotate::data_keys(tenant_called(required("tenant", tenant))).or_raise()
}

/// A new key of a tenant, which wraps its data keys from now on.
///
/// # Errors
/// As for `rotate_data_key()`.
#[pg_extern(sql = false)]
fn rotate_tenant_key(tenant: Option<&str>) -> i32 {
    rotate::tenant_key(tenant_called(required("tenant", tenant))).or_raise()
}

/// Has the worker wrap all tenants' keys by the newest version of the master key.
///
/// # Errors
/// 55000 without a master key.
#[pg_extern(sql = false)]
fn rotate_master_key() -> i64 {
    rotate::begin_master().or_raise()
}

/// Destroys all keys of a tenant; returns the certificate. What was destroyed stays so whatever becomes of the caller's transaction:
/// the worker does it in one of its own, and signs when no process has the keys any more. NULL, with a warning, if that lasts.
///
/// # Errors
/// 22023 if `confirm` is not the tenant's name, 25001 in a transaction block, 42704 if there is no such tenant.
#[pg_extern(sql = false)]
fn shred_tenant(name: Option<&str>, confirm: Option<&str>) -> Option<String> {
    let name = required("name", name);
    if confirm != Some(name) {
        raise(
            Fault::new(Code::InvalidParameter, format!("shredding tenant \"{name}\" is not confirmed"))
                .detail("Nothing that is encrypted for the tenant can be read again.")
                .hint("Repeat the tenant's name in confirm."),
        );
    }
    if xact::in_block() {
        raise(
            Fault::new(Code::ActiveTransaction, "shred_tenant cannot run inside a transaction block")
                .detail("What it destroys does not come back with ROLLBACK."),
        );
    }
    if process::in_recovery() {
        raise(
            Fault::new(Code::NotInPrerequisiteState, "a standby cannot destroy keys")
                .hint("Shred the tenant on the primary: the standby follows."),
        );
    }
    let tenant = tenant_called(name);
    let certificate = Uuid::from_u64_pair(
        fresh::id().or_raise().get().unsigned_abs(),
        fresh::id().or_raise().get().unsigned_abs(),
    );
    let by = Name::new(&role::caller_name());
    let until = process::now().saturating_add(wish::PATIENCE * 1_000);
    let order = Kind::Shred { tenant, certificate, by, until };
    let signed = wish::destroy(order, || stored(certificate).flatten(), || stored(certificate).is_some());
    match signed {
        Ok(text) => Some(text),
        Err(fault) if stored(certificate).is_none() => raise(fault),
        Err(_) => {
            warn(
                Fault::new(Code::ObjectInUse, "the keys are destroyed, the certificate is not signed yet")
                    .detail("The master key is not there, or a process at work has not let go of the keys. None can use them.")
                    .hint("It will be in watertight.key_certificates."),
            );
            None
        }
    }
}

/// A certificate, if it is there, and what it says once it is signed.
fn stored(id: Uuid) -> Option<Option<String>> {
    /// The column of watertight.key_certificates, as sql/keys.sql declares it.
    const CERTIFICATE: usize = 10;
    let tables = make::installed().or_raise();
    let mut found = None;
    let key = Key::Uuid(1, *id.as_bytes());
    scan::each(tables.key_certificates, Some((tables.key_certificates_id, key)), |row| {
        found = Some(row.get(CERTIFICATE));
        false
    });
    found
}

/// The public key that the installation's certificates of destruction are checked with. Where it has none, one is made.
///
/// # Errors
/// 55000 without a master key.
#[pg_extern(sql = false)]
fn certificate_public_key() -> String {
    encode_public_key(&certify::public_key().or_raise())
}

/// What a certificate of destruction says, if the key with this public part has signed it.
///
/// # Errors
/// 22023 for everything else.
#[pg_extern(sql = false)]
fn verify_certificate(certificate: Option<&str>, public_key: Option<&str>) -> JsonB {
    let certificate = required("certificate", certificate);
    let Some(key) = keys::public_key(given("public_key", public_key)) else {
        raise(Fault::new(Code::InvalidParameter, "public_key is not a public key of Ed25519").detail(
            "It is 32 bytes in base64url, 43 characters, as watertight.certificate_public_key() returns it.",
        ))
    };
    JsonB(VerifiedCertificate::verify(certificate, &key).or_raise().0)
}

/// Whether the master key is there.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a table")]
fn key_provider() -> TableIterator<
    'static,
    (
        name!(state, &'static str),
        name!(versions, Vec<i32>),
        name!(loaded_at, Option<TimestampWithTimeZone>),
        name!(failed_at, Option<TimestampWithTimeZone>),
        name!(error, Option<String>),
        name!(check_values, Vec<Option<String>>),
    ),
> {
    let status = provided::status();
    let state = match status.state {
        State::Absent => MasterState::Absent,
        State::Loading => MasterState::Loading,
        State::Present => MasterState::Present,
        State::Failed => MasterState::Failed,
    };
    let mut versions = provided::numbers();
    versions.sort_unstable();
    let checks = versions.iter().map(|version| master::check(*version)).collect();
    TableIterator::once((
        state.as_str(),
        versions,
        time(status.loaded_at),
        time(status.failed_at),
        status.error.get().map(str::to_owned),
        checks,
    ))
}

fn time(micros: i64) -> Option<TimestampWithTimeZone> {
    TimestampWithTimeZone::try_from(micros).ok().filter(|_| micros != 0)
}
