//! Queries of PostgreSQL's catalogs do not find what is in other compartments' schemas: not the names of tables, columns and
//! functions, not comments, not statistics.

use super::fence;
use crate::pg::{ext, role, settings};
use crate::sys::belongs;
use crate::sys::function::{Call, raw_function};
use crate::sys::local::LocalRef;
use crate::sys::lookup;
use crate::sys::query::Sight;
use pgrx::pg_sys::{self as c, Datum, Oid};
use std::collections::BTreeMap;
use std::ffi::CStr;

/// Whether queries are to be looked at.
pub fn needed() -> bool {
    (settings::compartments() || belongs::any()) && ext::tables().is_some()
}

/// What a column of a catalog holds.
#[derive(Clone, Copy)]
enum Holds {
    Schema,
    Relation,
    Function,
    Type,
    /// An object of the catalog that this other column holds.
    Object(&'static CStr),
}

/// The catalogs whose rows say something about a schema, and the column that says which.
const CATALOGS: [(&CStr, &CStr, Holds); 34] = [
    (c"pg_namespace", c"oid", Holds::Schema),
    (c"pg_class", c"relnamespace", Holds::Schema),
    (c"pg_proc", c"pronamespace", Holds::Schema),
    (c"pg_type", c"typnamespace", Holds::Schema),
    (c"pg_constraint", c"connamespace", Holds::Schema),
    (c"pg_operator", c"oprnamespace", Holds::Schema),
    (c"pg_opclass", c"opcnamespace", Holds::Schema),
    (c"pg_opfamily", c"opfnamespace", Holds::Schema),
    (c"pg_collation", c"collnamespace", Holds::Schema),
    (c"pg_conversion", c"connamespace", Holds::Schema),
    (c"pg_ts_config", c"cfgnamespace", Holds::Schema),
    (c"pg_ts_dict", c"dictnamespace", Holds::Schema),
    (c"pg_ts_parser", c"prsnamespace", Holds::Schema),
    (c"pg_ts_template", c"tmplnamespace", Holds::Schema),
    (c"pg_statistic_ext", c"stxnamespace", Holds::Schema),
    (c"pg_default_acl", c"defaclnamespace", Holds::Schema),
    (c"pg_publication_namespace", c"pnnspid", Holds::Schema),
    (c"pg_attribute", c"attrelid", Holds::Relation),
    (c"pg_statistic", c"starelid", Holds::Relation),
    (c"pg_index", c"indrelid", Holds::Relation),
    (c"pg_trigger", c"tgrelid", Holds::Relation),
    (c"pg_rewrite", c"ev_class", Holds::Relation),
    (c"pg_policy", c"polrelid", Holds::Relation),
    (c"pg_attrdef", c"adrelid", Holds::Relation),
    (c"pg_inherits", c"inhrelid", Holds::Relation),
    (c"pg_sequence", c"seqrelid", Holds::Relation),
    (c"pg_partitioned_table", c"partrelid", Holds::Relation),
    (c"pg_foreign_table", c"ftrelid", Holds::Relation),
    (c"pg_publication_rel", c"prrelid", Holds::Relation),
    (c"pg_aggregate", c"aggfnoid", Holds::Function),
    (c"pg_enum", c"enumtypid", Holds::Type),
    (c"pg_description", c"objoid", Holds::Object(c"classoid")),
    (c"pg_seclabel", c"objoid", Holds::Object(c"classoid")),
    (c"pg_depend", c"objid", Holds::Object(c"classid")),
];

/// The same by oid, which are fixed for as long as the server runs.
static BY_OID: LocalRef<BTreeMap<u32, Column>> = LocalRef::new(BTreeMap::new());

/// A column, and the catalog whose oids it holds or the column that says which.
#[derive(Clone, Copy)]
struct Column {
    class: Result<Oid, i16>,
    number: i16,
}

fn column(catalog: Oid) -> Option<Column> {
    if BY_OID.with(BTreeMap::is_empty) {
        let found = CATALOGS.iter().filter_map(read).collect();
        BY_OID.with_mut(|known| *known = found);
    }
    BY_OID.with(|known| known.get(&catalog.to_u32()).copied())
}

fn read((catalog, column, holds): &(&CStr, &CStr, Holds)) -> Option<(u32, Column)> {
    let catalog = lookup::relation(Oid::from(c::PG_CATALOG_NAMESPACE), catalog)?;
    let class = match holds {
        Holds::Schema => Ok(c::NamespaceRelationId),
        Holds::Relation => Ok(c::RelationRelationId),
        Holds::Function => Ok(c::ProcedureRelationId),
        Holds::Type => Ok(c::TypeRelationId),
        Holds::Object(column) => Err(lookup::attribute(catalog, column)?),
    };
    Some((catalog.to_u32(), Column { class, number: lookup::attribute(catalog, column)? }))
}

/// For a catalog: the function that says whether a row is in sight, and what it is asked about.
pub fn sight(catalog: Oid) -> Option<Sight> {
    if !needed() {
        return None;
    }
    let Column { class, number } = column(catalog)?;
    let function = lookup::function(c"watertight", c"in_sight", &[c::OIDOID, c::OIDOID])?;
    Some(Sight { function, class, column: number })
}

#[inline(always)]
fn plain_if_known(call: Call) -> Option<Datum> {
    let object = call.word(1)?;
    (object < belongs::FIRST as usize).then(|| Datum::from(true))
}

fn asked(call: Call) -> Datum {
    let oid = |index| call.word(index).map_or(Oid::INVALID, |word| Oid::from(word as u32));
    Datum::from(in_sight(oid(0), oid(1)))
}

/// Whether this object of that catalog is in sight. Administrators see what there is (not what is in it).
fn in_sight(class: Oid, object: Oid) -> bool {
    let mark = match class {
        c::NamespaceRelationId => belongs::of_schema(object),
        c::RelationRelationId => belongs::of_relation(object),
        c::ProcedureRelationId => belongs::of_function(object),
        c::TypeRelationId => belongs::of_schema(lookup::type_schema(object)),
        _ => None,
    };
    mark.is_none_or(|mark| fence::is_within(mark) || role::is_admin(role::current()))
}

raw_function!(wt_in_sight, pg_finfo_wt_in_sight, fast = plain_if_known, slow = asked);
