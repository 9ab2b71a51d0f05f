//! A template, read from the catalogs.

use super::query::{as_owner, path, rows};
use crate::pg::error::{OrRaise, raise};
use crate::sys::lookup;
use pgrx::pg_sys::{self, Oid};
use watertight_core::compartment::template::{self, Need, Template};
use watertight_core::{Code, Fault};

const NAME: &str = "SELECT n.nspname::text FROM pg_catalog.pg_namespace n WHERE n.oid = $1";
const RELATIONS: &str = include_str!("queries/relations.sql");
const TEMPLATE: &str = include_str!("queries/template.sql");
const NEEDS: &str = include_str!("queries/needs.sql");

/// The facts of a template, which nobody changes from now on until the transaction ends.
///
/// # Errors
/// 42704 if there is no such schema; 42809 if it cannot be a template.
pub fn template(schema: Oid) -> Template {
    as_owner(|| {
        lookup::lock_schema(schema, pg_sys::AccessShareLock);
        let name = rows(NAME, &[schema.into()], None, |row| row.get::<String>(1)).pop().flatten();
        let Some(name) = name else { raise(missing(schema)) };
        template::schema(&name).or_raise();
        for relation in rows(RELATIONS, &[schema.into()], None, |row| row.get::<Oid>(1)).into_iter().flatten() {
            lookup::lock_relation(relation, pg_sys::AccessShareLock);
        }
        let json = rows(TEMPLATE, &[schema.into()], Some(&path(&name)), |row| row.get::<String>(1));
        let Some(json) = json.into_iter().next().flatten() else { raise(missing(schema)) };
        template::read(&json).or_raise()
    })
}

/// Which objects of a template need which.
pub fn needs(schema: Oid) -> Vec<Need> {
    let json = as_owner(|| rows(NEEDS, &[schema.into()], None, |row| row.get::<String>(1)));
    json.into_iter().next().flatten().map_or_else(Vec::new, |json| template::read(&json).or_raise())
}

fn missing(schema: Oid) -> Fault {
    Fault::new(Code::UndefinedObject, format!("schema with oid {} does not exist", schema.to_u32()))
}
