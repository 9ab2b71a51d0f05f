//! The creator column.

use super::*;

fn with_creator(type_name: &str) -> TableFacts {
    let mut table = protected_orders();
    table.columns.push(column("created_by", type_name));
    table
}

#[test]
fn a_text_column_created_by_is_taken() {
    for type_name in ["text", "varchar", "citext"] {
        let plan = plan(&[with_creator(type_name)], &options()).unwrap();
        let statements: Vec<&str> = plan.statements.iter().map(|statement| statement.sql.as_str()).collect();
        assert_eq!(
            statements,
            [
                r#"CREATE TRIGGER "watertight_creator" BEFORE INSERT OR UPDATE ON "app"."orders" FOR EACH ROW EXECUTE FUNCTION watertight.record_creator('created_by')"#,
                r#"ALTER TABLE "app"."orders" ENABLE ALWAYS TRIGGER "watertight_creator""#,
            ]
        );
        assert_eq!(plan.records[0].creator_column.as_deref(), Some("created_by"));
    }
}

#[test]
fn created_by_of_another_type_is_not_ours() {
    let plan = plan(&[with_creator("uuid")], &options()).unwrap();
    assert_eq!(plan, Plan::default());
}

fn creator(name: &str) -> Options {
    Options { creator_column: Some(name.into()), ..options() }
}

#[test]
fn a_named_column_must_exist_and_be_text() {
    assert!(sql(&[protected_orders()], &creator("note"))[0].contains("record_creator('note')"));
    assert_eq!(fault(&[protected_orders()], &creator("missing")).code, Code::UndefinedObject);
    assert_eq!(fault(&[protected_orders()], &creator("id")).code, Code::DatatypeMismatch);
    assert_eq!(fault(&[protected_orders()], &creator("tenant_id")).code, Code::InvalidParameter);
}

#[test]
fn the_recorded_column_stays_when_none_is_named() {
    let mut table = protected_orders();
    table.protected.as_mut().unwrap().creator_column = Some("note".into());
    table.creator_trigger = Some(TriggerFacts { column: Some("note".into()), intact: true });
    assert!(sql(&[table], &options()).is_empty());
}

#[test]
fn a_tampered_trigger_is_replaced() {
    let mut table = with_creator("text");
    table.creator_trigger = Some(TriggerFacts { column: Some("created_by".into()), intact: false });
    let statements = sql(&[table], &options());
    assert_eq!(statements[0], r#"DROP TRIGGER "watertight_creator" ON "app"."orders""#);
    assert_eq!(statements.len(), 3);
}
