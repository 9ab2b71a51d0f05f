//! Partitions and inheritance children.

use super::*;

fn partitioned() -> [TableFacts; 2] {
    let parent = TableFacts { kind: 'p', ..orders() };
    let mut key = primary_key(111, "orders_1_pkey", &["id"]);
    key.inherited = true;
    let partition = TableFacts {
        oid: 110,
        name: "orders_1".into(),
        owner: 11,
        partition: true,
        parents: vec![100],
        indexes: vec![key],
        ..orders()
    };
    [parent, partition]
}

#[test]
fn a_partition_gets_columns_and_indexes_from_its_parent() {
    let plan = plan(&partitioned(), &scoped()).unwrap();
    let of_partition: Vec<_> = plan.statements.iter().filter(|statement| statement.relation == 110).collect();
    assert!(of_partition.iter().all(|statement| statement.owner == 11));
    let of_partition: Vec<&str> = of_partition.iter().map(|statement| statement.sql.as_str()).collect();
    assert_eq!(
        of_partition,
        [
            r#"CREATE POLICY "watertight" ON "app"."orders_1" USING (watertight.visible("tenant_id")) WITH CHECK (watertight.writable("tenant_id"))"#,
            r#"ALTER TABLE "app"."orders_1" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"#,
        ]
    );
    assert_eq!(plan.records.iter().map(|record| record.relation).collect::<Vec<_>>(), [100, 110]);
}

#[test]
fn rows_of_a_partition_count() {
    let mut family = partitioned();
    family[1].unassigned = Some(true);
    assert_eq!(fault(&family, &options()).code, Code::NotNullViolation);
    assert!(sql(&family, &backfilled())[0].contains(ACME));
}

fn inherited() -> [TableFacts; 2] {
    let child =
        TableFacts { oid: 110, name: "special".into(), parents: vec![100], indexes: vec![], ..orders() };
    [orders(), child]
}

#[test]
fn an_inheritance_child_gets_its_own_index() {
    assert_eq!(
        sql_with("CREATE INDEX", &inherited(), &options()),
        [
            r#"CREATE INDEX ON "app"."orders" ("tenant_id")"#,
            r#"CREATE INDEX ON "app"."special" ("tenant_id")"#
        ]
    );
}

#[test]
fn a_child_with_the_column_is_filled_before_not_null() {
    let mut family = inherited();
    family[1].columns.push(column("tenant_id", "uuid"));
    family[1].unassigned = Some(true);
    assert_eq!(
        sql_with("COLUMN", &family, &backfilled()),
        [
            r#"ALTER TABLE "app"."orders" ADD COLUMN "tenant_id" uuid"#,
            r#"ALTER TABLE "app"."orders" ALTER COLUMN "tenant_id" SET DEFAULT watertight.tenant_id(), ALTER COLUMN "tenant_id" SET NOT NULL"#,
        ]
    );
    assert_eq!(sql_with("UPDATE ONLY", &family, &backfilled()).len(), 1);
}

#[test]
fn a_child_with_another_type_is_refused() {
    let mut family = inherited();
    family[1].columns.push(column("tenant_id", "text"));
    assert_eq!(fault(&family, &options()).code, Code::DatatypeMismatch);
}

#[test]
fn a_child_of_another_tenant_column_is_refused() {
    let mut family = inherited();
    family[1].protected = Some(record(110, "org_id"));
    assert_eq!(fault(&family, &Options { keep_recorded: true, ..options() }).code, Code::InvalidParameter);
}

#[test]
fn a_default_of_a_child_is_corrected() {
    let mut family = [protected_orders(), TableFacts { oid: 110, parents: vec![100], ..protected_orders() }];
    family[1].name = "special".into();
    family[1].protected = Some(record(110, "tenant_id"));
    family[1].columns[2].default = None;
    assert_eq!(
        sql(&family, &options()),
        [r#"ALTER TABLE "app"."special" ALTER COLUMN "tenant_id" SET DEFAULT watertight.tenant_id()"#]
    );
}

#[test]
fn a_partition_alone_needs_the_column() {
    let [_, partition] = partitioned();
    let refusal = fault(std::slice::from_ref(&partition), &options());
    assert_eq!(refusal.code, Code::FeatureNotSupported);
    let mut with_column = partition;
    with_column.columns.push(column("tenant_id", "uuid"));
    assert!(!sql(std::slice::from_ref(&with_column), &options()).is_empty());
    // Its key belongs to the parent.
    assert_eq!(fault(std::slice::from_ref(&with_column), &scoped()).code, Code::FeatureNotSupported);
    // As a new child of a protected table it has what the parent has.
    let as_child = Options { as_children: true, ..scoped() };
    assert!(sql_with("CREATE INDEX", &[with_column], &as_child).is_empty());
}

#[test]
fn each_partition_has_a_creator_trigger_of_its_own() {
    let mut family = partitioned();
    family.iter_mut().for_each(|table| table.columns.push(column("created_by", "text")));
    let triggers = sql_with("CREATE TRIGGER", &family, &options());
    assert_eq!(triggers.len(), 1);
    assert!(triggers[0].contains(r#"ON "app"."orders_1""#));
}

#[test]
fn a_child_of_parents_with_different_tenant_columns_is_refused() {
    let mut other = TableFacts { oid: 105, name: "other".into(), ..orders() };
    other.protected = Some(record(105, "id"));
    let [parent, mut child] = inherited();
    child.parents.push(105);
    let options = Options { keep_recorded: true, ..options() };
    assert_eq!(fault(&[parent, other, child], &options).code, Code::FeatureNotSupported);
}

#[test]
fn a_child_of_an_unprotected_parent_is_no_way_around() {
    let parent = Parent { oid: 99, label: "\"app.above\"".into() };
    let child = TableFacts { parents: vec![99], open_parents: vec![parent], ..orders() };
    let refused = fault(std::slice::from_ref(&child), &options());
    assert_eq!(refused.code, Code::WrongObjectType);
    assert!(refused.message.contains("its parent \"app.above\" is not"));
    // Together with the parent it is protected.
    let above = TableFacts { oid: 99, name: "above".into(), ..orders() };
    assert!(plan(&[above, child], &options()).is_ok());
}
