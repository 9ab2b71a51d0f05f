//! Deleting a tenant's rows from every protected table.

use super::lookup::{self, Tenant};
use super::protected;
use crate::pg::error::{OrRaise, internal, raise};
use crate::pg::{ext, role};
use crate::sys::lookup as catalog;
use pgrx::pg_sys::{self, Oid};
use pgrx::spi::Spi;
use std::ffi::CString;
use watertight_core::tenant::purge_order;
use watertight_core::token::TenantRef;
use watertight_core::{Code, Fault, sql};

/// Deletes the rows of the tenant called `name`; returns each protected table with the number of rows deleted from it
/// (those of partitions count for their parent).
pub fn delete_rows_of(name: &str) -> Vec<(Oid, i64)> {
    let tenant = ext::tables().and_then(|tables| lookup::find(&tables, TenantRef::Name(name)));
    let Some((tenant, _)) = tenant else {
        raise(Fault::new(Code::UndefinedObject, format!("tenant \"{name}\" does not exist")))
    };
    // A deferred trigger would run at the end of the transaction, with the rights of whoever drops the tenant.
    Spi::run("SET CONSTRAINTS ALL IMMEDIATE").map_err(internal).or_raise();
    let mut tables: Vec<u32> = protected::all().keys().map(|table| table.to_u32()).collect();
    tables.sort_unstable();
    // As that tenant: row security itself sees to it that no other tenant's row goes.
    crate::context::as_tenant(tenant, crate::compartment::global(), || {
        purge_order(&tables, &foreign_keys())
            .into_iter()
            .map(Oid::from_u32)
            .filter_map(|table| Some((table, delete_from(table, tenant)?)))
            .collect()
    })
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

/// `None` for a table that cannot hold rows of this tenant. Runs as the table's owner: the table's triggers do.
fn delete_from(table: Oid, tenant: &Tenant) -> Option<i64> {
    let entry = protected::get(table)?;
    let column = CString::new(&*entry.tenant_column).ok()?;
    let number = catalog::attribute(table, &column)?;
    let (kind, _, _) = catalog::attribute_type(table, number);
    let value = match kind {
        pg_sys::UUIDOID => sql::literal(&uuid::Uuid::from_bytes(tenant.id).to_string()),
        pg_sys::INT8OID | pg_sys::INT4OID => tenant.key?.to_string(),
        _ => sql::literal(&tenant.name),
    };
    let name = catalog::qualified_name(table)?;
    let rows = format!("{name} WHERE {} OPERATOR(pg_catalog.=) {value}", sql::ident(&entry.tenant_column));
    let (count, left) = role::as_user(catalog::relation_owner(table), || {
        // Nobody adds a row meanwhile: a tenant of that name that is created later would find it.
        Spi::run(&format!("LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE"))?;
        let count = Spi::connect_mut(|client| {
            client.update(&format!("DELETE FROM {rows}"), None, &[]).map(|rows| rows.len())
        })?;
        let left = Spi::get_one::<bool>(&format!("SELECT EXISTS (SELECT FROM {rows})"))?;
        Ok::<_, pgrx::spi::Error>((count, left))
    })
    .map_err(internal)
    .or_raise();
    if left != Some(false) {
        raise(
            Fault::new(Code::NotInPrerequisiteState, format!("rows of the tenant remain in table {name}"))
                .detail("A rule or a trigger of the table kept them from being deleted.")
                .hint("Nothing was deleted. Disable it, and drop the tenant again."),
        );
    }
    Some(count as i64)
}
