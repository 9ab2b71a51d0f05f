//! Foreign keys between protected tables, with the tenants of both sides first, and their compartments.

use std::collections::BTreeSet;

use super::column::Holds;
use super::facts::{ColumnFacts, ForeignKeyFacts, Side, SideTenant};
use super::keys::{deferral, list};
use super::options::Statement;
use super::subject::Subject;
use crate::sql::{ident, literal};
use crate::{Code, Fault};

/// A foreign key to replace.
pub(super) struct Change<'a> {
    pub key: u32,
    /// It will join rows of one compartment.
    pub within: bool,
    pub drop: Statement,
    pub add: Vec<Statement>,
    /// Existing rows are checked: these tables must show them all.
    pub checks: Vec<&'a Side>,
}

/// The foreign keys, in either direction, of the tables with `scope_keys` that have to change.
///
/// # Errors
/// 2BP01 for a referencing table without protection (or without compartments), 42804 for tenant columns of different types, 0A000 for what a
/// composite key cannot express.
pub(super) fn changes<'a>(
    tables: &[&Subject<'a>],
    rebuilt: &BTreeSet<u32>,
) -> Result<Vec<Change<'a>>, Fault> {
    let mut seen = BTreeSet::new();
    let mut changes = Vec::new();
    for table in tables.iter().filter(|table| table.scope_keys) {
        for key in table.facts.foreign_keys.iter().chain(&table.facts.referenced_by) {
            if !key.inherited && seen.insert(key.oid) {
                changes.extend(change(key, tables, rebuilt.contains(&key.index))?);
            }
        }
    }
    Ok(changes)
}

fn change<'a>(
    key: &'a ForeignKeyFacts,
    tables: &[&Subject],
    must: bool,
) -> Result<Option<Change<'a>>, Fault> {
    let Some(parent) = tenant(&key.parent, tables) else { return Ok(None) };
    let Some(child) = tenant(&key.child, tables) else {
        return if must { Err(unprotected(key)) } else { Ok(None) };
    };
    let scope = match (&child.compartment, &parent.compartment) {
        (None, Some(_)) => return if must { Err(without_compartment(key)) } else { Ok(None) },
        (Some(child_column), Some(parent_column)) => {
            vec![(&child.column, &parent.column), (child_column, parent_column)]
        }
        (_, None) => vec![(&child.column, &parent.column)],
    };
    let scoped = Scoped::of(key, &scope);
    if !must && (scoped.is_complete(&scope) || scoped.touches(&scope) || !has_key(key, &scope, &scoped)) {
        return Ok(None);
    }
    if scoped.touches(&scope) {
        return Err(unsupported(key, "uses a tenant or compartment column for something else")
            .hint("Drop it, protect the table, and create it again with the tenant columns of both sides."));
    }
    if Holds::of(&child.type_name) != Holds::of(&parent.type_name) {
        return Err(types_differ(key, &child, &parent));
    }
    possible(key)?;
    Ok(Some(replace(key, &scope, &scoped)))
}

/// Column of the referencing table, column of the referenced one.
type Pair<'a> = (&'a String, &'a String);

/// A foreign key's columns: those of the scope that it has already, and its own.
struct Scoped<'a> {
    has: usize,
    own: Vec<Pair<'a>>,
}

impl<'a> Scoped<'a> {
    fn of(key: &'a ForeignKeyFacts, scope: &[Pair]) -> Scoped<'a> {
        let (has, own): (Vec<Pair>, Vec<Pair>) =
            key.columns.iter().zip(&key.referenced).partition(|pair| scope.contains(pair));
        Scoped { has: has.len(), own }
    }

    fn is_complete(&self, scope: &[Pair]) -> bool {
        self.has == scope.len()
    }

    /// Are columns of the scope among its own?
    fn touches(&self, scope: &[Pair]) -> bool {
        self.own.iter().any(|own| scope.iter().any(|pair| own.0 == pair.0 || own.1 == pair.1))
    }
}

/// Does it include the tenant and the compartment of both sides, for nothing else?
pub(super) fn is_scoped(key: &ForeignKeyFacts, child: &SideTenant, parent: &SideTenant) -> bool {
    let (Some(child_column), Some(parent_column)) = (&child.compartment, &parent.compartment) else {
        return false;
    };
    let scope = [(&child.column, &parent.column), (child_column, parent_column)];
    let scoped = Scoped::of(key, &scope);
    scoped.is_complete(&scope) && !scoped.touches(&scope)
}

/// The tenant column of one side: of this plan, else of the registry.
pub(super) fn tenant(side: &Side, tables: &[&Subject]) -> Option<SideTenant> {
    let planned = tables.iter().find(|table| table.facts.oid == side.oid);
    planned.map_or_else(
        || side.tenant.clone(),
        |table| {
            let column = table.column();
            let of = |text: fn(&ColumnFacts) -> &str| column.map_or("uuid", text).to_owned();
            Some(SideTenant {
                column: table.tenant_column.clone(),
                type_name: of(|column| &column.type_name),
                shown_type: of(|column| &column.shown_type),
                compartment: table.compartment_column.clone(),
            })
        },
    )
}

/// Has the referenced table a key over the scope and exactly these columns already?
fn has_key(key: &ForeignKeyFacts, scope: &[Pair], scoped: &Scoped) -> bool {
    let wanted: BTreeSet<&String> = scope.iter().chain(&scoped.own).map(|pair| pair.1).collect();
    key.parent.keys.iter().any(|columns| columns.iter().collect::<BTreeSet<_>>() == wanted)
}

fn possible(key: &ForeignKeyFacts) -> Result<(), Fault> {
    if key.temporal {
        return Err(
            unsupported(key, "has a PERIOD").hint("Create it again with the tenant columns of both sides.")
        );
    }
    if matches!(key.on_update, 'n' | 'd') {
        return Err(unsupported(key, "would change the tenant ON UPDATE").hint(
            "ON UPDATE SET NULL and SET DEFAULT cannot be limited to some columns. Use CASCADE or NO ACTION.",
        ));
    }
    if key.match_full && key.nullable && key.columns.len() > 1 {
        return Err(unsupported(key, "is MATCH FULL over columns that may be null")
            .hint("The tenant is never null. Use MATCH SIMPLE, or SET NOT NULL on the columns."));
    }
    Ok(())
}

fn unsupported(key: &ForeignKeyFacts, why: &str) -> Fault {
    Fault::new(
        Code::FeatureNotSupported,
        format!("cannot scope foreign key \"{}\" of table {}: it {why}", key.name, key.child.label()),
    )
}

fn unprotected(key: &ForeignKeyFacts) -> Fault {
    Fault::new(
        Code::DependentObjects,
        format!(
            "cannot scope the keys of table {} because table {} references it and is not protected",
            key.parent.label(),
            key.child.label()
        ),
    )
    .detail(format!("Foreign key: \"{}\".", key.name))
    .hint(format!("Protect table {} first.", key.child.label()))
}

fn without_compartment(key: &ForeignKeyFacts) -> Fault {
    Fault::new(
        Code::DependentObjects,
        format!(
            "cannot scope the keys of table {} because table {} references it and has no compartment column",
            key.parent.label(),
            key.child.label()
        ),
    )
    .detail(format!("Foreign key: \"{}\".", key.name))
    .hint(format!("Protect table {} with compartment_column first.", key.child.label()))
}

fn types_differ(key: &ForeignKeyFacts, child: &SideTenant, parent: &SideTenant) -> Fault {
    Fault::new(
        Code::DatatypeMismatch,
        format!(
            "foreign key \"{}\" of table {} joins tenant columns of different types",
            key.name,
            key.child.label()
        ),
    )
    .detail(format!(
        "\"{}\" is {}, \"{}\" of table {} is {}.",
        child.column,
        child.shown_type,
        parent.column,
        key.parent.label(),
        parent.shown_type
    ))
    .hint("Tables that reference each other need tenant columns of one type.")
}

fn replace<'a>(key: &'a ForeignKeyFacts, scope: &[Pair], scoped: &Scoped) -> Change<'a> {
    let (name, relation) = (ident(&key.name), key.child.sql());
    let run =
        |sql| Statement { relation: key.child.oid, reads: Some(key.parent.oid), owner: key.child.owner, sql };
    let columns = list(scope.iter().chain(&scoped.own).map(|pair| pair.0));
    let referenced = list(scope.iter().chain(&scoped.own).map(|pair| pair.1));
    let add = format!(
        "ALTER TABLE {relation} ADD CONSTRAINT {name} FOREIGN KEY ({columns}) REFERENCES {} ({referenced}){}",
        key.parent.sql(),
        rest(key, scoped)
    );
    let comment = key
        .comment
        .iter()
        .map(|comment| run(format!("COMMENT ON CONSTRAINT {name} ON {relation} IS {}", literal(comment))));
    Change {
        key: key.oid,
        within: scope.len() > 1,
        drop: run(format!("ALTER TABLE {relation} DROP CONSTRAINT {name}")),
        add: std::iter::once(run(add)).chain(comment).collect(),
        checks: if key.validated && key.enforced { vec![&key.child, &key.parent] } else { Vec::new() },
    }
}

/// MATCH FULL over one column means the same as MATCH SIMPLE; beside the tenant, which is never null, it would
/// forbid the null that it allowed.
fn rest(key: &ForeignKeyFacts, scoped: &Scoped) -> String {
    let mut rest = String::new();
    if key.match_full && !key.nullable {
        rest.push_str(" MATCH FULL");
    }
    rest.push_str(&action(" ON UPDATE", key.on_update, ""));
    let only = if key.delete_columns.is_empty() {
        list(scoped.own.iter().map(|pair| pair.0))
    } else {
        list(key.delete_columns.iter())
    };
    rest.push_str(&action(" ON DELETE", key.on_delete, &format!(" ({only})")));
    rest.push_str(deferral(key.deferrable, key.deferred));
    if !key.enforced {
        rest.push_str(" NOT ENFORCED");
    } else if !key.validated {
        rest.push_str(" NOT VALID");
    }
    rest
}

fn action(event: &str, action: char, columns: &str) -> String {
    match action {
        'c' => format!("{event} CASCADE"),
        'r' => format!("{event} RESTRICT"),
        'n' => format!("{event} SET NULL{columns}"),
        'd' => format!("{event} SET DEFAULT{columns}"),
        _ => String::new(),
    }
}
