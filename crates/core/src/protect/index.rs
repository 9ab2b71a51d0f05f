//! The index that lets a tenant's rows be found.

use super::options::Statement;
use super::scope::Scope;
use super::subject::Subject;
use crate::sql::ident;

/// An index on the tenant column alone. A row wanted by its key is found by the key's own index and then compared; lists
/// want the tenant first, and which columns should follow only the application knows.
pub(super) fn statements(table: &Subject, scope: &Scope, out: &mut Vec<Statement>) {
    let column = &table.tenant_column;
    let first =
        |columns: &[Option<String>]| columns.first().is_some_and(|first| first.as_ref() == Some(column));
    let existing = table.facts.indexes.iter().any(|index| index.lists && first(&index.columns));
    if table.from_parent || existing || scope.gives_index(table) {
        return;
    }
    out.push(table.run(format!("CREATE INDEX ON {} ({})", table.facts.sql(), ident(column))));
}
