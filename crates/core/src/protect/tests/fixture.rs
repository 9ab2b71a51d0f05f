//! Tables to try the rules on.

use super::*;

pub const ACME: &str = "00000000-0000-7000-8000-00000000000a";

/// `app.orders (id bigint primary key, note text)`, empty and unprotected.
pub fn orders() -> TableFacts {
    TableFacts {
        oid: 100,
        schema: "app".into(),
        name: "orders".into(),
        kind: 'r',
        owner: 10,
        unassigned: Some(false),
        columns: vec![column("id", "int8"), column("note", "text")],
        indexes: vec![primary_key(101, "orders_pkey", &["id"])],
        ..TableFacts::default()
    }
}

pub fn column(name: &str, type_name: &str) -> ColumnFacts {
    ColumnFacts {
        name: name.into(),
        quoted: name.into(),
        type_name: type_name.into(),
        shown_type: type_name.into(),
        deterministic: true,
        ..ColumnFacts::default()
    }
}

/// `app.orders` with a tenant column as `protect()` leaves it.
pub fn protected_orders() -> TableFacts {
    let mut table = orders();
    table.columns.push(ColumnFacts {
        not_null: true,
        default: Some("watertight.tenant_id()".into()),
        ..column("tenant_id", "uuid")
    });
    table.indexes.push(IndexFacts { oid: 102, name: "orders_tenant_id_idx".into(), ..index(&["tenant_id"]) });
    table.policies.push(policy());
    table.row_security = true;
    table.forced = true;
    table.protected = Some(record(100, "tenant_id"));
    table
}

pub fn policy() -> PolicyFacts {
    PolicyFacts {
        name: "watertight".into(),
        plain: true,
        using: Some("watertight.visible(tenant_id)".into()),
        check: Some("watertight.writable(tenant_id)".into()),
    }
}

pub fn record(relation: u32, tenant_column: &str) -> Record {
    Record { relation, tenant_column: tenant_column.into(), ..Record::default() }
}

pub fn index(columns: &[&str]) -> IndexFacts {
    IndexFacts {
        lists: true,
        columns: columns.iter().map(|name| Some((*name).to_owned())).collect(),
        ..IndexFacts::default()
    }
}

pub fn primary_key(oid: u32, name: &str, columns: &[&str]) -> IndexFacts {
    IndexFacts {
        oid,
        name: name.into(),
        unique: true,
        constraint: Some(ConstraintFacts { kind: 'p', ..ConstraintFacts::default() }),
        ..index(columns)
    }
}

/// `app.lines.order_id -> app.orders.id`, both sides protected.
pub fn foreign_key() -> ForeignKeyFacts {
    ForeignKeyFacts {
        oid: 300,
        name: "lines_order_id_fkey".into(),
        child: side(200, "lines"),
        parent: side(100, "orders"),
        columns: strings(&["order_id"]),
        referenced: strings(&["id"]),
        index: 101,
        nullable: true,
        on_update: 'a',
        on_delete: 'a',
        validated: true,
        enforced: true,
        ..ForeignKeyFacts::default()
    }
}

pub fn side(oid: u32, name: &str) -> Side {
    Side {
        oid,
        schema: "app".into(),
        name: name.into(),
        owner: 10,
        tenant: Some(SideTenant {
            column: "tenant_id".into(),
            type_name: "uuid".into(),
            shown_type: "uuid".into(),
            compartment: None,
        }),
        ..Side::default()
    }
}

pub fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

pub fn options() -> Options {
    Options { tenant_column: "tenant_id".into(), ..Options::default() }
}

pub fn scoped() -> Options {
    Options { scope_keys: true, ..options() }
}

pub fn backfilled() -> Options {
    let acme = Backfill { id: ACME.into(), name: "acme".into(), key: Some(7) };
    Options { backfill: Some(acme), ..options() }
}

/// The statements of a plan.
pub fn sql(tables: &[TableFacts], options: &Options) -> Vec<String> {
    plan(tables, options).unwrap().statements.into_iter().map(|statement| statement.sql).collect()
}

/// The statements that contain a word.
pub fn sql_with(word: &str, tables: &[TableFacts], options: &Options) -> Vec<String> {
    sql(tables, options).into_iter().filter(|sql| sql.contains(word)).collect()
}

pub fn fault(tables: &[TableFacts], options: &Options) -> Fault {
    plan(tables, options).unwrap_err()
}
