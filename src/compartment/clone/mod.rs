//! A compartment's own schema: a copy of its template, and its end.

mod api;
mod copy;
mod destroy;
mod facts;
mod query;
mod run;

pub use destroy::{drop_schema, outside_dependants};

use crate::pg::error::OrRaise;
use crate::sys::unlogged;
use pgrx::pg_sys::Oid;
use watertight_core::compartment::template::{Options, plan};

/// Creates `schema` as a copy of a template: everything in it with owners, grants and comments, but no rows. The rights to do so are
/// the caller's to check; what is created is created with the rights of whoever owns the original.
///
/// Nothing of the copy is registered as protected. Policies, defaults and triggers of protected tables are copied like any
/// others, and the fence around the schema is not ours to build.
///
/// # Errors
/// 42P06 if there is such a schema, 0A000 for a template with something that cannot be copied, 42809 for a schema that cannot
/// be a template, and whatever PostgreSQL says when an owner may not create what it owns.
pub fn clone_template(template: Oid, schema: &str, unlogged: bool) {
    let facts = facts::template(template);
    let needs = if facts.has_needs() { facts::needs(template) } else { Vec::new() };
    let plan = plan(&facts, &needs, Options { schema, unlogged }).or_raise();
    if unlogged {
        unlogged::with_permanent_identities(|| run::all(&plan.statements, schema));
    } else {
        run::all(&plan.statements, schema);
    }
    copy::all(&plan.copies, template, schema);
    run::all(&plan.last, schema);
}
