//! Destroying keys: what they have sealed is gone with them.

use super::rows::{self, Tenancy};
use super::{after, certify, fresh, kept, make};
use crate::pg::id::to_pg;
use crate::pg::{role, spi};
use pgrx::JsonB;
use pgrx::datum::DatumWithOid;
use serde_json::{Value, json};
use uuid::Uuid;
use watertight_core::Fault;
use watertight_core::keys::check_value;

/// Whose keys are destroyed, by whom, and why.
pub struct Order<'a> {
    /// The tenant.
    pub tenant: Uuid,
    /// Its name.
    pub name: &'a str,
    /// The compartment, and its name; `None` for all of the tenant.
    pub compartment: Option<(Uuid, &'a str)>,
    /// Why.
    pub reason: &'a str,
    /// The role that wants it.
    pub by: &'a str,
}

/// What [`make::sees_all`] is asked.
pub const DROP_TENANT: &str = "drop a tenant";
/// Likewise.
pub const DROP_COMPARTMENT: &str = "drop a compartment";

/// Everything of a tenant, for ever: it gets no new key. With a certificate of this id in any case. `is_wanted` is asked when nothing stands
/// in the way any more, which may have taken a while; if it is not, nothing is done.
///
/// # Errors
/// 55000 if there is no such tenant.
pub fn tenant_for_ever(
    order: &Order<'_>,
    certificate: Uuid,
    is_wanted: impl FnOnce() -> bool,
) -> Result<(), Fault> {
    let tables = make::installed()?;
    role::as_extension_owner(|| {
        make::hold(order.tenant, Uuid::nil())?;
        if !is_wanted() {
            return Ok(());
        }
        if matches!(rows::tenancy(&tables, order.tenant), Tenancy::New) {
            // So that none is made later.
            spi::run(
                "INSERT INTO watertight.tenant_keys
                     (id, tenant_id, version, state, master_version, check_value, destroyed_at)
                 VALUES ($1, $2, 1, 'destroyed', 0, '', pg_catalog.clock_timestamp())",
                &[fresh::id()?.get().into(), to_pg(order.tenant).into()],
            );
        }
        destroy(order, Some(certificate));
        Ok(())
    })
}

/// The keys of a tenant that is dropped.
///
/// # Errors
/// 25001 in a transaction that sees the past.
pub fn tenant(order: &Order<'_>) -> Result<(), Fault> {
    make::sees_all(DROP_TENANT)?;
    role::as_extension_owner(|| destroy(order, None));
    Ok(())
}

/// Those of a compartment that is dropped and was not ephemeral.
///
/// # Errors
/// 25001 in a transaction that sees the past, 55000 if its tenant is gone.
pub fn compartment(order: &Order<'_>) -> Result<(), Fault> {
    make::sees_all(DROP_COMPARTMENT)?;
    role::as_extension_owner(|| {
        // Whoever makes or changes keys of the tenant at this moment has done so then, and is seen.
        make::hold(order.tenant, Uuid::nil())?;
        destroy(order, None);
        Ok(())
    })
}

/// An ephemeral compartment is made in this transaction, or comes from the pool: its key goes if that is undone. One that it has already
/// is of a transaction that was undone in this moment.
pub fn if_undone(compartment: Uuid) {
    after::forget_transient_if_undone(*compartment.as_bytes());
    kept::forget_transient(compartment.as_bytes());
}

/// That of an ephemeral compartment: it is in shared memory, if it has one.
pub fn ephemeral(order: &Order<'_>) {
    let Some((id, _)) = order.compartment else { return };
    if let Some(key) = transient_key(id) {
        role::as_extension_owner(|| certify(order, Uuid::now_v7(), vec![key], true));
        after::forget_transient(*id.as_bytes());
        after::destroyed();
    }
}

const TENANT_KEYS: &str = "
    WITH gone AS (
        UPDATE watertight.tenant_keys SET state = 'destroyed', wrapped = NULL, destroyed_at = pg_catalog.clock_timestamp()
         WHERE tenant_id OPERATOR(pg_catalog.=) $1 AND state OPERATOR(pg_catalog.<>) 'destroyed'
        RETURNING id, version, check_value)
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
               'id', id::pg_catalog.text, 'purpose', 'tenant', 'version', version, 'check', check_value)) FROM gone";

const DATA_KEYS: &str = "
    WITH gone AS (
        UPDATE watertight.data_keys SET state = 'destroyed', wrapped = NULL, destroyed_at = pg_catalog.clock_timestamp()
         WHERE tenant_id OPERATOR(pg_catalog.=) $1 AND state OPERATOR(pg_catalog.<>) 'destroyed'
           AND ($2 IS NULL OR compartment_id OPERATOR(pg_catalog.=) $2)
        RETURNING id, purpose, compartment_id, check_value)
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
               'id', id::pg_catalog.text, 'purpose', purpose, 'compartment', compartment_id, 'check', check_value)) FROM gone";

fn destroy(order: &Order<'_>, certificate: Option<Uuid>) {
    let only = order.compartment.map(|(id, _)| to_pg(id));
    let mut keys = Vec::new();
    if only.is_none() {
        keys.extend(gone(TENANT_KEYS, &[to_pg(order.tenant).into()]));
        for key in &keys {
            let id = key.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
            id.into_iter().for_each(after::forget);
        }
        let transient =
            kept::transients().into_iter().filter(|about| about.group == *order.tenant.as_bytes());
        keys.extend(transient.filter_map(|about| transient_key(Uuid::from_bytes(about.name))));
        after::forget_transient_of(*order.tenant.as_bytes());
    }
    keys.extend(gone(DATA_KEYS, &[to_pg(order.tenant).into(), only.into()]));
    if keys.is_empty() && certificate.is_none() {
        return;
    }
    certify(order, certificate.unwrap_or_else(Uuid::now_v7), keys, false);
    after::destroyed();
}

fn gone(sql: &str, arguments: &[DatumWithOid]) -> Vec<Value> {
    match spi::one(sql, arguments) {
        Some(JsonB(Value::Array(keys))) => keys,
        _ => Vec::new(),
    }
}

/// The key of an ephemeral compartment, as a certificate has it.
fn transient_key(compartment: Uuid) -> Option<Value> {
    let (id, key) = kept::transient(compartment)?;
    Some(json!({
        "id": id.to_string(),
        "purpose": "data",
        "compartment": compartment.to_string(),
        "check": check_value(&key),
    }))
}

/// Writes down what is destroyed. The worker signs it when no process has the keys any more. `ephemeral`: they were in no table.
fn certify(order: &Order<'_>, id: Uuid, keys: Vec<Value>, ephemeral: bool) {
    // Keys of persistent compartments are in tables alone; a tenant may have very many, and each lock takes room.
    if ephemeral || order.compartment.is_none() {
        certify::announce(id);
    }
    spi::run(
        "INSERT INTO watertight.key_certificates
             (id, tenant_id, tenant, compartment_id, compartment, reason, keys, destroyed_by, ephemeral, erased_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, CASE WHEN $9 THEN pg_catalog.clock_timestamp() END)",
        &[
            to_pg(id).into(),
            to_pg(order.tenant).into(),
            order.name.into(),
            order.compartment.map(|(id, _)| to_pg(id)).into(),
            order.compartment.map(|(_, name)| name).into(),
            order.reason.into(),
            JsonB(Value::Array(keys)).into(),
            order.by.into(),
            ephemeral.into(),
        ],
    );
}
