//! What row security calls once a row: `tenant_id()`, `tenant()`, `tenant_key()`.

use super::verdict::{reached, required};
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

/// What the one of the three functions that returns this type returns.
pub fn datum_of_type(kind: Oid) -> Option<Datum> {
    match kind {
        pg_sys::UUIDOID => required().map(id),
        pg_sys::TEXTOID => required().map(name),
        pg_sys::INT8OID => required().map(|tenant| Datum::from(key_of(tenant))),
        _ => None,
    }
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
