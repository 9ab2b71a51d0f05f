//! Which new tables are protected.

use super::*;

const REGISTERED: u32 = 1;
const PROTECTED_SCHEMA: &str = "app";

fn rule(tenant_column: &str) -> Option<Rule> {
    Some(Rule {
        tenant_column: tenant_column.into(),
        creator_column: Some("made_by".into()),
        scope_keys: true,
        compartment_column: None,
    })
}

fn decide(relation: u32, schema: &str, parents: &[u32], by_extension: bool) -> Option<Newcomer> {
    let found = Found { relation, schema: schema.into(), parents: parents.to_vec() };
    let table = |oid| if oid == REGISTERED { rule("of_parent") } else { None };
    let schema = |name: &str| if name == PROTECTED_SCHEMA { rule("of_schema") } else { None };
    newcomer(&found, by_extension, table, schema).unwrap()
}

#[test]
fn a_registered_table_is_left_alone() {
    assert_eq!(decide(REGISTERED, PROTECTED_SCHEMA, &[], false), None);
}

#[test]
fn nobody_speaks_for_other_tables() {
    assert_eq!(decide(2, "other", &[], false), None);
    assert_eq!(decide(2, "other", &[3], false), None);
}

#[test]
fn a_parent_comes_before_the_schema() {
    let found = decide(2, PROTECTED_SCHEMA, &[3, REGISTERED], false).unwrap();
    assert!(found.child && found.options.as_children && found.options.scope_keys);
    assert_eq!(found.options.tenant_column, "of_parent");
    assert_eq!(found.options.creator_column.as_deref(), Some("made_by"));
    let found = decide(2, PROTECTED_SCHEMA, &[3], false).unwrap();
    assert!(!found.child && !found.options.as_children);
    assert_eq!(found.options.tenant_column, "of_schema");
}

#[test]
fn an_extension_may_create_tables_in_a_protected_schema_but_no_open_children() {
    assert_eq!(decide(2, PROTECTED_SCHEMA, &[], true), None);
    assert!(decide(2, PROTECTED_SCHEMA, &[REGISTERED], true).is_some());
}

#[test]
fn parents_with_different_tenant_columns_are_refused() {
    let found = Found { relation: 2, schema: "other".into(), parents: vec![3, 4] };
    let rules = |oid| match oid {
        3 => rule("tenant_id"),
        4 => rule("org_id"),
        _ => None,
    };
    let refusal = newcomer(&found, false, rules, |_| None).unwrap_err();
    assert_eq!(refusal.code, Code::FeatureNotSupported);
    assert_eq!(refusal.detail.as_deref(), Some("Tenant columns: \"org_id\", \"tenant_id\"."));
}
