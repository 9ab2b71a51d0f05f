//! Comments.

use super::plan::Work;
use super::relation::Relation;
use crate::sql::{ident, literal};

/// All of them, except those of late foreign keys.
pub fn all(work: &mut Work<'_>) {
    let template = work.template;
    let schema = ident(work.options.schema);
    put(work, template.owner, || format!("SCHEMA {schema}"), template.comment.as_deref());
    for kind in &template.types {
        let name = work.name(&kind.name);
        // DOMAIN is a TYPE, too.
        put(work, kind.owner, || format!("TYPE {name}"), kind.comment.as_deref());
        for constraint in &kind.constraints {
            let on = || format!("CONSTRAINT {} ON DOMAIN {name}", ident(&constraint.name));
            put(work, kind.owner, on, constraint.comment.as_deref());
        }
        for attribute in &kind.attributes {
            let on = || format!("COLUMN {name}.{}", ident(&attribute.name));
            put(work, kind.owner, on, attribute.comment.as_deref());
        }
    }
    for function in &template.functions {
        let on = || format!("ROUTINE {schema}.{}", function.signature);
        put(work, function.owner, on, function.comment.as_deref());
    }
    for sequence in &template.sequences {
        let name = work.name(&sequence.name);
        put(work, sequence.owner, || format!("SEQUENCE {name}"), sequence.comment.as_deref());
    }
    for relation in &template.relations {
        of_relation(work, relation);
    }
}

fn of_relation(work: &mut Work<'_>, relation: &Relation) {
    let name = work.name(&relation.name);
    let owner = relation.owner;
    let kind = match relation.kind {
        'v' => "VIEW",
        'm' => "MATERIALIZED VIEW",
        _ => "TABLE",
    };
    put(work, owner, || format!("{kind} {name}"), relation.comment.as_deref());
    for column in &relation.columns {
        put(work, owner, || format!("COLUMN {name}.{}", ident(&column.name)), column.comment.as_deref());
    }
    for constraint in &relation.constraints {
        if let Some(comment) = &constraint.comment
            && !work.late_keys.contains(&(relation.oid, constraint.name.clone()))
        {
            work.push(owner, on_constraint(&constraint.name, &name, comment));
        }
    }
    for index in &relation.indexes {
        let index_name = work.name(&index.name);
        put(work, owner, || format!("INDEX {index_name}"), index.comment.as_deref());
    }
    let parts = [("TRIGGER", &relation.triggers), ("RULE", &relation.rules)];
    for (kind, parts) in parts {
        for part in parts {
            put(work, owner, || format!("{kind} {} ON {name}", ident(&part.name)), part.comment.as_deref());
        }
    }
    for policy in &relation.policies {
        put(work, owner, || format!("POLICY {} ON {name}", ident(&policy.name)), policy.comment.as_deref());
    }
    for statistics in &relation.statistics {
        let statistics_name = work.name(&statistics.name);
        put(work, statistics.owner, || format!("STATISTICS {statistics_name}"), statistics.comment.as_deref());
    }
}

/// The comment of a table's constraint.
pub fn on_constraint(constraint: &str, table: &str, comment: &str) -> String {
    format!("COMMENT ON CONSTRAINT {} ON {table} IS {}", ident(constraint), literal(comment))
}

fn put(work: &mut Work<'_>, role: u32, on: impl FnOnce() -> String, comment: Option<&str>) {
    if let Some(comment) = comment {
        work.push(role, format!("COMMENT ON {} IS {}", on(), literal(comment)));
    }
}
