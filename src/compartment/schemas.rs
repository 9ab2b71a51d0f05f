//! What a compartment holds: making it and taking it away, behind the fence.

use super::{clone, fence};
use crate::registry;
use crate::sys::lookup;
use pgrx::pg_sys::Oid;
use std::ffi::CString;
use uuid::Uuid;

/// Makes a schema as the template is; `unlogged`: its tables and sequences are.
pub fn clone(template: Oid, schema: &str, unlogged: bool) {
    fence::inside(schema, || clone::clone_template(template, schema, unlogged));
}

/// Drops a schema with everything in it; returns how many relations that were. 0 if there is none.
///
/// # Errors
/// 2BP01 if something outside depends on something in it.
pub fn drop(schema: &str) -> i64 {
    let name = CString::new(schema).unwrap_or_default();
    if lookup::schema(&name).is_none() {
        return 0;
    }
    fence::inside(schema, || clone::drop_schema(schema)).relations
}

/// Deletes a compartment's rows from the tables with a compartment column.
pub fn delete_rows(tenant: Uuid, compartment: Uuid) -> i64 {
    registry::delete_rows_of_compartment(tenant, compartment).into_iter().map(|(_, count)| count).sum()
}
