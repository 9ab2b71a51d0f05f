//! What row security calls once a row: `tenant_id()`, `tenant()`, `tenant_key()`.

use super::verdict::{reached, reached_compartment, required};
use crate::compartment::Compartment;
use crate::pg::error::raise;
use crate::registry::Tenant;
use crate::sys::function::{Call, raw_function};
use pgrx::pg_sys::{self, Datum, Oid};
use watertight_core::{Code, Fault};

fn id(tenant: &'static Tenant) -> Datum {
    Datum::from(tenant.id.as_ptr())
}

fn name(tenant: &'static Tenant) -> Datum {
    Datum::from(tenant.name_text.as_ptr())
}

#[inline(always)]
fn id_if_reached(_: Call) -> Option<Datum> {
    reached().map(id)
}

#[inline(always)]
fn name_if_reached(_: Call) -> Option<Datum> {
    reached().map(name)
}

#[inline(always)]
fn key_if_reached(_: Call) -> Option<Datum> {
    reached()?.key.map(Datum::from)
}

fn id_or_raise(call: Call) -> Datum {
    required().map_or_else(|| call.null(), id)
}

fn name_or_raise(call: Call) -> Datum {
    required().map_or_else(|| call.null(), name)
}

fn key_or_raise(call: Call) -> Datum {
    required().map_or_else(|| call.null(), |tenant| Datum::from(key_of(tenant)))
}

fn key_of(tenant: &Tenant) -> i64 {
    tenant.key.unwrap_or_else(|| {
        raise(
            Fault::new(Code::NotInPrerequisiteState, "tenant has no integer key")
                .detail("A table whose tenant column is a number is protected by the tenant's key.")
                .hint("An administrator can give it one: SELECT watertight.set_tenant_key('name', 42)."),
        )
    })
}

raw_function!(wt_tenant_id, pg_finfo_wt_tenant_id, fast = id_if_reached, slow = id_or_raise);
raw_function!(wt_tenant, pg_finfo_wt_tenant, fast = name_if_reached, slow = name_or_raise);
raw_function!(wt_tenant_key, pg_finfo_wt_tenant_key, fast = key_if_reached, slow = key_or_raise);

#[inline(always)]
fn compartment_if_reached(_: Call) -> Option<Datum> {
    reached_compartment().map(|compartment| Datum::from(compartment.id.as_ptr()))
}

#[inline(always)]
fn readable_if_reached(_: Call) -> Option<Datum> {
    reached_compartment().map(|compartment| Datum::from(compartment.reads.as_ptr()))
}

fn compartment_or_raise(call: Call) -> Datum {
    current_compartment().map_or_else(|| call.null(), |compartment| Datum::from(compartment.id.as_ptr()))
}

fn readable_or_raise(call: Call) -> Datum {
    current_compartment().map_or_else(|| call.null(), |compartment| Datum::from(compartment.reads.as_ptr()))
}

raw_function!(
    wt_compartment_id,
    pg_finfo_wt_compartment_id,
    fast = compartment_if_reached,
    slow = compartment_or_raise
);
raw_function!(
    wt_readable_compartments,
    pg_finfo_wt_readable_compartments,
    fast = readable_if_reached,
    slow = readable_or_raise
);

#[inline(always)]
fn writable_if_reached(call: Call) -> Option<Datum> {
    reached_compartment().map(|compartment| writable(call, compartment))
}

fn writable_or_raise(call: Call) -> Datum {
    current_compartment().map_or_else(|| call.null(), |compartment| writable(call, compartment))
}

#[inline(always)]
fn writable(call: Call, compartment: &'static Compartment) -> Datum {
    if compartment.writes { Datum::from(compartment.id.as_ptr()) } else { call.null() }
}

raw_function!(
    wt_writable_compartment,
    pg_finfo_wt_writable_compartment,
    fast = writable_if_reached,
    slow = writable_or_raise
);

/// The compartment, for functions that are not called once a row.
pub fn current_compartment() -> Option<&'static Compartment> {
    required()?;
    reached_compartment()
}

/// What the one of the three functions for tenants that returns this type returns.
pub fn tenant_datum(kind: Oid) -> Option<Datum> {
    match kind {
        pg_sys::UUIDOID => required().map(id),
        pg_sys::TEXTOID => required().map(name),
        pg_sys::INT8OID => required().map(|tenant| Datum::from(key_of(tenant))),
        _ => None,
    }
}

/// What `compartment_id()` returns; `written`: what `writable_compartment()` does.
pub fn compartment_datum(written: bool) -> Option<Datum> {
    current_compartment()
        .filter(|compartment| compartment.writes || !written)
        .map(|compartment| Datum::from(compartment.id.as_ptr()))
}

/// The tenant's id, for functions that are not called once a row.
pub fn current_id() -> Option<[u8; 16]> {
    required().map(|tenant| tenant.id)
}

/// The tenant's name.
pub fn current_name() -> Option<&'static str> {
    required().map(|tenant| &*tenant.name)
}

/// The tenant's integer key; raises if it has none.
pub fn current_key() -> Option<i64> {
    required().map(key_of)
}
