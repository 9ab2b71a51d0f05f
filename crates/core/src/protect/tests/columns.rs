//! The tenant column: type, rows, default, index.

use super::*;

#[test]
fn a_missing_column_is_added_as_uuid() {
    assert_eq!(
        sql(&[orders()], &options()),
        [
            r#"ALTER TABLE "app"."orders" ADD COLUMN "tenant_id" uuid NOT NULL"#,
            r#"ALTER TABLE "app"."orders" ALTER COLUMN "tenant_id" SET DEFAULT watertight.tenant_id()"#,
            r#"CREATE INDEX ON "app"."orders" ("tenant_id")"#,
            r#"CREATE POLICY "watertight" ON "app"."orders" USING (watertight.visible("tenant_id")) WITH CHECK (watertight.writable("tenant_id"))"#,
            r#"ALTER TABLE "app"."orders" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"#,
        ]
    );
}

#[test]
fn rows_without_a_tenant_are_refused_and_filled_by_backfill() {
    let mut table = orders();
    table.unassigned = Some(true);
    let refusal = fault(std::slice::from_ref(&table), &options());
    assert_eq!(refusal.code, Code::NotNullViolation);
    assert_eq!(refusal.message, r#"rows of table "app.orders" would be left without a tenant"#);
    assert!(refusal.hint.unwrap().contains("backfill => '<tenant>'"));
    assert_eq!(
        sql_with("COLUMN", &[table], &backfilled()),
        [
            format!(r#"ALTER TABLE "app"."orders" ADD COLUMN "tenant_id" uuid DEFAULT '{ACME}' NOT NULL"#),
            r#"ALTER TABLE "app"."orders" ALTER COLUMN "tenant_id" SET DEFAULT watertight.tenant_id()"#
                .into(),
        ]
    );
}

#[test]
fn an_empty_table_ignores_backfill() {
    assert!(!sql(&[orders()], &backfilled())[0].contains(ACME));
}

fn with_column(type_name: &str) -> TableFacts {
    let mut table = orders();
    table.columns.push(column("tenant_id", type_name));
    table.unassigned = Some(true);
    table
}

#[test]
fn each_type_has_its_default_and_its_value() {
    for (type_name, value, default) in [
        ("uuid", "'00000000-0000-7000-8000-00000000000a'", "tenant_id"),
        ("text", "'acme'", "tenant"),
        ("varchar", "'acme'", "tenant"),
        ("int8", "7", "tenant_key"),
        ("int4", "7", "tenant_key"),
    ] {
        let statements = sql(&[with_column(type_name)], &backfilled());
        assert_eq!(
            statements[..2],
            [
                format!(r#"UPDATE ONLY "app"."orders" SET "tenant_id" = {value} WHERE "tenant_id" IS NULL"#),
                format!(
                    r#"ALTER TABLE "app"."orders" ALTER COLUMN "tenant_id" SET DEFAULT watertight.{default}(), ALTER COLUMN "tenant_id" SET NOT NULL"#
                ),
            ]
        );
    }
}

#[test]
fn null_rows_without_backfill_are_refused() {
    assert_eq!(fault(&[with_column("uuid")], &options()).code, Code::NotNullViolation);
}

#[test]
fn unknown_rows_are_left_to_set_not_null() {
    let mut table = with_column("uuid");
    table.unassigned = None;
    assert!(sql(&[table], &options())[0].contains("SET NOT NULL"));
}

#[test]
fn a_table_under_row_security_shows_all_rows_to_backfill() {
    let mut table = with_column("uuid");
    (table.row_security, table.forced) = (true, true);
    let statements = sql(&[table], &backfilled());
    assert_eq!(statements[0], r#"ALTER TABLE "app"."orders" NO FORCE ROW LEVEL SECURITY"#);
    assert_eq!(statements[2], r#"ALTER TABLE "app"."orders" FORCE ROW LEVEL SECURITY"#);
}

#[test]
fn a_tenant_without_a_key_cannot_fill_integers() {
    let mut options = backfilled();
    options.backfill.as_mut().unwrap().key = None;
    assert_eq!(fault(&[with_column("int4")], &options).code, Code::InvalidParameter);
}

#[test]
fn other_types_are_refused_with_a_hint() {
    for type_name in ["bpchar", "int2", "numeric", "jsonb", "public.citext", "public.tenant_domain", "_uuid"]
    {
        let refusal = fault(&[with_column(type_name)], &options());
        assert_eq!(refusal.code, Code::DatatypeMismatch, "{type_name}");
        assert!(refusal.hint.unwrap().starts_with("A tenant column is uuid"));
    }
}

#[test]
fn generated_columns_and_nondeterministic_collations_are_refused() {
    let mut table = with_column("int8");
    table.columns[2].generated = true;
    assert_eq!(fault(&[table], &options()).code, Code::FeatureNotSupported);
    let mut table = with_column("text");
    table.columns[2].deterministic = false;
    assert_eq!(fault(&[table], &options()).code, Code::DatatypeMismatch);
}

#[test]
fn hostile_names_are_quoted() {
    let mut table = orders();
    table.name = "o\"; DROP TABLE x; --".into();
    let options = Options { tenant_column: "t\"x".into(), ..options() };
    assert_eq!(
        sql(&[table], &options)[0],
        r#"ALTER TABLE "app"."o""; DROP TABLE x; --" ADD COLUMN "t""x" uuid NOT NULL"#
    );
}

#[test]
fn an_index_that_lists_by_tenant_is_enough() {
    let mut table = orders();
    table.indexes.push(index(&["tenant_id", "created_at"]));
    assert!(sql_with("CREATE INDEX", std::slice::from_ref(&table), &options()).is_empty());
    table.indexes[1].lists = false;
    assert_eq!(sql_with("CREATE INDEX", std::slice::from_ref(&table), &options()).len(), 1);
    table.indexes[1] = index(&["created_at", "tenant_id"]);
    assert_eq!(sql_with("CREATE INDEX", &[table], &options()).len(), 1);
}
