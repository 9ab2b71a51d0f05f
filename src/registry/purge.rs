//! Deleting a tenant's rows from every protected table, or those of one compartment.

use super::lookup::{self, Tenant};
use super::protected;
use crate::context;
use crate::pg::error::{OrRaise, internal, raise};
use crate::pg::id::to_pg;
use crate::pg::{ext, role, spi};
use crate::sys::lookup as catalog;
use crate::sys::quiet;
use pgrx::datum::DatumWithOid;
use pgrx::pg_sys::{self, Oid};
use pgrx::spi::Spi;
use std::ffi::CString;
use uuid::Uuid;
use watertight_core::tenant::purge_order;
use watertight_core::token::TenantRef;
use watertight_core::{Code, Fault, sql};

/// Deletes the rows of the tenant called `name`, in all its compartments; returns each protected table with the number of rows
/// deleted from it (those of partitions count for their parent).
pub fn delete_rows_of(name: &str) -> Vec<(Oid, i64)> {
    let tenant = ext::tables().and_then(|tables| lookup::find(&tables, TenantRef::Name(name)));
    let Some((tenant, _)) = tenant else {
        raise(Fault::new(Code::UndefinedObject, format!("tenant \"{name}\" does not exist")))
    };
    // A deferred trigger would run at the end of the transaction, with the rights of whoever drops the tenant.
    Spi::run(IMMEDIATE).map_err(internal).or_raise();
    let tables: Vec<Oid> =
        in_order(|_| true).into_iter().filter(|table| tenant_column(*table, tenant).is_some()).collect();
    // Nobody adds a row meanwhile: a tenant of that name that is created later would find it.
    tables
        .into_iter()
        .map(|table| (table, delete(table, tenant, None, pg_sys::ShareRowExclusiveLock)))
        .collect()
}

/// Deletes the rows of one compartment from the tables that have a compartment column; returns each with the number of rows.
/// Needs no token, and asks nobody whether the compartment counts. Pending deferred triggers of the transaction run first, with
/// the rights of the role that would commit it.
///
/// Rows are locked one by one, by DELETE itself: others go on meanwhile. Nothing can be added under us, because the sessions in the
/// compartment are ENDING: their statements have been cancelled and no other one starts; and a row with this
/// compartment's id can be written from inside it only.
pub fn delete_rows_of_compartment(tenant: Uuid, compartment: Uuid) -> Vec<(Oid, i64)> {
    let found = ext::tables().and_then(|tables| lookup::find(&tables, TenantRef::Id(tenant)));
    let Some((tenant, _)) = found else { return Vec::new() };
    // What the deletions defer must not wait for the end of the transaction, whoever's rights it ends with.
    role::as_committer(|| Spi::run(IMMEDIATE)).map_err(internal).or_raise();
    let tables = in_order(|table| table.compartment_column.is_some());
    tables
        .into_iter()
        .map(|table| (table, delete(table, tenant, Some(compartment), pg_sys::RowExclusiveLock)))
        .collect()
}

fn delete(table: Oid, tenant: &'static Tenant, compartment: Option<Uuid>, lock: u32) -> i64 {
    Rows::locked(table, tenant, lock).map_or(0, |rows| rows.delete(compartment))
}

const IMMEDIATE: &str = "SET CONSTRAINTS ALL IMMEDIATE";

/// The protected tables that are wanted, those that reference others first.
fn in_order(wanted: impl Fn(&protected::ProtectedTable) -> bool) -> Vec<Oid> {
    let mut tables: Vec<u32> = protected::all()
        .iter()
        .filter(|(_, table)| wanted(table))
        .map(|(relation, _)| relation.to_u32())
        .collect();
    tables.sort_unstable();
    purge_order(&tables, &foreign_keys()).into_iter().map(Oid::from_u32).collect()
}

/// Referencing table, referenced table.
fn foreign_keys() -> Vec<(u32, u32)> {
    Spi::connect(|client| {
        let rows = client.select(
            "SELECT conrelid, confrelid FROM pg_catalog.pg_constraint WHERE contype = 'f'",
            None,
            &[],
        )?;
        rows.map(|row| Ok((row.get::<Oid>(1)?, row.get::<Oid>(2)?)))
            .filter_map(|pair: Result<_, pgrx::spi::Error>| match pair {
                Ok((Some(from), Some(to))) => Some(Ok((from.to_u32(), to.to_u32()))),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            })
            .collect::<Result<Vec<_>, _>>()
    })
    .map_err(internal)
    .or_raise()
}

/// A tenant's rows in one table, which is locked: its name and owner stay what they are.
struct Rows {
    tenant: Value,
    relation: Oid,
    table: String,
    is_partitioned: bool,
    owner: Oid,
    tenant_column: String,
    compartment_column: Option<String>,
}

/// What the tenant column of its rows has.
#[derive(Clone)]
enum Value {
    Id(pgrx::Uuid),
    Key(i64),
    Name(&'static str),
}

impl Value {
    /// `None` for a tenant that such a column cannot name.
    fn of(tenant: &'static Tenant, kind: Oid) -> Option<Value> {
        Some(match kind {
            pg_sys::UUIDOID => Value::Id(pgrx::Uuid::from_bytes(tenant.id)),
            pg_sys::INT8OID | pg_sys::INT4OID => Value::Key(tenant.key?),
            _ => Value::Name(&tenant.name),
        })
    }

    fn argument(&self) -> DatumWithOid<'_> {
        match self {
            Value::Id(id) => (*id).into(),
            Value::Key(key) => (*key).into(),
            Value::Name(name) => (*name).into(),
        }
    }
}

/// The tenant column of a table, and what it has in a tenant's rows.
fn tenant_column(table: Oid, tenant: &'static Tenant) -> Option<(String, Value)> {
    let column = protected::get(table)?.tenant_column;
    let number = catalog::attribute(table, &CString::new(&*column).ok()?)?;
    let (kind, _, _) = catalog::attribute_type(table, number);
    Some((sql::ident(&column), Value::of(tenant, kind)?))
}

impl Rows {
    /// `None` for a table that cannot hold rows of this tenant.
    fn locked(table: Oid, tenant: &'static Tenant, lock: u32) -> Option<Rows> {
        catalog::lock_relation(table, lock);
        let (tenant_column, tenant) = tenant_column(table, tenant)?;
        Some(Rows {
            tenant,
            relation: table,
            // In quotes, as PostgreSQL writes its own.
            table: catalog::names(table)
                .map(|(schema, name)| format!("{}.{}", sql::ident(&schema), sql::ident(&name)))?,
            is_partitioned: catalog::is_partitioned(table),
            owner: catalog::relation_owner(table),
            tenant_column,
            compartment_column: protected::get(table)?.compartment_column.map(|column| sql::ident(&column)),
        })
    }

    /// Deletes them, those of one compartment or of all.
    ///
    /// In the form of PostgreSQL's own statements for foreign keys, as the table's owner, without a context and without triggers:
    /// what the owner's code does on the way (a predicate of an index, a rule) is what it could do anyway.
    fn delete(&self, compartment: Option<Uuid>) -> i64 {
        let only = if self.is_partitioned { "" } else { "ONLY " };
        let (tenant, mut arguments) = (&self.tenant_column, vec![self.tenant.argument()]);
        let mut rows = format!("FROM {only}{} WHERE $1 OPERATOR(pg_catalog.=) {tenant}", self.table);
        if let Some((column, id)) = self.compartment_column.as_ref().zip(compartment) {
            rows.push_str(&format!(" AND $2 OPERATOR(pg_catalog.=) {column}"));
            arguments.push(to_pg(id).into());
        }
        let (count, left) = context::nowhere(|| {
            quiet::without_triggers(|| {
                role::as_referential(self.owner, || {
                    let count = Spi::connect_mut(|client| {
                        client.update(&format!("DELETE {rows}"), None, &arguments).map(|rows| rows.len())
                    });
                    let left = format!("SELECT 1 {rows} LIMIT 1 FOR KEY SHARE");
                    (count, spi::all(&left, &arguments, |_| Ok(())).len())
                })
            })
        });
        if left > 0 {
            raise(
                Fault::new(
                    Code::NotInPrerequisiteState,
                    format!(
                        "rows of the tenant remain in table {}",
                        catalog::qualified_name(self.relation).unwrap_or_default()
                    ),
                )
                .detail("A rule of the table kept them from being deleted.")
                .hint("Nothing was deleted. Drop it, and try again."),
            );
        }
        count.map_err(internal).or_raise() as i64
    }
}
