//! `scope_keys`: foreign keys.

use super::*;

fn referenced(change: impl FnOnce(&mut ForeignKeyFacts)) -> TableFacts {
    let mut table = protected_orders();
    table.protected.as_mut().unwrap().scope_keys = true;
    let mut key = foreign_key();
    change(&mut key);
    table.referenced_by.push(key);
    table
}

fn added(change: impl FnOnce(&mut ForeignKeyFacts)) -> String {
    let mut added = sql_with("FOREIGN KEY", &[referenced(change)], &scoped());
    assert_eq!(added.len(), 1);
    added.remove(0)
}

const COMPOSITE: &str = r#"ALTER TABLE "app"."lines" ADD CONSTRAINT "lines_order_id_fkey" FOREIGN KEY ("tenant_id", "order_id") REFERENCES "app"."orders" ("tenant_id", "id")"#;

#[test]
fn foreign_keys_go_before_and_come_after_the_keys_they_need() {
    let plan = plan(&[referenced(|_| {})], &scoped()).unwrap();
    let statements: Vec<&str> = plan.statements.iter().map(|statement| statement.sql.as_str()).collect();
    assert_eq!(statements.len(), 3);
    assert_eq!(statements[0], r#"ALTER TABLE "app"."lines" DROP CONSTRAINT "lines_order_id_fkey""#);
    assert!(statements[1].contains("PRIMARY KEY"));
    assert_eq!(statements[2], COMPOSITE);
    assert_eq!((plan.statements[2].relation, plan.statements[2].reads), (200, Some(100)));
}

#[test]
fn actions_are_kept_and_limited_to_the_original_columns() {
    for (on_delete, on_update, end) in [
        ('c', 'c', " ON UPDATE CASCADE ON DELETE CASCADE"),
        ('r', 'r', " ON UPDATE RESTRICT ON DELETE RESTRICT"),
        ('n', 'a', r#" ON DELETE SET NULL ("order_id")"#),
        ('d', 'a', r#" ON DELETE SET DEFAULT ("order_id")"#),
    ] {
        let sql = added(|key| (key.on_delete, key.on_update) = (on_delete, on_update));
        assert_eq!(sql, format!("{COMPOSITE}{end}"));
    }
    let sql = added(|key| {
        key.columns = strings(&["a", "b"]);
        key.referenced = strings(&["a", "b"]);
        (key.on_delete, key.delete_columns) = ('n', strings(&["b"]));
    });
    assert!(sql.ends_with(r#" ON DELETE SET NULL ("b")"#));
}

#[test]
fn deferral_validity_and_comment_are_kept() {
    assert_eq!(added(|key| key.deferrable = true), format!("{COMPOSITE} DEFERRABLE"));
    assert_eq!(added(|key| key.deferred = true), format!("{COMPOSITE} DEFERRABLE INITIALLY DEFERRED"));
    assert_eq!(added(|key| key.validated = false), format!("{COMPOSITE} NOT VALID"));
    assert_eq!(
        added(|key| (key.validated, key.enforced) = (false, false)),
        format!("{COMPOSITE} NOT ENFORCED")
    );
    let table = referenced(|key| key.comment = Some("why".into()));
    let comment = r#"COMMENT ON CONSTRAINT "lines_order_id_fkey" ON "app"."lines" IS 'why'"#;
    assert_eq!(sql_with("COMMENT", &[table], &scoped()), [comment]);
}

#[test]
fn match_full_does_not_forbid_null() {
    assert_eq!(added(|key| key.match_full = true), COMPOSITE);
    assert_eq!(
        added(|key| (key.match_full, key.nullable) = (true, false)),
        format!("{COMPOSITE} MATCH FULL")
    );
    let table = referenced(|key| {
        key.match_full = true;
        key.columns = strings(&["a", "b"]);
    });
    assert_eq!(fault(&[table], &scoped()).code, Code::FeatureNotSupported);
}

#[test]
fn an_unprotected_child_is_named() {
    let fault = fault(&[referenced(|key| key.child.tenant = None)], &scoped());
    assert_eq!(fault.code, Code::DependentObjects);
    assert_eq!(fault.hint.as_deref(), Some("Protect table \"app.lines\" first."));
}

#[test]
fn tenant_columns_must_be_of_one_type() {
    let text = |key: &mut ForeignKeyFacts| {
        let tenant = key.child.tenant.as_mut().unwrap();
        (tenant.type_name, tenant.shown_type) = ("text".into(), "text".into());
    };
    let fault = fault(&[referenced(text)], &scoped());
    assert_eq!(fault.code, Code::DatatypeMismatch);
    assert!(
        fault
            .detail
            .unwrap()
            .starts_with("\"tenant_id\" is text, \"tenant_id\" of table \"app.orders\" is uuid")
    );
}

#[test]
fn what_a_composite_key_cannot_express_is_refused() {
    for change in [
        |key: &mut ForeignKeyFacts| key.on_update = 'n',
        |key: &mut ForeignKeyFacts| key.on_update = 'd',
        |key: &mut ForeignKeyFacts| key.temporal = true,
        |key: &mut ForeignKeyFacts| key.columns = strings(&["tenant_id"]),
    ] {
        assert_eq!(fault(&[referenced(change)], &scoped()).code, Code::FeatureNotSupported);
    }
}

#[test]
fn existing_rows_are_checked_without_row_security() {
    let table = referenced(|key| (key.child.forced, key.parent.forced) = (true, true));
    let statements = sql(std::slice::from_ref(&table), &scoped());
    assert_eq!(
        statements[2..],
        [
            r#"ALTER TABLE "app"."lines" NO FORCE ROW LEVEL SECURITY"#,
            r#"ALTER TABLE "app"."orders" NO FORCE ROW LEVEL SECURITY"#,
            COMPOSITE,
            r#"ALTER TABLE "app"."lines" FORCE ROW LEVEL SECURITY"#,
            r#"ALTER TABLE "app"."orders" FORCE ROW LEVEL SECURITY"#,
        ]
    );
    let mut unchecked = table;
    unchecked.referenced_by[0].validated = false;
    assert!(sql_with("FORCE", &[unchecked], &scoped()).is_empty());
}

/// `app.lines` as the table to protect.
fn lines(key: ForeignKeyFacts) -> TableFacts {
    let mut table = protected_orders();
    (table.oid, table.name) = (200, "lines".into());
    table.protected = Some(Record { scope_keys: true, ..record(200, "tenant_id") });
    table.indexes.remove(0);
    table.foreign_keys.push(key);
    table
}

#[test]
fn a_reference_follows_the_key_it_references() {
    // The parent's key has no tenant yet: its own turn will change both.
    assert!(sql(&[lines(foreign_key())], &scoped()).is_empty());
    let mut key = foreign_key();
    key.parent.keys = vec![strings(&["id"]), strings(&["id", "tenant_id"])];
    assert_eq!(sql_with("FOREIGN KEY", &[lines(key)], &scoped()), [COMPOSITE]);
}

#[test]
fn shared_tables_are_referenced_as_before() {
    let mut key = foreign_key();
    key.parent.tenant = None;
    key.parent.keys = vec![strings(&["id", "tenant_id"])];
    assert!(sql(&[lines(key)], &scoped()).is_empty());
}

#[test]
fn both_tables_at_once_change_the_key_once() {
    let orders = referenced(|_| {});
    let lines = lines(foreign_key());
    assert_eq!(sql_with("FOREIGN KEY", &[orders, lines], &scoped()), [COMPOSITE]);
}

#[test]
fn a_reference_to_itself() {
    let mut table = orders();
    let mut key = foreign_key();
    (key.child, key.columns) = (side(100, "orders"), strings(&["parent_id"]));
    key.child.tenant = None;
    key.parent = key.child.clone();
    table.foreign_keys.push(key.clone());
    table.referenced_by.push(key);
    let expected = r#"ALTER TABLE "app"."orders" ADD CONSTRAINT "lines_order_id_fkey" FOREIGN KEY ("tenant_id", "parent_id") REFERENCES "app"."orders" ("tenant_id", "id")"#;
    assert_eq!(sql_with("FOREIGN KEY", &[table], &scoped()), [expected]);
}
