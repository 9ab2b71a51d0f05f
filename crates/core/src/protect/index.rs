//! The index that lets a tenant's rows be found, or those of a compartment.

use super::keys;
use super::options::Statement;
use super::scope::Scope;
use super::subject::Subject;

/// An index on the tenant column, and the compartment column where there is one. A row wanted by its key is found by the key's own index and then compared; lists
/// want these first, and which columns should follow only the application knows.
pub(super) fn statements(table: &Subject, scope: &Scope, out: &mut Vec<Statement>) {
    let existing =
        table.facts.indexes.iter().any(|index| index.lists && keys::is_first(table, &index.columns));
    if table.from_parent || existing || scope.gives_index(table) {
        return;
    }
    out.push(table.run(format!("CREATE INDEX ON {} ({})", table.facts.sql(), keys::list(table.scope()))));
}
