//! The column that says who made a row, kept true by a trigger.

use super::facts::TableFacts;
use super::options::{Options, Statement};
use super::subject::Subject;
use crate::sql::{ident, literal};
use crate::{Code, Fault};

/// The column's usual name, taken without being asked.
const USUAL: &str = "created_by";

/// The trigger's name.
pub const TRIGGER: &str = "watertight_creator";

/// The creator column of a table: the one asked for, else the one recorded, else a text column `created_by`.
pub(super) fn column(
    facts: &TableFacts,
    options: &Options,
    tenant_column: &str,
) -> Result<Option<String>, Fault> {
    let recorded = facts.protected.as_ref().and_then(|record| record.creator_column.as_ref());
    let Some(name) = options.creator_column.as_ref().or(recorded) else {
        let usual = facts.column(USUAL).filter(|column| is_text(&column.type_name) && !column.generated);
        return Ok(usual.map(|column| column.name.clone()).filter(|name| name != tenant_column));
    };
    if name == tenant_column {
        return Err(Fault::new(
            Code::InvalidParameter,
            "one column cannot name both the tenant and the creator",
        ));
    }
    let label = format!("column \"{name}\" of table {}", facts.label());
    let Some(column) = facts.column(name) else {
        return Err(Fault::new(Code::UndefinedObject, format!("{label} does not exist"))
            .hint("Add it, or leave creator_column out."));
    };
    if !is_text(&column.type_name) || column.generated {
        return Err(Fault::new(
            Code::DatatypeMismatch,
            format!("{label} is of type {} and cannot name a creator", column.shown_type),
        )
        .hint("A creator column is text, varchar or citext, and not generated."));
    }
    Ok(Some(name.clone()))
}

/// A type whose values are stored as text is. (citext is what the facts call a base type that is binary-coercible to text,
/// whatever its name: only a superuser can make one.)
fn is_text(type_name: &str) -> bool {
    matches!(type_name, "text" | "varchar" | "citext")
}

/// The trigger. ENABLE ALWAYS: it also holds under `session_replication_role = replica`.
///
/// Each partition has its own. A trigger of the partitioned table would go from a partition that is detached, and
/// keep it from being attached again.
pub(super) fn statements(table: &Subject, out: &mut Vec<Statement>) {
    let Some(column) = table.creator_column.as_ref().filter(|_| table.facts.kind == 'r') else { return };
    let (name, relation) = (ident(TRIGGER), table.facts.sql());
    if let Some(trigger) = &table.facts.creator_trigger {
        if trigger.intact && trigger.column.as_ref() == Some(column) {
            return;
        }
        out.push(table.run(format!("DROP TRIGGER {name} ON {relation}")));
    }
    out.push(table.run(format!(
        "CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON {relation} FOR EACH ROW EXECUTE FUNCTION watertight.record_creator({})",
        literal(column)
    )));
    out.push(table.alter(&format!("ENABLE ALWAYS TRIGGER {name}")));
}
