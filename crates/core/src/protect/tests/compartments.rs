use super::fixture::*;
use super::*;

const NIL: &str = "'00000000-0000-0000-0000-000000000000'";

fn roomy() -> Options {
    Options { compartment_column: Some("room".into()), ..options() }
}

fn room() -> ColumnFacts {
    ColumnFacts {
        not_null: true,
        default: Some("watertight.compartment_id()".into()),
        ..column("room", "uuid")
    }
}

/// `protected_orders()` as `protect()` with a compartment column leaves it.
fn roomy_orders() -> TableFacts {
    let mut table = protected_orders();
    table.columns.push(room());
    table.indexes.push(IndexFacts { oid: 103, name: "i".into(), ..index(&["tenant_id", "room"]) });
    table.policies = vec![PolicyFacts {
        using: Some("watertight.visible(tenant_id, room)".into()),
        check: Some("watertight.writable(tenant_id, room)".into()),
        ..policy()
    }];
    table.protected = Some(Record { compartment_column: Some("room".into()), ..record(100, "tenant_id") });
    table
}

#[test]
fn rows_from_before_are_in_global_without_a_rewrite() {
    assert_eq!(
        sql(&[orders()], &roomy()),
        [
            "ALTER TABLE \"app\".\"orders\" ADD COLUMN \"tenant_id\" uuid NOT NULL",
            "ALTER TABLE \"app\".\"orders\" ALTER COLUMN \"tenant_id\" SET DEFAULT watertight.tenant_id()",
            &format!("ALTER TABLE \"app\".\"orders\" ADD COLUMN \"room\" uuid DEFAULT {NIL} NOT NULL"),
            "ALTER TABLE \"app\".\"orders\" ALTER COLUMN \"room\" SET DEFAULT watertight.compartment_id()",
            "CREATE INDEX ON \"app\".\"orders\" (\"tenant_id\", \"room\")",
            "CREATE POLICY \"watertight\" ON \"app\".\"orders\" USING (watertight.visible(\"tenant_id\", \"room\")) \
             WITH CHECK (watertight.writable(\"tenant_id\", \"room\"))",
            "ALTER TABLE \"app\".\"orders\" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        ]
    );
}

#[test]
fn a_second_call_finds_nothing_to_do_with_or_without_naming_the_column() {
    for options in [roomy(), options()] {
        assert_eq!(plan(&[roomy_orders()], &options), Ok(Plan::default()));
    }
}

#[test]
fn a_protected_table_gets_compartments_later() {
    let sql = sql(&[protected_orders()], &roomy());
    assert_eq!(sql.len(), 5, "{sql:?}");
    assert!(sql[0].contains("ADD COLUMN \"room\""), "{sql:?}");
    assert_eq!(sql[3], "DROP POLICY \"watertight\" ON \"app\".\"orders\"");
    let records = plan(&[protected_orders()], &roomy()).unwrap().records;
    assert_eq!(records[0].compartment_column.as_deref(), Some("room"));
}

#[test]
fn a_nullable_column_is_filled_where_row_security_is_forced_already() {
    let mut table = protected_orders();
    table.columns.push(column("room", "uuid"));
    let sql = sql(&[table], &roomy());
    assert_eq!(
        sql[..4],
        [
            "ALTER TABLE \"app\".\"orders\" NO FORCE ROW LEVEL SECURITY".to_owned(),
            format!("UPDATE ONLY \"app\".\"orders\" SET \"room\" = {NIL} WHERE \"room\" IS NULL"),
            "ALTER TABLE \"app\".\"orders\" FORCE ROW LEVEL SECURITY".to_owned(),
            "ALTER TABLE \"app\".\"orders\" ALTER COLUMN \"room\" SET DEFAULT watertight.compartment_id(), \
             ALTER COLUMN \"room\" SET NOT NULL"
                .to_owned(),
        ]
    );
}

#[test]
fn only_an_ordinary_uuid_column_of_its_own_serves() {
    let with = |column: ColumnFacts| {
        let mut table = orders();
        table.columns.push(column);
        table
    };
    let text = with(column("room", "text"));
    assert_eq!(fault(&[text], &roomy()).code, Code::DatatypeMismatch);
    let generated = with(ColumnFacts { generated: true, ..column("room", "uuid") });
    assert_eq!(fault(&[generated], &roomy()).code, Code::DatatypeMismatch);
    let twice = Options { compartment_column: Some("tenant_id".into()), ..options() };
    assert_eq!(fault(&[orders()], &twice).code, Code::InvalidParameter);
    let other = Options { compartment_column: Some("other".into()), ..options() };
    assert_eq!(fault(&[roomy_orders()], &other).code, Code::InvalidParameter);
    // For a whole schema the table stays as it is.
    assert_eq!(plan(&[roomy_orders()], &Options { keep_recorded: true, ..other }), Ok(Plan::default()));
}

#[test]
fn a_child_with_compartments_needs_a_parent_with_them() {
    let parent = TableFacts { oid: 1, name: "parent".into(), indexes: Vec::new(), ..protected_orders() };
    let parent = TableFacts { protected: Some(record(1, "tenant_id")), ..parent };
    let child = TableFacts { parents: vec![1], ..roomy_orders() };
    assert_eq!(fault(&[parent.clone(), child.clone()], &options()).code, Code::FeatureNotSupported);
    assert!(plan(&[parent, child], &roomy()).is_ok());
}

#[test]
fn keys_and_references_include_both() {
    let options = Options { scope_keys: true, ..roomy() };
    let mut parent = orders();
    let key = foreign_key();
    parent.referenced_by.push(key.clone());
    let lines = TableFacts {
        oid: 200,
        name: "lines".into(),
        columns: vec![column("order_id", "int8")],
        indexes: Vec::new(),
        foreign_keys: vec![key],
        ..orders()
    };
    let tables = [parent.clone(), lines];
    assert_eq!(
        sql_with("CONSTRAINT", &tables, &options)[1..],
        [
            "ALTER TABLE \"app\".\"orders\" DROP CONSTRAINT \"orders_pkey\", ADD CONSTRAINT \"orders_pkey\" PRIMARY KEY \
             (\"tenant_id\", \"room\", \"id\")",
            "ALTER TABLE \"app\".\"lines\" ADD CONSTRAINT \"lines_order_id_fkey\" FOREIGN KEY (\"tenant_id\", \"room\", \
             \"order_id\") REFERENCES \"app\".\"orders\" (\"tenant_id\", \"room\", \"id\")",
        ]
    );
    // A table that stays without compartments cannot reference one.
    assert_eq!(fault(&[parent], &options).code, Code::DependentObjects);
}

#[test]
fn keys_that_have_the_tenant_get_the_compartment() {
    let scoped = || Some(Record { scope_keys: true, ..record(100, "tenant_id") });
    let key = ForeignKeyFacts {
        columns: strings(&["tenant_id", "order_id"]),
        referenced: strings(&["tenant_id", "id"]),
        on_delete: 'n',
        delete_columns: strings(&["order_id"]),
        ..foreign_key()
    };
    let parent = TableFacts {
        indexes: vec![primary_key(101, "orders_pkey", &["tenant_id", "id"])],
        protected: scoped(),
        referenced_by: vec![key.clone()],
        ..protected_orders()
    };
    let lines = TableFacts {
        oid: 200,
        name: "lines".into(),
        indexes: vec![IndexFacts {
            oid: 201,
            name: "lines_u".into(),
            unique: true,
            tail: "tenant_id, lower(note))".into(),
            columns: vec![Some("tenant_id".into()), None],
            ..IndexFacts::default()
        }],
        foreign_keys: vec![key],
        protected: Some(Record { scope_keys: true, ..record(200, "tenant_id") }),
        ..protected_orders()
    };
    let sql = sql(&[parent, lines], &roomy());
    for part in [
        "PRIMARY KEY (\"tenant_id\", \"room\", \"id\")",
        "USING btree (\"room\", tenant_id, lower(note))",
        "FOREIGN KEY (\"tenant_id\", \"room\", \"order_id\") REFERENCES \"app\".\"orders\" (\"tenant_id\", \"room\", \"id\") \
         ON DELETE SET NULL (\"order_id\")",
        // The rebuilt key of lines does not start with both.
        "CREATE INDEX ON \"app\".\"lines\" (\"tenant_id\", \"room\")",
    ] {
        assert!(sql.iter().any(|sql| sql.contains(part)), "{part} in {sql:#?}");
    }
    assert!(!sql.iter().any(|sql| sql.contains("CREATE INDEX ON \"app\".\"orders\"")), "{sql:#?}");
}

#[test]
fn unprotect_takes_both_defaults_away() {
    let sql: Vec<String> =
        unplan(&[roomy_orders()]).unwrap().statements.into_iter().map(|statement| statement.sql).collect();
    assert_eq!(sql.iter().filter(|sql| sql.contains("DROP DEFAULT")).count(), 2, "{sql:?}");
}

#[test]
fn a_newcomer_takes_the_compartment_column_of_its_parent_and_nothing_else() {
    let rule = |compartment: Option<&str>| {
        Some(Rule {
            tenant_column: "tenant_id".into(),
            compartment_column: compartment.map(str::to_owned),
            ..Rule::default()
        })
    };
    let found = Found { relation: 5, schema: "app".into(), parents: vec![1] };
    let ask = |own: Option<Rule>, parent: Option<Rule>| {
        newcomer(&found, false, |oid| if oid == 5 { own.clone() } else { parent.clone() }, |_| None)
    };
    let options = ask(None, rule(Some("room"))).unwrap().unwrap().options;
    assert_eq!(options.compartment_column.as_deref(), Some("room"));
    assert_eq!(ask(rule(Some("room")), rule(Some("room"))), Ok(None));
    for (own, parent) in [(None, Some("room")), (Some("room"), None), (Some("a"), Some("b"))] {
        assert_eq!(ask(rule(own), rule(parent)).unwrap_err().code, Code::FeatureNotSupported);
    }
}
