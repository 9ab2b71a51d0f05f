//! The policy and row security itself.

use super::*;

#[test]
fn a_changed_policy_is_replaced() {
    for change in [
        |policy: &mut PolicyFacts| policy.plain = false,
        |policy: &mut PolicyFacts| policy.using = Some("true".into()),
        |policy: &mut PolicyFacts| policy.check = None,
        |policy: &mut PolicyFacts| policy.using = Some("watertight.visible(other_id)".into()),
    ] {
        let mut table = protected_orders();
        change(&mut table.policies[0]);
        let statements = sql(&[table], &options());
        assert_eq!(statements[0], r#"DROP POLICY "watertight" ON "app"."orders""#);
        assert!(statements[1].starts_with(r#"CREATE POLICY "watertight" ON "app"."orders""#));
        assert_eq!(statements.len(), 2);
    }
}

#[test]
fn another_policy_is_left_alone() {
    let mut table = protected_orders();
    table.policies.push(PolicyFacts { name: "open".into(), using: Some("true".into()), ..policy() });
    assert!(sql(&[table], &options()).is_empty());
}

#[test]
fn the_catalog_shows_casts_the_statement_has_not() {
    for (type_name, cast, default) in [("varchar", "text", "tenant"), ("int4", "bigint", "tenant_key")] {
        let mut table = protected_orders();
        table.columns[2].type_name = type_name.into();
        table.columns[2].default = Some(format!("watertight.{default}()"));
        table.policies[0].using = Some(format!("watertight.visible((tenant_id)::{cast})"));
        table.policies[0].check = Some(format!("watertight.writable((tenant_id)::{cast})"));
        assert!(sql(&[table], &options()).is_empty());
    }
}

#[test]
fn row_security_is_enabled_and_forced() {
    for (enabled, forced, action) in [
        (false, false, "ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"),
        (true, false, "FORCE ROW LEVEL SECURITY"),
        (false, true, "ENABLE ROW LEVEL SECURITY"),
    ] {
        let mut table = protected_orders();
        (table.row_security, table.forced) = (enabled, forced);
        assert_eq!(sql(&[table], &options()), [format!(r#"ALTER TABLE "app"."orders" {action}"#)]);
    }
}
