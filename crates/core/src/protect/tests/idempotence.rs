//! Facts that satisfy everything give nothing to do, and a plan's effect is never planned twice.

use super::*;
use proptest::prelude::*;

/// What the catalogs would say after a plan for one plain table was run.
fn after(facts: &TableFacts, options: &Options) -> TableFacts {
    let plan = plan(std::slice::from_ref(facts), options).unwrap();
    let mut table = facts.clone();
    let record = plan.records.first().cloned().or_else(|| facts.protected.clone()).unwrap();
    let name = record.tenant_column.as_str();
    if table.column(name).is_none() {
        table.columns.push(column(name, "uuid"));
    }
    let tenant = table.columns.iter_mut().find(|column| column.name == name).unwrap();
    tenant.not_null = true;
    tenant.default = Holds::of(&tenant.type_name).map(|holds| holds.default().to_owned());
    table.unassigned = Some(false);
    for index in table.indexes.iter_mut().filter(|index| index.unique && record.scope_keys) {
        if !index.columns.contains(&Some(name.to_owned())) {
            index.columns.insert(0, Some(name.to_owned()));
        }
    }
    if plan.statements.iter().any(|statement| statement.sql.starts_with("CREATE INDEX")) {
        table.indexes.push(index(&[name]));
    }
    table.policies.retain(|policy| policy.name != "watertight");
    table.policies.push(policy());
    (table.row_security, table.forced) = (true, true);
    table.creator_trigger =
        record.creator_column.clone().map(|column| TriggerFacts { column: Some(column), intact: true });
    table.protected = Some(record);
    table
}

#[test]
fn satisfied_facts_give_an_empty_plan() {
    assert_eq!(plan(&[protected_orders()], &options()).unwrap(), Plan::default());
}

proptest! {
    #[test]
    fn a_second_call_finds_nothing_to_do(
        tenant in prop::option::of(prop::sample::select(vec!["uuid", "text", "int8"])),
        not_null: bool,
        rows: bool,
        creator: bool,
        row_security: bool,
        forced: bool,
        tampered: bool,
        unique in prop::collection::vec(any::<bool>(), 0..3),
        scope_keys: bool,
    ) {
        let mut table = orders();
        if let Some(type_name) = tenant {
            table.columns.push(ColumnFacts { not_null, ..column("tenant_id", type_name) });
        }
        table.unassigned = Some(rows && !(tenant.is_some() && not_null));
        if creator {
            table.columns.push(column("created_by", "text"));
        }
        (table.row_security, table.forced) = (row_security, forced);
        if tampered {
            table.policies.push(PolicyFacts { using: Some("true".into()), ..policy() });
        }
        for (n, with_tenant) in unique.into_iter().enumerate() {
            let columns: &[&str] = if with_tenant && tenant.is_some() { &["note", "tenant_id"] } else { &["note"] };
            table.indexes.push(IndexFacts { oid: 150 + n as u32, unique: true, tail: "note)".into(), ..index(columns) });
        }
        let options = Options { scope_keys, ..backfilled() };
        let done = after(&table, &options);
        prop_assert_eq!(plan(&[done], &options).unwrap(), Plan::default());
    }
}
