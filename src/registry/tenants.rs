//! Creating, suspending, resuming and dropping tenants.

use super::dropping;
use crate::compartment::destroy;
use crate::keys::{make, shred};
use crate::pg::arguments::required;
use crate::pg::error::{OrRaise, internal, raise};
use crate::pg::id::{from_pg, to_pg};
use crate::pg::role;
use pgrx::datum::{DatumWithOid, Interval};
use pgrx::prelude::*;
use uuid::Uuid;
use watertight_core::tenant::{Status, check_name};
use watertight_core::{Code, Fault};

/// Creates a tenant and returns its id.
///
/// Runs as the extension's owner; EXECUTE is granted to `watertight_admin` only.
///
/// # Errors
/// 22023 for a name that could be misread, 42710 where the name, key or id is taken.
#[pg_extern(sql = false)]
fn create_tenant(
    name: Option<&str>,
    key: Option<i64>,
    region: Option<&str>,
    retention: Option<Interval>,
    id: Option<pgrx::Uuid>,
) -> pgrx::Uuid {
    let name = required("name", name);
    check_name(name).or_raise();
    let id = id.unwrap_or_else(|| to_pg(Uuid::now_v7()));
    let creator = role::caller_name();
    let arguments: Vec<DatumWithOid> =
        vec![id.into(), name.into(), key.into(), region.into(), retention.into(), creator.as_str().into()];
    let created = Spi::get_one_with_args::<pgrx::Uuid>(
        "INSERT INTO watertight.tenants (id, name, key, region, retention, created_by)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id",
        &arguments,
    );
    match created {
        Ok(Some(id)) => {
            make::early(from_pg(id), Uuid::nil());
            id
        }
        _ => raise(
            Fault::new(Code::DuplicateObject, format!("tenant \"{name}\" cannot be created"))
                .detail("A tenant with this name, key or id exists already."),
        ),
    }
}

fn unknown(name: &str) -> ! {
    raise(
        Fault::new(Code::UndefinedObject, format!("tenant \"{name}\" does not exist"))
            .hint("See watertight.tenants."),
    )
}

fn set_status(name: Option<&str>, status: Status) {
    let name = required("name", name);
    let changed = Spi::get_one_with_args::<String>(
        "UPDATE watertight.tenants SET status = $2 WHERE name = $1 RETURNING name",
        &[name.into(), status.as_str().into()],
    );
    if !matches!(changed, Ok(Some(_))) {
        unknown(name);
    }
}

/// Refuses the tenant's tokens from the next statement of every session on. Its data stays.
#[pg_extern(sql = false)]
fn suspend_tenant(name: Option<&str>) {
    set_status(name, Status::Suspended);
}

/// Accepts the tenant's tokens again.
#[pg_extern(sql = false)]
fn resume_tenant(name: Option<&str>) {
    set_status(name, Status::Active);
}

/// Gives a tenant its integer key, for tables whose tenant column is a number. A key that rows may hold already is not
/// changed.
///
/// # Errors
/// 22023 if the tenant has another key, 42710 if the key is taken, 42704 if there is no such tenant.
#[pg_extern(sql = false)]
fn set_tenant_key(name: Option<&str>, key: Option<i64>) {
    let name = required("name", name);
    let key = required("key", key);
    let present = Spi::get_two_with_args::<String, i64>(
        "SELECT name, key FROM watertight.tenants WHERE name = $1 FOR UPDATE",
        &[name.into()],
    );
    match present {
        Ok((Some(_), None)) => {}
        Ok((Some(_), Some(present))) if present == key => return,
        Ok((Some(_), Some(_))) => raise(
            Fault::new(Code::InvalidParameter, format!("tenant \"{name}\" has another key already"))
                .detail("Rows may hold it, so it cannot be changed."),
        ),
        _ => unknown(name),
    }
    let set = Spi::get_one_with_args::<String>(
        "UPDATE watertight.tenants SET key = $2 WHERE name = $1
         AND NOT EXISTS (SELECT FROM watertight.tenants AS other WHERE other.key = $2) RETURNING name",
        &[name.into(), key.into()],
    );
    if !matches!(set, Ok(Some(_))) {
        raise(Fault::new(Code::DuplicateObject, format!("key {key} belongs to another tenant")));
    }
}

/// What lies in others goes with those.
fn drop_compartments(tenant: pgrx::Uuid) {
    let outermost = role::as_extension_owner(|| {
        Spi::connect_mut(|client| {
            let rows = client.update(
                "SELECT id FROM watertight.all_compartments WHERE tenant_id = $1 AND parent_id IS NULL ORDER BY id",
                None,
                &[tenant.into()],
            )?;
            rows.map(|row| row.get::<pgrx::Uuid>(1)).collect::<Result<Vec<_>, _>>()
        })
    });
    for id in outermost.map_err(internal).or_raise().into_iter().flatten() {
        if destroy::now(from_pg(id), destroy::Reason::Dropped).is_none() {
            raise(
                Fault::new(
                    Code::ObjectInUse,
                    "a compartment of the tenant is being destroyed by somebody else",
                )
                .hint("Try again."),
            );
        }
    }
}

/// Deletes a tenant and its rows in every protected table, in this transaction.
///
/// Returns a row for each protected table: the table and how many rows were deleted from it.
///
/// # Errors
/// 22023 if `confirm` is not the tenant's name, 42704 if there is no such tenant.
#[pg_extern(sql = false)]
fn drop_tenant(
    name: Option<&str>,
    confirm: Option<&str>,
) -> TableIterator<'static, (name!(relation, pg_sys::Oid), name!(rows_deleted, i64))> {
    let name = required("name", name);
    if confirm != Some(name) {
        raise(
            Fault::new(Code::InvalidParameter, format!("dropping tenant \"{name}\" is not confirmed"))
                .detail("Every row of the tenant in every protected table will be deleted.")
                .hint("Repeat the tenant's name in confirm."),
        );
    }
    role::require_admin("drop a tenant");
    make::sees_all(shred::DROP_TENANT).or_raise();
    // The lock keeps a second drop, and a resume, away.
    let locked = role::as_extension_owner(|| {
        Spi::get_one_with_args::<pgrx::Uuid>(
            "SELECT id FROM watertight.tenants WHERE name = $1 FOR UPDATE",
            &[name.into()],
        )
    });
    let Ok(Some(id)) = locked else { unknown(name) };
    // Who works in the tenant may need a key that is not made while we wait for him.
    dropping::begin(from_pg(id));
    drop_compartments(id);
    let deleted = super::purge::delete_rows_of(name);
    shred::tenant(&shred::Order {
        tenant: from_pg(id),
        name,
        compartment: None,
        reason: "tenant dropped",
        by: &role::caller_name(),
    })
    .or_raise();
    role::as_extension_owner(|| {
        Spi::run_with_args("DELETE FROM watertight.tenants WHERE id = $1", &[id.into()])
    })
    .map_err(internal)
    .or_raise();
    TableIterator::new(deleted)
}
