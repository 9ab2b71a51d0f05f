//! `scope_keys`: unique keys.

use super::*;

fn with_key(change: impl FnOnce(&mut IndexFacts)) -> TableFacts {
    let mut table = protected_orders();
    table.protected.as_mut().unwrap().scope_keys = true;
    change(&mut table.indexes[0]);
    table
}

fn unique(index: &mut IndexFacts) -> &mut ConstraintFacts {
    index.constraint.insert(ConstraintFacts { kind: 'u', ..ConstraintFacts::default() })
}

#[test]
fn a_primary_key_gets_the_tenant_first() {
    assert_eq!(
        sql(&[with_key(|_| {})], &scoped()),
        [
            r#"ALTER TABLE "app"."orders" DROP CONSTRAINT "orders_pkey", ADD CONSTRAINT "orders_pkey" PRIMARY KEY ("tenant_id", "id")"#
        ]
    );
}

#[test]
fn keys_stay_without_scope_keys() {
    assert!(sql(&[protected_orders()], &options()).is_empty());
}

#[test]
fn a_recorded_scope_stays() {
    assert_eq!(sql(&[with_key(|_| {})], &options()).len(), 1);
}

#[test]
fn a_key_with_the_tenant_anywhere_is_scoped() {
    assert!(sql(&[with_key(|key| key.columns.push(Some("tenant_id".into())))], &scoped()).is_empty());
}

#[test]
fn a_unique_constraint_keeps_everything() {
    let table = with_key(|key| {
        let constraint = unique(key);
        (constraint.deferrable, constraint.deferred) = (true, true);
        constraint.comment = Some("one'".into());
        key.nulls_not_distinct = true;
        key.include = strings(&["note"]);
        key.options = Some("fillfactor = '70'".into());
        key.tablespace = Some("fast".into());
        (key.replica_identity, key.clustered) = (true, true);
        key.comment = Some("index".into());
    });
    assert_eq!(
        sql(&[table], &scoped()),
        [
            r#"ALTER TABLE "app"."orders" DROP CONSTRAINT "orders_pkey", ADD CONSTRAINT "orders_pkey" UNIQUE NULLS NOT DISTINCT ("tenant_id", "id") INCLUDE ("note") WITH (fillfactor = '70') USING INDEX TABLESPACE "fast" DEFERRABLE INITIALLY DEFERRED"#,
            r#"COMMENT ON CONSTRAINT "orders_pkey" ON "app"."orders" IS 'one'''"#,
            r#"ALTER TABLE "app"."orders" REPLICA IDENTITY USING INDEX "orders_pkey""#,
            r#"ALTER TABLE "app"."orders" CLUSTER ON "orders_pkey""#,
            r#"COMMENT ON INDEX "app"."orders_pkey" IS 'index'"#,
        ]
    );
}

#[test]
fn a_unique_index_keeps_its_expressions() {
    let table = with_key(|key| {
        key.constraint = None;
        key.columns = vec![None];
        key.partial = true;
        key.tail = "lower(note) COLLATE \"C\" DESC) WHERE (note IS NOT NULL)".into();
        key.tablespace = Some("fast".into());
    });
    assert_eq!(
        sql(&[table], &scoped()),
        [
            r#"DROP INDEX "app"."orders_pkey""#,
            r#"CREATE UNIQUE INDEX "orders_pkey" ON "app"."orders" USING btree ("tenant_id", lower(note) COLLATE "C" DESC) WHERE (note IS NOT NULL)"#,
            r#"ALTER INDEX "app"."orders_pkey" SET TABLESPACE "fast""#,
        ]
    );
}

#[test]
fn a_scoped_key_serves_as_the_tenants_index() {
    assert!(sql_with("CREATE INDEX", &[orders()], &scoped()).is_empty());
    let mut table = orders();
    table.indexes[0].constraint = None;
    table.indexes[0].partial = true;
    assert_eq!(sql_with("CREATE INDEX", &[table], &scoped()).len(), 1);
}

#[test]
fn what_cannot_be_scoped_is_refused() {
    let temporal = with_key(|key| unique(key).temporal = true);
    assert_eq!(fault(&[temporal], &scoped()).code, Code::FeatureNotSupported);
    let exclusion = with_key(|key| {
        unique(key).kind = 'x';
        key.unique = false;
    });
    let refusal = fault(std::slice::from_ref(&exclusion), &scoped());
    assert_eq!(refusal.code, Code::FeatureNotSupported);
    assert!(refusal.hint.unwrap().contains("\"tenant_id\" WITH ="));
    let mut scoped_exclusion = exclusion;
    let constraint = scoped_exclusion.indexes[0].constraint.as_mut().unwrap();
    constraint.equal_columns = strings(&["tenant_id"]);
    assert!(sql(&[scoped_exclusion], &scoped()).is_empty());
}
