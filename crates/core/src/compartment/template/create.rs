//! Tables and views: the statement that creates one.

use super::plan::Work;
use super::print::{options, unreadable};
use super::relation::{Column, Constraint, Relation};
use super::types::{collate, values};
use crate::Fault;
use crate::sql::ident;
use std::collections::BTreeSet;

/// A table with everything that CREATE TABLE can say, or a view. Partitions and children are created on their own, so that
/// their columns keep their order.
///
/// # Errors
/// 55000 for a definition that cannot be read.
pub fn create(
    work: &mut Work<'_>,
    relation: &Relation,
    late_defaults: bool,
    late_keys: &BTreeSet<u32>,
) -> Result<(), Fault> {
    let name = work.name(&relation.name);
    match relation.kind {
        'r' | 'p' => table(work, relation, &name, late_defaults, late_keys),
        'v' => view(work, relation, &name)?,
        _ => materialized_view(work, relation, &name)?,
    }
    Ok(())
}

fn table(work: &mut Work<'_>, table: &Relation, name: &str, late_defaults: bool, late_keys: &BTreeSet<u32>) {
    let mut lines: Vec<String> =
        table.columns.iter().map(|column| column_line(work, table, column, late_defaults)).collect();
    let mut late = Vec::new();
    for constraint in &table.constraints {
        let line = format!("CONSTRAINT {} {}", ident(&constraint.name), constraint.definition);
        if is_inline(work, table, constraint, late_defaults, late_keys) {
            lines.push(line);
        } else if constraint.kind == 'f' {
            work.late_key(table, constraint, &line);
        } else {
            late.push(format!("ADD {line}"));
        }
    }
    let mut sql = String::from("CREATE ");
    if work.is_unlogged(table) {
        sql.push_str("UNLOGGED ");
    }
    sql.push_str(&format!("TABLE {name} ({})", lines.join(", ")));
    if let Some(key) = &table.partition_key {
        sql.push_str(&format!(" PARTITION BY {key}"));
    }
    sql.push_str(&storage(work, table));
    work.push(table.owner, sql);
    let columns = table.columns.iter();
    late.extend(columns.clone().filter_map(|column| {
        let storage = match column.storage? {
            'p' => "PLAIN",
            'e' => "EXTERNAL",
            'x' => "EXTENDED",
            _ => "MAIN",
        };
        Some(format!("ALTER COLUMN {} SET STORAGE {storage}", ident(&column.name)))
    }));
    late.extend(columns.clone().filter(|column| !column.options.is_empty()).map(|column| {
        let options = options(column.options.iter().map(|option| ("", option.as_str())));
        format!("ALTER COLUMN {} SET{options}", ident(&column.name))
    }));
    if late_defaults {
        late.extend(columns.filter(|column| column.generated.is_none()).filter_map(|column| {
            Some(format!("ALTER COLUMN {} SET DEFAULT {}", ident(&column.name), column.default.as_ref()?))
        }));
    }
    work.late(table, late);
}

/// Foreign keys here look at no rows, unlike those that are added later.
fn is_inline(
    work: &Work<'_>,
    table: &Relation,
    constraint: &Constraint,
    late_defaults: bool,
    late_keys: &BTreeSet<u32>,
) -> bool {
    match constraint.kind {
        'p' | 'u' => true,
        'n' => constraint.validated,
        'c' => constraint.validated && !late_defaults,
        'f' => {
            let referenced = constraint.references.and_then(|oid| work.relations.get(&oid));
            constraint.validated
                && !constraint.on_index
                && constraint.references.is_some_and(|oid| !late_keys.contains(&oid))
                && referenced.is_none_or(|referenced| referenced.owner == table.owner)
        }
        // Exclusion constraints may need anything.
        _ => false,
    }
}

fn column_line(work: &Work<'_>, table: &Relation, column: &Column, late_defaults: bool) -> String {
    let mut line = format!("{} {}", ident(&column.name), column.type_name);
    if let Some(compression) = column.compression {
        line.push_str(if compression == 'l' { " COMPRESSION lz4" } else { " COMPRESSION pglz" });
    }
    line.push_str(&collate(column.collation.as_deref()));
    match (&column.default, column.generated) {
        (Some(default), Some(kind)) => {
            let kind = if kind == 'v' { "VIRTUAL" } else { "STORED" };
            line.push_str(&format!(" GENERATED ALWAYS AS ({default}) {kind}"));
        }
        (Some(default), None) if !late_defaults => line.push_str(&format!(" DEFAULT {default}")),
        _ => {}
    }
    // A partition that has its identity from the parent gets it back from there.
    if let (Some(kind), Some(sequence)) =
        (column.identity, work.identities.get(&(table.oid, column.name.as_str())))
    {
        let kind = if kind == 'a' { "ALWAYS" } else { "BY DEFAULT" };
        let name = work.name(&sequence.name);
        line.push_str(&format!(" GENERATED {kind} AS IDENTITY (SEQUENCE NAME {name}{})", values(sequence)));
    }
    let named = |constraint: &&Constraint| constraint.column.as_deref() == Some(&column.name);
    if column.not_null && table.constraints.iter().find(named).is_none() {
        line.push_str(" NOT NULL");
    }
    line
}

/// ` USING m WITH (...) TABLESPACE t`
fn storage(work: &Work<'_>, relation: &Relation) -> String {
    let mut sql = String::new();
    if let Some(method) = relation.access_method.as_deref().filter(|method| *method != "heap") {
        sql.push_str(&format!(" USING {}", ident(method)));
    }
    let unlogged = work.options.unlogged && relation.kind == 'r';
    let own = relation
        .options
        .iter()
        .map(String::as_str)
        .filter(|option| !unlogged || !option.starts_with("autovacuum_enabled="))
        // Autovacuum would read the rows to write down what values there are.
        .chain(unlogged.then_some("autovacuum_enabled=false"))
        .map(|option| ("", option));
    let with = options(own.chain(relation.toast_options.iter().map(|option| ("toast.", option.as_str()))));
    if !with.is_empty() {
        sql.push_str(&format!(" WITH{with}"));
    }
    if let Some(tablespace) = &relation.tablespace {
        sql.push_str(&format!(" TABLESPACE {}", ident(tablespace)));
    }
    sql
}

fn query<'a>(view: &'a Relation) -> Result<&'a str, Fault> {
    let query = view.view.as_deref().ok_or_else(|| unreadable(&view.name))?;
    Ok(query.trim_end().trim_end_matches(';'))
}

fn view(work: &mut Work<'_>, view: &Relation, name: &str) -> Result<(), Fault> {
    let with = options(view.options.iter().map(|option| ("", option.as_str())));
    let with = if with.is_empty() { with } else { format!(" WITH{with}") };
    work.push(view.owner, format!("CREATE VIEW {name}{with} AS {}", query(view)?));
    let defaults = view.columns.iter().filter_map(|column| {
        Some(format!("ALTER COLUMN {} SET DEFAULT {}", ident(&column.name), column.default.as_ref()?))
    });
    work.late(view, defaults.collect());
    Ok(())
}

fn materialized_view(work: &mut Work<'_>, view: &Relation, name: &str) -> Result<(), Fault> {
    let data = if view.populated { "WITH DATA" } else { "WITH NO DATA" };
    let storage = storage(work, view);
    work.push(view.owner, format!("CREATE MATERIALIZED VIEW {name}{storage} AS {} {data}", query(view)?));
    Ok(())
}
