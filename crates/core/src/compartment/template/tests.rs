//! Facts in, statements out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::Code;

fn options(unlogged: bool) -> Options<'static> {
    Options { schema: "wt_1", unlogged }
}

fn column(name: &str, type_name: &str) -> Column {
    Column { name: name.into(), type_name: type_name.into(), ..Column::default() }
}

fn table(oid: u32, name: &str) -> Relation {
    Relation {
        oid,
        name: name.into(),
        label: format!("app.{name}"),
        kind: 'r',
        owner: 10,
        replica_identity: 'd',
        columns: vec![Column { not_null: true, ..column("id", "bigint") }],
        constraints: vec![Constraint {
            oid: oid + 1,
            name: format!("{name}_pkey"),
            kind: 'p',
            definition: "PRIMARY KEY (id)".into(),
            validated: true,
            ..Constraint::default()
        }],
        ..Relation::default()
    }
}

fn key(name: &str, references: u32) -> Constraint {
    Constraint {
        oid: 900,
        name: name.into(),
        kind: 'f',
        definition: "FOREIGN KEY (id) REFERENCES x(id)".into(),
        validated: true,
        references: Some(references),
        ..Constraint::default()
    }
}

fn template(relations: Vec<Relation>) -> Template {
    Template {
        oid: 1,
        schema: "app".into(),
        quoted: "app".into(),
        owner: 10,
        version: 150_000,
        roles: [(10, "owner".to_owned())].into(),
        relations,
        ..Template::default()
    }
}

fn planned(template: &Template, unlogged: bool) -> Plan {
    plan(template, &[], options(unlogged)).unwrap()
}

fn texts(statements: &[Statement]) -> Vec<&str> {
    statements.iter().map(|statement| statement.sql.as_str()).collect()
}

fn refused(template: &Template, unlogged: bool) -> String {
    let fault = plan(template, &[], options(unlogged)).unwrap_err();
    assert_eq!(fault.code, Code::FeatureNotSupported);
    fault.message
}

#[test]
fn a_schema_belongs_to_the_owner_of_the_template() {
    let plan = planned(&template(vec![]), false);
    let [statement] = plan.statements.as_slice() else { panic!("one statement") };
    assert_eq!(statement.sql, "CREATE SCHEMA \"wt_1\" AUTHORIZATION \"owner\"");
    assert_eq!(statement.role, None);
    assert_eq!(plan.copies, Copies::default());
}

#[test]
fn a_table_is_created_with_what_create_table_can_say() {
    let mut orders = table(100, "orders");
    orders.columns.push(Column {
        default: Some("'x'::text".into()),
        collation: Some("pg_catalog.\"C\"".into()),
        compression: Some('l'),
        ..column("note", "text")
    });
    orders.options = vec!["fillfactor=70".into(), "autovacuum_enabled=true".into()];
    let template = template(vec![orders]);
    assert_eq!(
        texts(&planned(&template, false).statements)[1],
        "CREATE TABLE \"wt_1\".\"orders\" (\"id\" bigint NOT NULL, \
         \"note\" text COMPRESSION lz4 COLLATE pg_catalog.\"C\" DEFAULT 'x'::text, \
         CONSTRAINT \"orders_pkey\" PRIMARY KEY (id)) WITH (\"fillfactor\" = '70', \"autovacuum_enabled\" = 'true')"
    );
    let plan = planned(&template, true);
    let unlogged = texts(&plan.statements)[1];
    assert!(unlogged.starts_with("CREATE UNLOGGED TABLE"), "{unlogged}");
    assert!(
        unlogged.ends_with("WITH (\"fillfactor\" = '70', \"autovacuum_enabled\" = 'false')"),
        "{unlogged}"
    );
    assert_eq!(plan.copies.without_statistics, [100]);
}

#[test]
fn tables_come_after_those_that_they_reference() {
    let mut child = table(100, "child");
    child.constraints.push(key("to_parent", 200));
    let plan = planned(&template(vec![child, table(200, "parent")]), false);
    let texts = texts(&plan.statements);
    assert!(texts[1].starts_with("CREATE TABLE \"wt_1\".\"parent\""));
    assert!(texts[2].contains("CONSTRAINT \"to_parent\" FOREIGN KEY"));
    assert!(plan.last.is_empty());
}

#[test]
fn keys_wait_where_they_have_to() {
    let mut one = table(100, "one");
    one.constraints.push(key("to_two", 200));
    one.constraints.push(key("to_itself", 100));
    let mut two = table(200, "two");
    two.constraints.push(key("to_one", 100));
    let plan_of_circle = planned(&template(vec![one, two.clone()]), false);
    assert_eq!(
        texts(&plan_of_circle.last),
        ["ALTER TABLE ONLY \"wt_1\".\"one\" ADD CONSTRAINT \"to_two\" FOREIGN KEY (id) REFERENCES x(id)"]
    );
    // Of another owner's table: after the grants. On an index, or not checked: likewise.
    let late = |key: Constraint, owner: u32| {
        let mut two = table(200, "two");
        two.constraints.push(key);
        let mut template = template(vec![Relation { owner, ..table(100, "one") }, two]);
        template.roles.insert(owner, "somebody".into());
        planned(&template, false).last.len()
    };
    assert_eq!(late(key("k", 100), 10), 0);
    assert_eq!(late(key("k", 100), 11), 1);
    assert_eq!(late(Constraint { on_index: true, ..key("k", 100) }, 10), 1);
    assert_eq!(late(Constraint { validated: false, ..key("k", 100) }, 10), 1);
    assert_eq!(late(key("outside", 5), 10), 0);
}

#[test]
fn circles_are_broken_at_defaults_or_refused() {
    let mut orders = table(100, "orders");
    orders.columns.push(Column { default: Some("f(1)".into()), ..column("n", "integer") });
    let function = Function {
        oid: 300,
        name: "f".into(),
        kind: 'f',
        owner: 10,
        signature: "f(integer)".into(),
        head: "app.f(".into(),
        definition: Some("CREATE OR REPLACE FUNCTION app.f(integer)\n RETURNS integer ...".into()),
        ..Function::default()
    };
    let template = Template { functions: vec![function], ..template(vec![orders]) };
    assert!(template.has_needs());
    let reads = Need { kind: 'f', oid: 300, needs_kind: 'r', needs_oid: 100, soft: false };
    let calls = Need { kind: 'r', oid: 100, needs_kind: 'f', needs_oid: 300, soft: true };
    let plan_of = |needs: &[Need]| plan(&template, needs, options(false));
    let made = plan_of(&[reads.clone(), calls.clone()]).unwrap();
    let texts = texts(&made.statements);
    assert!(texts[1].starts_with("CREATE TABLE") && !texts[1].contains("DEFAULT"), "{texts:?}");
    assert!(texts[2].starts_with("CREATE OR REPLACE FUNCTION \"wt_1\".\"f\"(integer)"), "{texts:?}");
    assert_eq!(texts[3], "ALTER TABLE ONLY \"wt_1\".\"orders\" ALTER COLUMN \"n\" SET DEFAULT f(1)");
    let fault = plan_of(&[reads, Need { soft: false, ..calls }]).unwrap_err();
    assert_eq!(fault.code, Code::FeatureNotSupported);
}

#[test]
fn functions_follow_in_their_settings_and_keep_their_owner() {
    let function = Function {
        oid: 300,
        name: "f".into(),
        kind: 'f',
        owner: 10,
        acl: true,
        signature: "f()".into(),
        head: "app.f(".into(),
        definition: Some("CREATE OR REPLACE FUNCTION app.f()".into()),
        settings: vec!["work_mem=1MB".into(), "search_path=app, pg_temp".into()],
        superuser: true,
        ..Function::default()
    };
    let plan = planned(&Template { functions: vec![function], ..template(vec![]) }, false);
    assert_eq!(
        texts(&plan.statements)[1..],
        [
            "CREATE OR REPLACE FUNCTION \"wt_1\".\"f\"()",
            "ALTER ROUTINE \"wt_1\".f() OWNER TO \"owner\"",
            "ALTER ROUTINE \"wt_1\".f() SET search_path TO 'wt_1', 'pg_temp'"
        ]
    );
    assert_eq!(plan.statements[1].role, None);
    assert_eq!(plan.statements[3].role, Some(10));
    assert_eq!(plan.copies.functions, [(300, "f()".to_owned())]);
}

#[test]
fn definitions_are_renamed_outside_of_quotes_only() {
    let mut orders = table(100, "orders");
    orders.triggers.push(Part {
        name: "t".into(),
        definition: Some("CREATE TRIGGER \" ON app.orders\" BEFORE UPDATE OF \"a ON app.orders \" ON app.orders FOR EACH ROW".into()),
        ..Part::default()
    });
    let plan = planned(&template(vec![orders.clone()]), false);
    assert_eq!(
        texts(&plan.statements)[2],
        "CREATE TRIGGER \" ON app.orders\" BEFORE UPDATE OF \"a ON app.orders \" ON \"wt_1\".\"orders\" FOR EACH ROW"
    );
    orders.triggers[0].definition = Some("CREATE TRIGGER t ON app.orders_2 FOR EACH ROW".into());
    let fault = super::plan(&template(vec![orders]), &[], options(false)).unwrap_err();
    assert_eq!(fault.code, Code::NotInPrerequisiteState);
}

#[test]
fn row_security_comes_last_of_all() {
    let mut orders = Relation { row_security: true, forced: true, ..table(100, "orders") };
    orders.constraints.push(Constraint { validated: false, ..key("late", 100) });
    let plan = planned(&template(vec![orders]), false);
    assert_eq!(
        texts(&plan.last).last().copied(),
        Some("ALTER TABLE ONLY \"wt_1\".\"orders\" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    );
}

#[test]
fn other_owners_may_create_until_the_grants_are_copied() {
    let mut template = template(vec![Relation { owner: 11, ..table(100, "theirs") }]);
    template.roles.insert(11, "other".into());
    let plan = planned(&template, false);
    assert_eq!(texts(&plan.statements)[1], "GRANT USAGE, CREATE ON SCHEMA \"wt_1\" TO \"other\"");
    assert_eq!(plan.statements[2].role, Some(11));
    assert!(plan.copies.schema);
}

#[test]
fn grants_that_default_privileges_would_add_are_replaced() {
    let template = Template { default_privileges: true, ..template(vec![table(100, "orders")]) };
    let copies = planned(&template, false).copies;
    assert!(copies.clear && copies.schema);
    assert_eq!(copies.relations, [100]);
}

#[test]
fn what_cannot_be_copied_is_named() {
    let of = |relation: Relation| template(vec![relation]);
    let foreign = of(Relation { kind: 'f', ..table(100, "remote") });
    assert_eq!(refused(&foreign, false), "cannot clone foreign table \"app.remote\"");
    let parents = vec![Parent { name: "p".into(), label: "other.p".into(), inside: false }];
    assert_eq!(
        refused(&of(Relation { parents, ..table(100, "child") }), false),
        "cannot clone table \"app.child\""
    );
    let outside_partition = Some("other.part".to_owned());
    let parted = of(Relation { kind: 'p', outside_partition, ..table(100, "parted") });
    assert_eq!(refused(&parted, false), "cannot clone table \"app.parted\"");
    let kept = of(Relation { kind: 'm', view: Some("SELECT 1".into()), ..table(100, "kept") });
    assert_eq!(refused(&kept, true), "cannot clone materialized view \"app.kept\"");
    assert!(plan(&kept, &[], options(false)).is_ok());
    let unsupported = Template { unsupported: vec!["operator ===".into()], ..template(vec![]) };
    assert_eq!(refused(&unsupported, false), "cannot clone operator ===");
    assert_eq!(schema("pg_catalog").unwrap_err().code, Code::WrongObjectType);
    assert!(schema("app").is_ok());
}

#[test]
fn from_18_on_partitioned_tables_are_logged() {
    let mut parted = Relation { kind: 'p', partition_key: Some("LIST (id)".into()), ..table(100, "parted") };
    let old = template(vec![parted.clone(), table(200, "plain")]);
    assert!(texts(&planned(&old, true).statements)[1].starts_with("CREATE UNLOGGED TABLE"));
    let new = Template { version: 180_000, ..old };
    assert!(texts(&planned(&new, true).statements)[1].starts_with("CREATE TABLE"));
    parted.constraints.push(key("to_plain", 200));
    let keyed = Template { version: 180_000, ..template(vec![parted, table(200, "plain")]) };
    assert_eq!(refused(&keyed, true), "cannot clone foreign key \"to_plain\" of table \"app.parted\"");
}

#[test]
fn json_that_does_not_fit_is_a_fault() {
    assert_eq!(read::<Vec<Need>>("[{\"kind\": 1}]").unwrap_err().code, Code::NotInPrerequisiteState);
}

#[test]
fn rules_that_name_the_template_are_refused() {
    let with = |definition: &str| {
        let rule = Part { name: "r".into(), definition: Some(definition.into()), ..Part::default() };
        plan(&template(vec![Relation { rules: vec![rule], ..table(100, "orders") }]), &[], options(false))
    };
    assert!(with("CREATE RULE r AS\n    ON INSERT TO app.orders DO INSERT INTO log VALUES ('app.lower', \"app.\".x, myapp.y)").is_ok());
    let fault =
        with("CREATE RULE r AS\n    ON INSERT TO app.orders DO INSERT INTO log VALUES (app.lower('x'))")
            .unwrap_err();
    assert_eq!(fault.message, "cannot clone rule \"r\" of \"app.orders\"");
}

#[test]
fn views_name_their_columns() {
    let view = Relation {
        kind: 'v',
        view: Some("SELECT 1".into()),
        constraints: vec![],
        options: vec!["security_barrier=true".into()],
        ..table(100, "v")
    };
    let plan = planned(&template(vec![view]), false);
    assert_eq!(
        texts(&plan.statements)[1],
        "CREATE VIEW \"wt_1\".\"v\" (\"id\") WITH (\"security_barrier\" = 'true') AS SELECT 1"
    );
}
