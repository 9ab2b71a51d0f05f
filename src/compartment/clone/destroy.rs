//! The end of a schema.

use super::facts::contents;
use super::query::{as_owner, rows};
use crate::pg::error::raise;
use crate::protect;
use crate::sys::{lookup, utility};
use pgrx::pg_sys::{self, Oid};
use std::ffi::CString;
use watertight_core::{Code, Fault};

const SUSPECTS: &str = concat!(include_str!("queries/depending.sql"), include_str!("queries/suspects.sql"));
const DEPENDANTS: &str =
    concat!(include_str!("queries/depending.sql"), include_str!("queries/dependants.sql"));

/// How many dependants a message names.
const NAMED: usize = 20;

/// What is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Tables, views and sequences.
    pub relations: i64,
}

/// Drops a schema with everything in it. The rights to do so are the caller's to check. Event triggers do not hear of it.
///
/// # Errors
/// 42704 if there is no such schema; 2BP01 if something outside of it depends on something in it, which CASCADE would
/// drop, too.
pub fn drop_schema(schema: &str) -> Dropped {
    let name = CString::new(schema).unwrap_or_default();
    let Some(oid) = lookup::schema(&name) else {
        raise(Fault::new(Code::UndefinedObject, format!("schema \"{schema}\" does not exist")))
    };
    let relations = as_owner(|| {
        // Whoever wants to create something in it, or to depend on a table, waits, and finds it gone.
        lookup::lock_schema(oid, pg_sys::AccessExclusiveLock);
        let contents = contents(oid);
        let relations = [contents.relations, contents.sequences].concat();
        relations.iter().for_each(|relation| lookup::lock_relation(*relation, pg_sys::AccessExclusiveLock));
        refuse(schema, dependants(oid));
        utility::drop_schema(oid);
        relations
    });
    protect::forget(schema, &relations);
    Dropped { relations: i64::try_from(relations.len()).unwrap_or(i64::MAX) }
}

/// What outside of a schema depends on something in it.
pub fn outside_dependants(schema: Oid) -> Vec<String> {
    as_owner(|| dependants(schema))
}

fn dependants(schema: Oid) -> Vec<String> {
    if rows(SUSPECTS, &[schema.into()], None, |_| Ok(())).is_empty() {
        return Vec::new();
    }
    rows(DEPENDANTS, &[schema.into()], None, |row| row.get::<String>(1)).into_iter().flatten().collect()
}

fn refuse(schema: &str, mut dependants: Vec<String>) {
    if dependants.is_empty() {
        return;
    }
    let more = dependants.len().saturating_sub(NAMED);
    dependants.truncate(NAMED);
    if more > 0 {
        dependants.push(format!("and {more} more"));
    }
    raise(
        Fault::new(
            Code::DependentObjects,
            format!("cannot drop schema \"{schema}\" because other objects depend on it"),
        )
        .detail(format!("Outside of the schema depend on it: {}.", dependants.join("; ")))
        .hint("Drop them first."),
    );
}
