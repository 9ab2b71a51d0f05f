//! What cannot be copied.

use super::facts::Template;
use super::plan::Options;
use super::relation::Relation;
use crate::{Code, Fault};

/// # Errors
/// 0A000, naming the object.
pub fn refuse(template: &Template, options: Options<'_>) -> Result<(), Fault> {
    super::schema(&template.schema)?;
    if let Some(object) = template.unsupported.first() {
        return Err(cannot(object).detail(
            "A template holds tables, views, sequences, functions and types that belong to no extension and have no security labels.",
        ));
    }
    for kind in &template.types {
        if !matches!(kind.kind, 'e' | 'd' | 'c' | 'r') {
            return Err(cannot(&format!("type \"{}.{}\"", template.schema, kind.name))
                .detail("Only enums, domains, composite types and ranges can be copied."));
        }
        if kind.range.as_ref().is_some_and(|range| range.canonical) {
            return Err(cannot(&format!("type \"{}.{}\"", template.schema, kind.name))
                .detail("It has a canonical function."));
        }
    }
    template.relations.iter().try_for_each(|relation| table(template, relation, options))
}

fn table(template: &Template, relation: &Relation, options: Options<'_>) -> Result<(), Fault> {
    let label = format!("\"{}.{}\"", template.schema, relation.name);
    if !matches!(relation.kind, 'r' | 'p' | 'v' | 'm') {
        let kind = if relation.kind == 'f' { "foreign table" } else { "relation" };
        return Err(cannot(&format!("{kind} {label}")));
    }
    if let Some(parent) = relation.parents.iter().find(|parent| !parent.inside) {
        return Err(cannot(&format!("table {label}"))
            .detail(format!("It inherits from {}, which is not in the template.", parent.label)));
    }
    if let Some(partition) = &relation.outside_partition {
        return Err(cannot(&format!("table {label}"))
            .detail(format!("Its partition {partition} is not in the template.")));
    }
    if relation.kind == 'm' && options.unlogged {
        return Err(cannot(&format!("materialized view {label}"))
            .detail("Its rows would be written to the write-ahead log.")
            .hint("Use a view in templates of ephemeral compartments."));
    }
    let reaches_inside =
        |oid: u32| template.relations.iter().any(|other| other.oid == oid && other.kind == 'r');
    let logged_key = relation
        .constraints
        .iter()
        .find(|key| key.references.is_some_and(reaches_inside) && relation.kind == 'p');
    if options.unlogged
        && template.version >= 180_000
        && let Some(key) = logged_key
    {
        return Err(cannot(&format!("foreign key \"{}\" of table {label}", key.name))
            .detail("A partitioned table cannot be unlogged, and then cannot reference an unlogged table."));
    }
    Ok(())
}

fn cannot(what: &str) -> Fault {
    Fault::new(Code::FeatureNotSupported, format!("cannot clone {what}"))
}
