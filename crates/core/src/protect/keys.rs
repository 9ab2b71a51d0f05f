//! Primary keys, unique constraints and unique indexes with the tenant first, and then the compartment.

use super::facts::{ConstraintFacts, IndexFacts, qualified};
use super::options::Statement;
use super::subject::Subject;
use crate::sql::{ident, literal};
use crate::{Code, Fault};

/// The unique indexes of a table that lack the tenant or the compartment.
///
/// # Errors
/// 0A000 for keys that cannot get it: the caller is told rather than left with an oracle.
pub(super) fn unscoped<'a>(table: &Subject<'a>) -> Result<Vec<&'a IndexFacts>, Fault> {
    let mut unscoped = Vec::new();
    for index in &table.facts.indexes {
        let scoped = missing(table, index).next().is_none();
        let kind = index.constraint.as_ref().map(|constraint| constraint.kind);
        if kind == Some('x') {
            exclusion(table, index)?;
        } else if index.unique && !scoped && !(index.inherited && table.from_parent) {
            possible(table, index)?;
            unscoped.push(index);
        }
    }
    Ok(unscoped)
}

/// The columns of the scope that an index lacks.
fn missing<'s>(table: &'s Subject, index: &'s IndexFacts) -> impl Iterator<Item = &'s String> {
    table.scope().filter(|name| !index.columns.iter().any(|column| column.as_ref() == Some(*name)))
}

/// Do these columns start with the scope's?
pub(super) fn is_first(table: &Subject, columns: &[Option<String>]) -> bool {
    table
        .scope()
        .enumerate()
        .all(|(place, name)| columns.get(place).is_some_and(|it| it.as_ref() == Some(name)))
}

/// Will the index start with the scope's columns when it is rebuilt?
pub(super) fn leads(table: &Subject, index: &IndexFacts) -> bool {
    !index.partial && (index.constraint.is_some() || missing(table, index).count() == table.scope().count())
}

fn exclusion(table: &Subject, index: &IndexFacts) -> Result<(), Fault> {
    let constraint = index.constraint.as_ref();
    let lacks = |name: &&String| constraint.is_none_or(|constraint| !constraint.equal_columns.contains(name));
    let Some(name) = table.scope().find(lacks).filter(|_| !(index.inherited && table.from_parent)) else {
        return Ok(());
    };
    Err(unsupported(table, index, "exclusion constraint").hint(format!(
        "Recreate it with {} WITH = as an element (the extension btree_gist has the operator class).",
        ident(name)
    )))
}

fn possible(table: &Subject, index: &IndexFacts) -> Result<(), Fault> {
    if index.inherited {
        return Err(
            unsupported(table, index, "inherited key").hint("Protect the partitioned table with scope_keys.")
        );
    }
    if index.constraint.as_ref().is_some_and(|constraint| constraint.temporal) {
        return Err(unsupported(table, index, "key WITHOUT OVERLAPS")
            .hint("Recreate it with the tenant column, and the compartment column if there is one, as its first columns."));
    }
    Ok(())
}

fn unsupported(table: &Subject, index: &IndexFacts, what: &str) -> Fault {
    Fault::new(
        Code::FeatureNotSupported,
        format!("cannot scope {what} \"{}\" of table {}", index.name, table.facts.label()),
    )
}

/// The statements that rebuild a key under its own name, with everything it had.
pub(super) fn rebuild(table: &Subject, index: &IndexFacts) -> Vec<Statement> {
    let mut out = match &index.constraint {
        Some(constraint) => rebuild_constraint(table, index, constraint),
        None => rebuild_index(table, index),
    };
    let name = ident(&index.name);
    if index.replica_identity {
        out.push(table.alter(&format!("REPLICA IDENTITY USING INDEX {name}")));
    }
    if index.clustered {
        out.push(table.alter(&format!("CLUSTER ON {name}")));
    }
    if let Some(comment) = &index.comment {
        let index = qualified(&table.facts.schema, &index.name);
        out.push(table.run(format!("COMMENT ON INDEX {index} IS {}", literal(comment))));
    }
    out
}

fn rebuild_constraint(table: &Subject, index: &IndexFacts, constraint: &ConstraintFacts) -> Vec<Statement> {
    let name = ident(&index.name);
    let kind = match (constraint.kind, index.nulls_not_distinct) {
        ('p', _) => "PRIMARY KEY",
        (_, true) => "UNIQUE NULLS NOT DISTINCT",
        (_, false) => "UNIQUE",
    };
    let own = index.columns.iter().flatten().filter(|name| table.scope().all(|scope| scope != *name));
    let columns = list(table.scope().chain(own));
    let mut definition = format!("{kind} ({columns})");
    if !index.include.is_empty() {
        definition.push_str(&format!(" INCLUDE ({})", list(index.include.iter())));
    }
    if let Some(options) = &index.options {
        definition.push_str(&format!(" WITH ({options})"));
    }
    if let Some(tablespace) = &index.tablespace {
        definition.push_str(&format!(" USING INDEX TABLESPACE {}", ident(tablespace)));
    }
    definition.push_str(deferral(constraint.deferrable, constraint.deferred));
    let mut out = vec![table.alter(&format!("DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {definition}"))];
    if let Some(comment) = &constraint.comment {
        out.push(table.run(format!(
            "COMMENT ON CONSTRAINT {name} ON {} IS {}",
            table.facts.sql(),
            literal(comment)
        )));
    }
    out
}

/// Expressions, operator classes, INCLUDE and the predicate come from `pg_get_indexdef` unchanged; the tablespace is not in
/// its text.
fn rebuild_index(table: &Subject, index: &IndexFacts) -> Vec<Statement> {
    let name = qualified(&table.facts.schema, &index.name);
    let mut out = vec![
        table.run(format!("DROP INDEX {name}")),
        table.run(format!(
            "CREATE UNIQUE INDEX {} ON {} USING btree ({}, {}",
            ident(&index.name),
            table.facts.sql(),
            list(missing(table, index)),
            index.tail
        )),
    ];
    if let Some(tablespace) = &index.tablespace {
        out.push(table.run(format!("ALTER INDEX {name} SET TABLESPACE {}", ident(tablespace))));
    }
    out
}

/// `"a", "b"`.
pub(super) fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| ident(name)).collect::<Vec<_>>().join(", ")
}

/// The end of a constraint.
pub(super) const fn deferral(deferrable: bool, deferred: bool) -> &'static str {
    match (deferrable, deferred) {
        (_, true) => " DEFERRABLE INITIALLY DEFERRED",
        (true, false) => " DEFERRABLE",
        (false, false) => "",
    }
}
