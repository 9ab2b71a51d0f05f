//! Comments.

use super::plan::Work;
use super::relation::Relation;
use crate::sql::{ident, literal};

/// All of them, except those of late foreign keys.
pub fn all(work: &mut Work<'_>) {
    if work.comments.is_empty() {
        return;
    }
    let template = work.template;
    let schema = ident(work.options.schema);
    put(work, template.owner, ("pg_namespace", template.oid, 0), || format!("SCHEMA {schema}"));
    for kind in &template.types {
        let name = work.name(&kind.name);
        // DOMAIN is a TYPE, too.
        put(work, kind.owner, ("pg_type", kind.oid, 0), || format!("TYPE {name}"));
        for constraint in &kind.constraints {
            let on = || format!("CONSTRAINT {} ON DOMAIN {name}", ident(&constraint.name));
            put(work, kind.owner, ("pg_constraint", constraint.oid, 0), on);
        }
        for attribute in &kind.attributes {
            let on = || format!("COLUMN {name}.{}", ident(&attribute.name));
            put(work, kind.owner, ("pg_class", kind.relation, attribute.number), on);
        }
    }
    for function in &template.functions {
        let on = || format!("ROUTINE {schema}.{}", function.signature);
        put(work, function.owner, ("pg_proc", function.oid, 0), on);
    }
    for sequence in &template.sequences {
        let name = work.name(&sequence.name);
        put(work, sequence.owner, ("pg_class", sequence.oid, 0), || format!("SEQUENCE {name}"));
    }
    template.relations.iter().for_each(|relation| of_relation(work, relation));
}

fn of_relation(work: &mut Work<'_>, relation: &Relation) {
    let name = work.name(&relation.name);
    let owner = relation.owner;
    let kind = match relation.kind {
        'v' => "VIEW",
        'm' => "MATERIALIZED VIEW",
        _ => "TABLE",
    };
    put(work, owner, ("pg_class", relation.oid, 0), || format!("{kind} {name}"));
    for column in &relation.columns {
        let on = || format!("COLUMN {name}.{}", ident(&column.name));
        put(work, owner, ("pg_class", relation.oid, column.number), on);
    }
    for index in &relation.indexes {
        let index_name = work.name(&index.name);
        put(work, owner, ("pg_class", index.oid, 0), || format!("INDEX {index_name}"));
    }
    for statistics in &relation.statistics {
        let statistics_name = work.name(&statistics.name);
        let on = || format!("STATISTICS {statistics_name}");
        put(work, statistics.owner, ("pg_statistic_ext", statistics.oid, 0), on);
    }
    let constraints =
        relation.constraints.iter().map(|part| ("CONSTRAINT", "pg_constraint", part.oid, &part.name));
    let triggers = relation.triggers.iter().map(|part| ("TRIGGER", "pg_trigger", part.oid, &part.name));
    let rules = relation.rules.iter().map(|part| ("RULE", "pg_rewrite", part.oid, &part.name));
    let policies = relation.policies.iter().map(|part| ("POLICY", "pg_policy", part.oid, &part.name));
    for (kind, class, oid, part) in constraints.chain(triggers).chain(rules).chain(policies) {
        put(work, owner, (class, oid, 0), || format!("{kind} {} ON {name}", ident(part)));
    }
}

/// A statement that comments on something.
pub fn comment(on: &str, text: &str) -> String {
    format!("COMMENT ON {on} IS {}", literal(text))
}

fn put(work: &mut Work<'_>, role: u32, object: (&'static str, u32, i32), on: impl FnOnce() -> String) {
    if let Some(text) = work.comments.remove(&object) {
        work.push(role, comment(&on(), text));
    }
}
