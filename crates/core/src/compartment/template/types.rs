//! Sequences and types.

use super::facts::{Range, Sequence, Type};
use super::plan::Work;
use super::print::unreadable;
use crate::Fault;
use crate::sql::{ident, literal};

/// A sequence of its own, or of a serial column. Its values start anew. It is unlogged only where the template's is: how far a
/// sequence has counted is no more than the catalogs tell, and to make an unlogged one takes PostgreSQL milliseconds.
pub fn sequence(work: &mut Work<'_>, sequence: &Sequence) {
    let unlogged = if sequence.unlogged { "UNLOGGED " } else { "" };
    let sql = format!(
        "CREATE {unlogged}SEQUENCE {} AS {}{}",
        work.name(&sequence.name),
        sequence.type_name,
        values(sequence)
    );
    work.push(sequence.owner, sql);
}

/// ` START WITH 1 INCREMENT BY 1 ...`
pub fn values(sequence: &Sequence) -> String {
    format!(
        " START WITH {} INCREMENT BY {} MINVALUE {} MAXVALUE {} CACHE {}{}",
        sequence.start,
        sequence.increment,
        sequence.minimum,
        sequence.maximum,
        sequence.cache,
        if sequence.cycle { " CYCLE" } else { "" }
    )
}

/// A type.
///
/// # Errors
/// 55000 for one that lacks what its kind has.
pub fn create(work: &mut Work<'_>, kind: &Type) -> Result<(), Fault> {
    let name = work.name(&kind.name);
    let sql = match (kind.kind, &kind.range) {
        ('e', _) => {
            let labels: Vec<String> = kind.labels.iter().map(|label| literal(label)).collect();
            format!("CREATE TYPE {name} AS ENUM ({})", labels.join(", "))
        }
        ('c', _) => {
            let attributes: Vec<String> = kind
                .attributes
                .iter()
                .map(|attribute| {
                    let collation = collate(attribute.collation.as_deref());
                    format!("{} {}{collation}", ident(&attribute.name), attribute.type_name)
                })
                .collect();
            format!("CREATE TYPE {name} AS ({})", attributes.join(", "))
        }
        ('r', Some(range)) => {
            format!("CREATE TYPE {name} AS RANGE ({})", range_options(range, &work.name(&range.multirange)))
        }
        ('d', _) => return domain(work, kind, &name),
        _ => return Err(unreadable(&kind.name)),
    };
    work.push(kind.owner, sql);
    Ok(())
}

fn range_options(range: &Range, multirange: &str) -> String {
    let mut options = format!("SUBTYPE = {}, SUBTYPE_OPCLASS = {}", range.subtype, range.opclass);
    if let Some(collation) = &range.collation {
        options.push_str(&format!(", COLLATION = {collation}"));
    }
    if let Some(difference) = &range.difference {
        options.push_str(&format!(", SUBTYPE_DIFF = {difference}"));
    }
    options.push_str(&format!(", MULTIRANGE_TYPE_NAME = {multirange}"));
    options
}

fn domain(work: &mut Work<'_>, domain: &Type, name: &str) -> Result<(), Fault> {
    let base = domain.base.as_deref().ok_or_else(|| unreadable(&domain.name))?;
    let mut sql = format!("CREATE DOMAIN {name} AS {base}{}", collate(domain.collation.as_deref()));
    if let Some(default) = &domain.default {
        sql.push_str(&format!(" DEFAULT {default}"));
    }
    let named_not_null = domain.constraints.iter().any(|constraint| constraint.kind == 'n');
    if domain.not_null && !named_not_null {
        sql.push_str(" NOT NULL");
    }
    for constraint in domain.constraints.iter().filter(|constraint| constraint.validated) {
        sql.push_str(&format!(" CONSTRAINT {} {}", ident(&constraint.name), constraint.definition));
    }
    work.push(domain.owner, sql);
    for constraint in domain.constraints.iter().filter(|constraint| !constraint.validated) {
        let (constraint, definition) = (ident(&constraint.name), &constraint.definition);
        work.push(domain.owner, format!("ALTER DOMAIN {name} ADD CONSTRAINT {constraint} {definition}"));
    }
    Ok(())
}

/// ` COLLATE c`, of a quoted name.
pub fn collate(collation: Option<&str>) -> String {
    collation.map(|collation| format!(" COLLATE {collation}")).unwrap_or_default()
}
