//! Deleting a tenant's rows from every protected table, or those of one compartment.

use super::lookup::{self, Tenant};
use super::protected;
use crate::compartment::{self, Compartment};
use crate::pg::error::{OrRaise, internal, raise};
use crate::pg::id::from_pg;
use crate::pg::{ext, role};
use crate::sys::lookup as catalog;
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
        in_order(|_| true).into_iter().filter(|table| Rows::of(*table, tenant).is_some()).collect();
    until_none_is_left(&tables, |table| {
        let Some(rows) = Rows::of(table, tenant) else { return 0 };
        // Nobody adds a row meanwhile: a tenant of that name that is created later would find it.
        let lock = format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", rows.table);
        role::as_user(rows.owner, || Spi::run(&lock)).map_err(internal).or_raise();
        rows.compartments().into_iter().map(|compartment| rows.delete_in(compartment)).sum()
    })
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
    let compartment = compartment::alone(compartment);
    let tables = in_order(|table| table.compartment_column.is_some());
    until_none_is_left(&tables, |table| Rows::of(table, tenant).map_or(0, |rows| rows.delete_in(compartment)))
}

/// So often a trigger may put rows into a table that was done already.
const MAX_PASSES: usize = 8;

/// Deletes from one table after the other, again as long as there was something: a trigger of a later one may have written into an
/// earlier one.
fn until_none_is_left(tables: &[Oid], delete: impl Fn(Oid) -> i64) -> Vec<(Oid, i64)> {
    let mut counts: Vec<(Oid, i64)> = tables.iter().map(|table| (*table, 0)).collect();
    for _ in 0..MAX_PASSES {
        let mut found = false;
        for (table, count) in &mut counts {
            let deleted = delete(*table);
            found |= deleted > 0;
            *count += deleted;
        }
        if !found {
            return counts;
        }
    }
    raise(
        Fault::new(Code::NotInPrerequisiteState, "triggers add rows as fast as they are deleted")
            .hint("Nothing was deleted. Disable them, and try again."),
    )
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

/// A tenant's rows in one table.
struct Rows {
    tenant: &'static Tenant,
    table: String,
    owner: Oid,
    /// The condition, on the tenant column.
    condition: String,
    compartment_column: Option<String>,
}

impl Rows {
    /// `None` for a table that cannot hold rows of this tenant.
    fn of(table: Oid, tenant: &'static Tenant) -> Option<Rows> {
        let entry = protected::get(table)?;
        let number = catalog::attribute(table, &CString::new(&*entry.tenant_column).ok()?)?;
        let (kind, _, _) = catalog::attribute_type(table, number);
        let value = match kind {
            pg_sys::UUIDOID => sql::literal(&Uuid::from_bytes(tenant.id).to_string()),
            pg_sys::INT8OID | pg_sys::INT4OID => tenant.key?.to_string(),
            _ => sql::literal(&tenant.name),
        };
        Some(Rows {
            tenant,
            table: catalog::qualified_name(table)?,
            owner: catalog::relation_owner(table),
            condition: format!("{} OPERATOR(pg_catalog.=) {value}", sql::ident(&entry.tenant_column)),
            compartment_column: entry.compartment_column.map(|column| sql::ident(&column)),
        })
    }

    /// The compartments that there are rows of: without a column, Global stands for all. Read as the extension's owner, whom row
    /// security does not bind; the condition calls nobody's functions.
    fn compartments(&self) -> Vec<&'static Compartment> {
        let Some(column) = &self.compartment_column else { return vec![compartment::global()] };
        let query = format!("SELECT DISTINCT {column} FROM {} WHERE {}", self.table, self.condition);
        let ids: Result<Vec<Option<pgrx::Uuid>>, pgrx::spi::Error> = role::as_extension_owner(|| {
            Spi::connect_mut(|client| client.update(&query, None, &[])?.map(|row| row.get(1)).collect())
        });
        let ids = ids.map_err(internal).or_raise();
        ids.into_iter().flatten().map(|id| compartment::alone(from_pg(id))).collect()
    }

    /// Deletes those of one compartment, as the tenant in it: row security itself sees to it that no other row goes. Runs as the
    /// table's owner: the table's triggers do.
    fn delete_in(&self, compartment: &'static Compartment) -> i64 {
        let mut rows = format!("{} WHERE {}", self.table, self.condition);
        if let Some(column) = &self.compartment_column {
            let id = sql::literal(&Uuid::from_bytes(compartment.id).to_string());
            rows.push_str(&format!(" AND {column} OPERATOR(pg_catalog.=) {id}"));
        }
        let (count, left) = crate::context::as_tenant(self.tenant, compartment, || {
            role::as_user(self.owner, || {
                let count = Spi::connect_mut(|client| {
                    client.update(&format!("DELETE FROM {rows}"), None, &[]).map(|rows| rows.len())
                })?;
                let left = Spi::get_one::<bool>(&format!("SELECT EXISTS (SELECT FROM {rows})"))?;
                Ok::<_, pgrx::spi::Error>((count, left))
            })
        })
        .map_err(internal)
        .or_raise();
        if left != Some(false) {
            raise(
                Fault::new(
                    Code::NotInPrerequisiteState,
                    format!("rows of the tenant remain in table {}", self.table),
                )
                .detail("A rule or a trigger of the table kept them from being deleted.")
                .hint("Nothing was deleted. Disable it, and try again."),
            );
        }
        count as i64
    }
}
