//! The schema that a compartment's own is cloned from.

use crate::pg::error::raise;
use crate::pg::settings;
use crate::sys::{lookup, user};
use pgrx::pg_sys::Oid;
use std::ffi::CString;
use uuid::Uuid;
use watertight_core::compartment::{id_of_schema, schema_of};
use watertight_core::{Code, Fault};

/// A schema to clone.
pub struct Template {
    /// The schema.
    pub oid: Oid,
    /// Its name.
    pub name: String,
}

/// The one of `watertight.compartment_template`.
pub fn by_default() -> Option<Template> {
    let name = settings::compartment_template()?;
    let oid = CString::new(name.as_str()).ok().and_then(|name| lookup::schema(&name));
    let Some(oid) = oid else {
        raise(
            Fault::new(Code::UndefinedObject, format!("template schema \"{name}\" does not exist"))
                .hint("See watertight.compartment_template."),
        )
    };
    Some(Template { oid, name })
}

/// A schema that the caller's role may use: a clone gives nobody more than the template does.
pub fn usable(oid: Oid) -> Template {
    let Some(name) = lookup::schema_name(oid) else {
        raise(Fault::new(Code::UndefinedObject, "template schema does not exist"))
    };
    let ours = name.starts_with("pg_") || name == "information_schema" || name == "watertight";
    if ours || id_of_schema(name.as_bytes()).is_some() {
        raise(
            Fault::new(Code::InvalidParameter, format!("schema \"{name}\" cannot be a template"))
                .hint("Use a schema of your own that holds the tables a compartment starts with."),
        );
    }
    if !user::may_use_schema(user::outer(), oid) {
        raise(Fault::new(Code::InsufficientPrivilege, format!("permission denied for schema {name}")));
    }
    Template { oid, name }
}

/// Clones it for a compartment.
pub fn clone(template: &Template, compartment: Uuid, unlogged: bool) {
    super::schemas::clone(template.oid, &schema_of(compartment), unlogged);
}
