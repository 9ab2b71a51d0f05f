//! The policy, and row security itself.

use super::keys;
use super::options::Statement;
use super::subject::Subject;
use crate::sql::ident;

/// The policy's name.
pub const POLICY: &str = "watertight";

/// Row security holds for the owner, too.
pub(super) const FORCE: &str = "FORCE ROW LEVEL SECURITY";

/// For the length of a statement that checks or fills all rows; the table is locked until the transaction ends.
pub(super) const NO_FORCE: &str = "NO FORCE ROW LEVEL SECURITY";

/// One policy that says what it means.
pub(super) fn statements(table: &Subject, out: &mut Vec<Statement>) {
    let (name, relation) = (ident(POLICY), table.facts.sql());
    if let Some(policy) = table.facts.policies.iter().find(|policy| policy.name == POLICY) {
        let says =
            |text: &Option<String>, function| text.as_ref().is_some_and(|text| calls(table, text, function));
        if policy.plain && says(&policy.using, "visible") && says(&policy.check, "writable") {
            return;
        }
        out.push(table.run(format!("DROP POLICY {name} ON {relation}")));
    }
    let columns = keys::list(table.scope());
    out.push(table.run(format!(
        "CREATE POLICY {name} ON {relation} USING (watertight.visible({columns})) WITH CHECK (watertight.writable({columns}))"
    )));
}

/// Is this the call the policy makes? The catalog shows casts that the statement does not: varchar to text, and integer to
/// bigint.
fn calls(table: &Subject, text: &str, function: &str) -> bool {
    let Some(column) = table.column() else { return false };
    let cast = match column.type_name.as_str() {
        "varchar" => "text",
        "int4" => "bigint",
        _ => "",
    };
    let compartment = match &table.compartment_column {
        None => String::new(),
        Some(name) => match table.facts.column(name) {
            Some(compartment) => format!(", {}", compartment.quoted),
            None => return false,
        },
    };
    text == format!("watertight.{function}({}{compartment})", column.quoted)
        || (!cast.is_empty()
            && text == format!("watertight.{function}(({})::{cast}{compartment})", column.quoted))
}

/// Runs a statement that must see all rows of a table the owner has put under row security already.
pub(super) fn unforced(table: &Subject, statement: Statement, out: &mut Vec<Statement>) {
    if !(table.facts.row_security && table.facts.forced) {
        return out.push(statement);
    }
    out.push(table.alter(NO_FORCE));
    out.push(statement);
    out.push(table.alter(FORCE));
}

/// Last of all: from here on no row is seen without a context.
pub(super) fn enable(table: &Subject, out: &mut Vec<Statement>) {
    let mut actions = Vec::new();
    if !table.facts.row_security {
        actions.push("ENABLE ROW LEVEL SECURITY");
    }
    if !table.facts.forced {
        actions.push(FORCE);
    }
    if !actions.is_empty() {
        out.push(table.alter(&actions.join(", ")));
    }
}
