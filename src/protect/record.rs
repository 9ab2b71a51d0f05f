//! The registry's rows, written as the extension's owner.

use crate::pg::error::{OrRaise, internal};
use crate::pg::role;
use crate::sys::lookup;
use pgrx::datum::DatumWithOid;
use pgrx::pg_sys::{self, Oid};
use pgrx::spi::Spi;
use watertight_core::protect::{Options, Record};

fn write(command: &str, arguments: &[DatumWithOid]) {
    role::as_extension_owner(|| Spi::run_with_args(command, arguments)).map_err(internal).or_raise();
}

/// Registers a table, or changes its row.
pub fn table(record: &Record) {
    write(
        "INSERT INTO watertight.protected_tables AS p (relation, tenant_column, creator_column, scope_keys, compartment_column)
         VALUES ($1, $2::text, $3::text, $4, $5::text)
         ON CONFLICT (relation) DO UPDATE SET tenant_column = excluded.tenant_column,
             creator_column = excluded.creator_column, scope_keys = excluded.scope_keys,
             compartment_column = excluded.compartment_column",
        &[
            Oid::from(record.relation).into(),
            record.tenant_column.as_str().into(),
            record.creator_column.as_deref().into(),
            record.scope_keys.into(),
            record.compartment_column.as_deref().into(),
        ],
    );
}

/// Removes tables from the registry.
pub fn forget_tables(relations: &[Oid]) {
    write(
        "DELETE FROM watertight.protected_tables p WHERE p.relation = ANY ($1)",
        &[relations.to_vec().into()],
    );
}

/// Taken by whoever makes a table in a schema, until the transaction ends.
pub fn lock_for_new_table(schema: Oid) {
    lookup::lock_schema(schema, pg_sys::RowExclusiveLock);
}

/// Taken by whoever looks for all tables of a schema: waits for those that are being made.
pub fn lock_for_all_tables(schema: Oid) {
    lookup::lock_schema(schema, pg_sys::ShareLock);
}

/// Registers a schema, or changes its row.
pub fn schema(schema: &str, options: &Options) {
    write(
        "INSERT INTO watertight.protected_schemas AS s (schema, tenant_column, scope_keys, compartment_column)
         VALUES ($1::text, $2::text, $3, $4::text)
         ON CONFLICT (schema) DO UPDATE SET tenant_column = excluded.tenant_column,
             scope_keys = s.scope_keys OR excluded.scope_keys,
             compartment_column = coalesce(excluded.compartment_column, s.compartment_column)",
        &[
            schema.into(),
            options.tenant_column.as_str().into(),
            options.scope_keys.into(),
            options.compartment_column.as_deref().into(),
        ],
    );
}

/// Removes schemas from the registry.
pub fn forget_schemas(schemas: &[String]) {
    write(
        "DELETE FROM watertight.protected_schemas s WHERE s.schema = ANY ($1::name[])",
        &[schemas.to_vec().into()],
    );
}

/// Follows the new name of a schema: the old one is the one that is gone. (Dropped schemas have left the registry.)
pub fn rename_schema(schema: Oid) {
    write(
        "UPDATE watertight.protected_schemas s SET schema = n.nspname
         FROM pg_catalog.pg_namespace n
         WHERE n.oid = $1 AND NOT EXISTS (SELECT FROM pg_catalog.pg_namespace o WHERE o.nspname = s.schema)",
        &[schema.into()],
    );
}
