//! The way back.

use super::*;

fn sql(tables: &[TableFacts]) -> Vec<String> {
    unplan(tables).unwrap().statements.into_iter().map(|statement| statement.sql).collect()
}

#[test]
fn everything_of_ours_goes_and_the_column_stays() {
    let mut table = protected_orders();
    table.creator_trigger = Some(TriggerFacts { column: None, intact: true });
    assert_eq!(
        sql(std::slice::from_ref(&table)),
        [
            r#"DROP TRIGGER "watertight_creator" ON "app"."orders""#,
            r#"DROP POLICY "watertight" ON "app"."orders""#,
            r#"ALTER TABLE "app"."orders" NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY"#,
            r#"ALTER TABLE ONLY "app"."orders" ALTER COLUMN "tenant_id" DROP DEFAULT"#,
        ]
    );
    assert_eq!(unplan(&[table]).unwrap().records, [record(100, "tenant_id")]);
}

#[test]
fn row_security_stays_where_the_owner_uses_it() {
    let mut table = protected_orders();
    table.policies.push(PolicyFacts { name: "own".into(), ..policy() });
    assert!(!sql(&[table]).iter().any(|sql| sql.contains("ROW LEVEL SECURITY")));
}

#[test]
fn a_default_of_the_owner_stays() {
    let mut table = protected_orders();
    table.columns[2].default = Some("gen_random_uuid()".into());
    assert!(!sql(&[table]).iter().any(|sql| sql.contains("DEFAULT")));
}

#[test]
fn an_unprotected_table_is_an_error() {
    let fault = unplan(&[orders()]).unwrap_err();
    assert_eq!(
        (fault.code, fault.message.as_str()),
        (Code::UndefinedObject, "table \"app.orders\" is not protected")
    );
}
