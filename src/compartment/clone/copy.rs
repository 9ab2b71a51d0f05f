//! What is copied from catalog to catalog: grants, statistics targets.
//!
//! GRANT could say the same only with a statement for each grantor, after taking away what default privileges have given,
//! and would leave something out where an owner has taken a right from itself. A copy of the list is exact: the owners are
//! the same. With it go the entries by which PostgreSQL knows that a role cannot be dropped. (`pg_init_privs` concerns objects of
//! extensions, which are not copied.)

use super::query::{as_owner, execute, path, rows};
use crate::pg::error::raise;
use crate::sys::lookup;
use pgrx::pg_sys::{self, Oid};
use pgrx::spi::SpiHeapTupleData;
use std::collections::{HashMap, HashSet};
use std::ffi::CString;
use watertight_core::compartment::template::Copies;
use watertight_core::{Code, Fault};

const PAIRS: &str = include_str!("queries/pairs.sql");
const SCHEMA: &str = include_str!("queries/acl_namespace.sql");
const RELATIONS: &str = include_str!("queries/acl_class.sql");
const TYPES: &str = include_str!("queries/acl_type.sql");
const FUNCTIONS: &str = include_str!("queries/acl_proc.sql");
const COLUMNS: &str = include_str!("queries/acl_columns.sql");
const WITHOUT_STATISTICS: &str = include_str!("queries/without_statistics.sql");
const INHERITED: &str = include_str!("queries/inherited.sql");
const CLEAR: &str = include_str!("queries/acl_clear.sql");
const ROLES: &str = include_str!("queries/acl_roles.sql");

/// Objects of the template and their copies.
type Pairs = Vec<(Oid, Oid)>;

/// Copies everything that the plan names, with bounded statements on catalogs: by the oids of both objects.
pub fn all(copies: &Copies, template: Oid, schema: &str) {
    as_owner(|| {
        let name = CString::new(schema).unwrap_or_default();
        let Some(copy) = lookup::schema(&name) else { return };
        let found = find(copies, copy, schema);
        let of = |class: Oid, wanted: &mut dyn Iterator<Item = u32>| -> Pairs {
            wanted.filter_map(|old| Some((Oid::from(old), *found.get(&(class, Oid::from(old)))?))).collect()
        };
        let relations = |wanted: &[u32]| of(pg_sys::RelationRelationId, &mut wanted.iter().copied());
        let schemas = if copies.schema { vec![(template, copy)] } else { Vec::new() };
        let functions = &mut copies.functions.iter().map(|(oid, _)| *oid);
        let grants = [
            (pg_sys::NamespaceRelationId, SCHEMA, schemas),
            (pg_sys::RelationRelationId, RELATIONS, relations(&copies.relations)),
            (pg_sys::TypeRelationId, TYPES, of(pg_sys::TypeRelationId, &mut copies.types.iter().copied())),
            (pg_sys::ProcedureRelationId, FUNCTIONS, of(pg_sys::ProcedureRelationId, functions)),
            // Their roles are entered under the relation's oid.
            (pg_sys::RelationRelationId, COLUMNS, relations(&copies.columns)),
        ];
        let mut entries = HashSet::new();
        for (class, update, pairs) in &grants {
            change(update, pairs);
            entries.extend(pairs.iter().map(|(old, new)| (*class, *old, *new)));
        }
        enter_roles(entries, copies.clear || copies.schema);
        without_statistics(&relations(&copies.without_statistics));
        change(INHERITED, &relations(&copies.children));
    });
}

fn change(update: &'static str, pairs: &Pairs) {
    if !pairs.is_empty() {
        let (old, new): (Vec<Oid>, Vec<Oid>) = pairs.iter().copied().unzip();
        execute(update, &[old.into(), new.into()]);
    }
}

/// The copies of all objects that the plan names, by class and oid.
fn find(copies: &Copies, copy: Oid, schema: &str) -> HashMap<(Oid, Oid), Oid> {
    let named = copies
        .relations
        .iter()
        .chain(&copies.columns)
        .chain(&copies.without_statistics)
        .chain(&copies.children);
    let relations: HashSet<u32> = named.copied().collect();
    let mut found: HashMap<(Oid, Oid), Oid> = relations
        .into_iter()
        .map(Oid::from)
        .filter_map(|old| Some(((pg_sys::RelationRelationId, old), lookup::namesake(old, copy)?)))
        .collect();
    if copies.types.is_empty() && copies.functions.is_empty() {
        return found;
    }
    let (functions, signatures): (Vec<Oid>, Vec<String>) =
        copies.functions.iter().map(|(oid, signature)| (Oid::from(*oid), signature.clone())).unzip();
    let types: Vec<Oid> = copies.types.iter().copied().map(Oid::from).collect();
    let arguments = [copy.into(), types.into(), functions.into(), signatures.into()];
    let read = |row: &SpiHeapTupleData| Ok((row.get(1)?, row.get(2)?, row.get(3)?));
    let pairs: Vec<(Option<Oid>, Option<Oid>, Option<Oid>)> =
        rows(PAIRS, &arguments, Some(&path(schema)), read);
    found.extend(pairs.into_iter().filter_map(|(class, old, new)| Some(((class?, old?), new?))));
    found
}

/// Enters the roles that grants name, as GRANT does. Each is locked as GRANT locks it: a role that is being dropped at this moment
/// cannot have seen the entry.
fn enter_roles(entries: HashSet<(Oid, Oid, Oid)>, clear: bool) {
    if entries.is_empty() {
        return;
    }
    let classes: Vec<Oid> = entries.iter().map(|(class, _, _)| *class).collect();
    let old: Vec<Oid> = entries.iter().map(|(_, old, _)| *old).collect();
    let new: Vec<Oid> = entries.iter().map(|(_, _, new)| *new).collect();
    if clear {
        execute(CLEAR, &[classes.clone().into(), new.clone().into()]);
    }
    let roles = rows(ROLES, &[classes.into(), old.into(), new.into()], None, |row| row.get::<Oid>(1));
    let roles: HashSet<Oid> = roles.into_iter().flatten().collect();
    if !roles.into_iter().all(lookup::lock_role) {
        raise(
            Fault::new(
                Code::NotInPrerequisiteState,
                "a role with rights on the template was dropped concurrently",
            )
            .hint("Try again."),
        );
    }
}

/// ANALYZE writes values of rows to `pg_statistic`, which is logged, whatever the table is: they would reach the write-ahead log,
/// backups and standbys. With a target of 0 a column is passed over. That holds for a manual ANALYZE, too, which
/// `autovacuum_enabled` does not stop.
fn without_statistics(relations: &Pairs) {
    if !relations.is_empty() {
        let relations: Vec<Oid> = relations.iter().map(|(_, new)| *new).collect();
        execute(WITHOUT_STATISTICS, &[relations.into()]);
    }
}
