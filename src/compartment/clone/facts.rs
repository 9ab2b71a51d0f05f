//! A template, read from the catalogs.

use super::query::{as_owner, path, rows};
use crate::pg::error::{OrRaise, raise};
use crate::sys::{lookup, user};
use pgrx::datum::DatumWithOid;
use pgrx::pg_sys::{self, Oid};
use std::ffi::CStr;
use watertight_core::compartment::template::{self, Fact, Need, Template};
use watertight_core::{Code, Fault};

const NAME: &str = "SELECT n.nspname::text FROM pg_catalog.pg_namespace n WHERE n.oid = $1";
const CONTENTS: &str = include_str!("queries/contents.sql");
const SCHEMA: &str = include_str!("queries/schema.sql");
const TYPES: &str = include_str!("queries/types.sql");
const FUNCTIONS: &str = include_str!("queries/functions.sql");
const SEQUENCES: &str = include_str!("queries/sequences.sql");
const RELATIONS: &str = include_str!("queries/relations.sql");
const COMMENTS: &str = include_str!("queries/comments.sql");
const NEEDS: &str = include_str!("queries/needs.sql");

/// What is directly in a schema.
#[derive(Default)]
pub struct Contents {
    /// Tables, views and whatever else is a relation.
    pub relations: Vec<Oid>,
    /// Sequences.
    pub sequences: Vec<Oid>,
    types: Vec<Oid>,
    functions: Vec<Oid>,
}

/// What is directly in a schema (inside [`as_owner`]).
pub fn contents(schema: Oid) -> Contents {
    let mut contents = Contents::default();
    let found = rows(CONTENTS, &[schema.into()], None, |row| {
        Ok((row.get::<Oid>(1)?, row.get::<Oid>(2)?, row.get::<String>(3)?))
    });
    for (class, oid, kind) in found {
        let (Some(class), Some(oid)) = (class, oid) else { continue };
        match class {
            pg_sys::RelationRelationId if kind.as_deref() == Some("S") => contents.sequences.push(oid),
            pg_sys::RelationRelationId => contents.relations.push(oid),
            pg_sys::TypeRelationId => contents.types.push(oid),
            pg_sys::ProcedureRelationId => contents.functions.push(oid),
            _ => {}
        }
    }
    contents
}

/// The facts of a template, whose tables nobody changes from now on until the transaction ends.
///
/// # Errors
/// 42704 if there is no such schema; 42809 if it cannot be a template.
pub fn template(schema: Oid) -> Template {
    as_owner(|| {
        lookup::lock_schema(schema, pg_sys::AccessShareLock);
        let name = rows(NAME, &[schema.into()], None, |row| row.get::<String>(1)).pop().flatten();
        let name = name.unwrap_or_else(|| raise(missing(schema)));
        template::schema(&name).or_raise();
        let contents = contents(schema);
        for relation in contents.relations.iter().chain(&contents.sequences) {
            lookup::lock_relation(*relation, pg_sys::AccessShareLock);
        }
        let path = path(&name);
        let read = |text, oids: &Vec<Oid>| {
            (!oids.is_empty()).then(|| json(text, &[schema.into(), oids.clone().into()], &path)).flatten()
        };
        let mut template: Template = json(SCHEMA, &[schema.into()], &path)
            .map_or_else(|| raise(missing(schema)), |json| template::read(&json).or_raise());
        template.types = parse(read(TYPES, &contents.types));
        template.functions = parse(read(FUNCTIONS, &contents.functions));
        template.sequences = parse(read(SEQUENCES, &contents.sequences));
        template.relations = parse(read(RELATIONS, &contents.relations));
        let commented: Vec<Oid> = template.commented().into_iter().map(Oid::from).collect();
        template.comments = parse(json(COMMENTS, &[commented.into()], &path));
        let named = |owner: u32| Some((owner, user::name(Oid::from(owner))?));
        template.roles = template.owners().into_iter().filter_map(named).collect();
        template
    })
}

/// Which objects of a template need which.
pub fn needs(schema: Oid) -> Vec<Need> {
    as_owner(|| parse(json(NEEDS, &[schema.into()], c"pg_catalog, pg_temp")))
}

fn json(text: &'static str, arguments: &[DatumWithOid], path: &CStr) -> Option<String> {
    rows(text, arguments, Some(path), |row| row.get::<String>(1)).into_iter().next().flatten()
}

/// An array of JSON; null is an empty one.
fn parse<T: Fact>(json: Option<String>) -> Vec<T> {
    json.map_or_else(Vec::new, |json| template::read(&json).or_raise())
}

fn missing(schema: Oid) -> Fault {
    Fault::new(Code::UndefinedObject, format!("schema with oid {} does not exist", schema.to_u32()))
}
