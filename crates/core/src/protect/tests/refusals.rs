//! What cannot be protected.

use super::*;

fn refusal(change: impl FnOnce(&mut TableFacts)) -> Fault {
    let mut table = orders();
    change(&mut table);
    let fault = fault(&[table], &options());
    assert!(fault.hint.is_some());
    fault
}

#[test]
fn only_tables() {
    for (kind, message) in [
        ('v', "view \"app.orders\" cannot be protected"),
        ('m', "materialized view \"app.orders\" cannot be protected"),
        ('f', "foreign table \"app.orders\" cannot be protected"),
        ('S', "sequence \"app.orders\" cannot be protected"),
        ('i', "index \"app.orders\" cannot be protected"),
        ('I', "index \"app.orders\" cannot be protected"),
        ('c', "relation \"app.orders\" cannot be protected"),
        ('t', "system table \"app.orders\" cannot be protected"),
    ] {
        let fault = refusal(|table| table.kind = kind);
        assert_eq!((fault.code, fault.message.as_str()), (Code::WrongObjectType, message));
    }
}

#[test]
fn only_tables_of_ones_own() {
    assert!(refusal(|table| table.temporary = true).message.starts_with("temporary table"));
    assert!(refusal(|table| table.typed = true).message.starts_with("typed table"));
    assert!(refusal(|table| table.system = true).message.starts_with("system table"));
    assert_eq!(refusal(|table| table.schema = "watertight".into()).code, Code::WrongObjectType);
    let fault = refusal(|table| table.extension = Some("postgis".into()));
    assert_eq!(fault.detail.as_deref(), Some("It belongs to the extension \"postgis\"."));
}

#[test]
fn a_foreign_partition_spoils_the_family() {
    let foreign = TableFacts { oid: 110, kind: 'f', partition: true, parents: vec![100], ..orders() };
    let fault = fault(&[TableFacts { kind: 'p', ..orders() }, foreign], &options());
    assert_eq!(fault.code, Code::WrongObjectType);
}

#[test]
fn materialized_views_come_first() {
    let fault = refusal(|table| table.materialized_views = strings(&["app.totals"]));
    assert_eq!(fault.code, Code::DependentObjects);
    assert_eq!(fault.detail.as_deref(), Some("Materialized views: app.totals."));
}

#[test]
fn another_tenant_column_needs_unprotect() {
    let options = Options { tenant_column: "note".into(), ..options() };
    assert_eq!(fault(&[protected_orders()], &options).code, Code::InvalidParameter);
    let options = Options { keep_recorded: true, ..options };
    assert!(sql(&[protected_orders()], &options).is_empty());
}

#[test]
fn schemas() {
    for name in ["watertight", "pg_catalog", "pg_toast", "pg_temp_3", "information_schema"] {
        assert_eq!(schema(name).unwrap_err().code, Code::WrongObjectType, "{name}");
    }
    assert_eq!(schema("app"), Ok(()));
    assert_eq!(schema_member(&orders()), Ok(()));
    assert!(schema_member(&TableFacts { kind: 'f', ..orders() }).is_err());
}

#[test]
fn a_table_just_made_cannot_be_backfilled() {
    let table = TableFacts { unassigned: Some(true), ..orders() };
    let refusal = created(fault(&[table], &options()));
    assert!(refusal.hint.unwrap().starts_with("Select the tenant column"));
    let other = protected_through(&orders(), "schema \"app\"");
    assert_eq!(created(other.clone()), other);
    assert_eq!(other.message, "table \"app.orders\" is protected because schema \"app\" is");
}
