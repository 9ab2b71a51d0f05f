//! The registry as an event trigger needs it: what is committed now, whatever the isolation level of the transaction.

use crate::pg::ext;
use crate::registry::protected;
use crate::sys::scan;
use pgrx::pg_sys::Oid;
use std::collections::BTreeMap;
use watertight_core::protect::Rule;

/// How a table is protected.
pub fn of_table(relation: u32) -> Option<Rule> {
    protected::get(Oid::from(relation)).map(|entry| Rule {
        tenant_column: entry.tenant_column.into(),
        creator_column: entry.creator_column.map(Into::into),
        scope_keys: entry.scope_keys,
        compartment_column: entry.compartment_column.map(Into::into),
    })
}

/// The rules of all protected schemas.
pub fn of_schemas() -> BTreeMap<String, Rule> {
    let mut rules = BTreeMap::new();
    let Some(tables) = ext::tables() else { return rules };
    scan::each(tables.protected_schemas, None, |row| {
        if let (Some(schema), Some(tenant_column)) = (row.name(1), row.name(2)) {
            let scope_keys = row.get(3).unwrap_or(false);
            let compartment_column = row.name(4);
            rules
                .insert(schema, Rule { tenant_column, creator_column: None, scope_keys, compartment_column });
        }
        true
    });
    rules
}

/// Is nothing registered at all?
pub fn none() -> bool {
    protected::all().is_empty() && of_schemas().is_empty()
}
