//! The functions of SQL.

use super::{clone_template, drop_schema};
use crate::pg::arguments::{given, name, required};
use crate::pg::error::raise;
use crate::pg::role;
use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use std::ffi::CStr;
use watertight_core::{Code, Fault};

/// Copies a schema. See [`clone_template`].
///
/// # Errors
/// Those, and 42501 for whoever is no superuser.
#[pg_extern(sql = false)]
fn clone_schema(template: Option<Oid>, schema: Option<&CStr>, unlogged: Option<bool>) {
    require_superuser("copy a schema");
    let schema = name(required("schema", schema));
    clone_template(required("template", template), &schema, given("unlogged", unlogged));
}

/// Drops a schema. See [`drop_schema`].
///
/// # Errors
/// Those, and 42501 for whoever is no superuser.
#[pg_extern(sql = false)]
fn drop_cloned_schema(schema: Option<&CStr>) -> i64 {
    require_superuser("drop a copied schema");
    drop_schema(&name(required("schema", schema))).relations
}

fn require_superuser(what: &str) {
    if !role::is_superuser(role::current()) {
        raise(
            Fault::new(Code::InsufficientPrivilege, format!("permission denied to {what}"))
                .hint("Only superusers may do this."),
        );
    }
}
