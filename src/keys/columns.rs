//! `encrypt_column()` and its reverse: one ALTER TABLE, in which each row's value is sealed or opened for its own tenant.

use super::types::in_row::{self, By, Work};
use super::types::literals::type_of;
use super::{column_indexes, sealable};
use crate::compartment::fence;
use crate::context;
use crate::pg::arguments::{given, name, required};
use crate::pg::error::{OrRaise, raise};
use crate::pg::{role, spi};
use crate::registry::protected::{self, ProtectedTable};
use crate::sys::function::{Call, raw_function};
use crate::sys::{inval, lookup, utility};
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::prelude::*;
use std::ffi::{CStr, CString};
use watertight_core::keys::{KEY_PREFIX, Kind, Sealed};
use watertight_core::sql::ident;
use watertight_core::{Code, Fault};

fn key_id(call: Call) -> Datum {
    let id = call.beginning(0, KEY_PREFIX).and_then(Sealed::key_of);
    id.map_or_else(|| call.null(), |id| Datum::from(id.get()))
}

/// NULL for bytes that `encrypt()` has not made.
fn key_id_of_bytes(call: Call) -> Datum {
    let sealed = call.content(0).and_then(|value| Sealed::parse(value).ok());
    let id = sealed.filter(|sealed| sealed.kind == Kind::Function).map(|sealed| sealed.key);
    id.map_or_else(|| call.null(), |id| Datum::from(id.get()))
}

raw_function!(wt_key_id, pg_finfo_wt_key_id, key_id);
raw_function!(wt_key_id_of_bytes, pg_finfo_wt_key_id_of_bytes, key_id_of_bytes);

/// A column of a protected table that the caller owns.
struct Column {
    relation: Oid,
    table: String,
    name: String,
    /// Its name, quoted.
    column: String,
    kind: Oid,
    /// The arguments of `in_row`'s functions that say whose a row is.
    whose: String,
    entry: ProtectedTable,
}

impl Column {
    fn of(relation: Option<Oid>, column: Option<&CStr>) -> Column {
        let relation = required("relation", relation);
        if fence::own().is_some() {
            raise(
                Fault::new(
                    Code::FeatureNotSupported,
                    "cannot encrypt or decrypt a column inside a compartment with a schema of its own",
                )
                .detail("It is done without a context, which has no way into the schema.")
                .hint("Give the column its type in the template, or when the table is created."),
            );
        }
        let column_name = name(required("column_name", column));
        // The lock that ALTER TABLE takes, before anything is looked at: nobody puts another table in this one's place. Only its owner
        // gets it.
        if role::has_privs_of(role::current(), lookup::relation_owner(relation)) {
            lookup::lock_relation(relation, pg_sys::AccessExclusiveLock);
        }
        let table = lookup::qualified_name(relation).unwrap_or_default();
        let owner = lookup::relation_owner(relation);
        if !role::has_privs_of(role::current(), owner) {
            raise(Fault::new(Code::InsufficientPrivilege, format!("must be owner of table {table}")));
        }
        let Some(entry) = protected::get(relation) else {
            raise(
                Fault::new(Code::NotInPrerequisiteState, format!("table {table} is not protected"))
                    .detail("Whose key a value is sealed under is known by the tenant column.")
                    .hint("Protect it first, with watertight.protect()."),
            )
        };
        let attribute =
            |name: &str| CString::new(name).ok().and_then(|name| lookup::attribute(relation, &name));
        let Some(number) = attribute(&column_name) else {
            raise(Fault::new(Code::UndefinedObject, format!("table {table} has no column \"{column_name}\"")))
        };
        let tenant = attribute(&entry.tenant_column).map(|number| lookup::attribute_type(relation, number).0);
        let by = match tenant {
            Some(pg_sys::UUIDOID) => By::Id,
            Some(pg_sys::INT8OID | pg_sys::INT4OID) => By::Key,
            _ => By::Name,
        };
        let compartment = entry.compartment_column.as_deref().map_or_else(|| "NULL".to_owned(), ident);
        let by = by as i32;
        let whose = format!("{by}, {}::pg_catalog.text, {compartment}", ident(&entry.tenant_column));
        let kind = lookup::attribute_type(relation, number).0;
        Column { relation, table, column: ident(&column_name), name: column_name, kind, whose, entry }
    }

    /// The type it has now, for people.
    fn type_name(&self) -> String {
        lookup::type_name(self.kind)
    }

    /// The table's name, which stays what it is until the transaction ends. The lock on the table keeps its own; a schema is renamed without
    /// a lock on anything but its row.
    fn lasting_name(&self) -> String {
        if let Some(schema) = lookup::relation_schema(self.relation) {
            role::as_extension_owner(|| {
                spi::run(
                    "SELECT FROM pg_catalog.pg_namespace WHERE oid OPERATOR(pg_catalog.=) $1 FOR KEY SHARE",
                    &[schema.into()],
                );
            });
        }
        // Whoever had the row may have given it another name.
        inval::accept();
        lookup::qualified_name(self.relation).unwrap_or_default()
    }

    /// Changes its type; `function` makes each row's new value of `value`. Whatever else the statement calls has no context.
    fn alter(&self, work: Work, kind: &str, function: &str, value: &str) {
        let (table, column, whose) = (self.lasting_name(), &self.column, &self.whose);
        let owner = lookup::relation_owner(self.relation);
        in_row::with_ticket(work, |ticket| {
            let sql = format!(
                "ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind}
                     USING watertight.{function}({ticket}, {whose}, {value})"
            );
            let sql = CString::new(sql).unwrap_or_default();
            context::nowhere(|| role::as_user(owner, || utility::run_command(&sql)));
        });
    }
}

/// Gives a column the encrypted type for its values, and seals each for the tenant, and compartment, of its row.
///
/// # Errors
/// 42501 unless the caller owns the table and is a member of `watertight_admin`: values of all tenants that its rows name are sealed,
/// which is to write as any of them. 55000 for a table that is not protected, and without a master key; 42804 for a
/// column that is encrypted already, or of a type that has no encrypted one; 2BP01 for indexes that such a column cannot have.
#[pg_extern(sql = false)]
fn encrypt_column(relation: Option<Oid>, column_name: Option<&CStr>, searchable: Option<bool>) {
    let column = Column::of(relation, column_name);
    role::require_admin("encrypt a column");
    let searchable = given("searchable", searchable);
    sealable::check(column.relation, &column.name, &column.entry);
    let (plain, kind) = match column.kind {
        pg_sys::TEXTOID | pg_sys::VARCHAROID | pg_sys::BPCHAROID if searchable => ("text", "searchable_text"),
        pg_sys::TEXTOID | pg_sys::VARCHAROID | pg_sys::BPCHAROID => ("text", "encrypted_text"),
        pg_sys::BYTEAOID if !searchable => ("bytea", "encrypted_bytea"),
        pg_sys::JSONBOID | pg_sys::JSONOID if !searchable => ("jsonb", "encrypted_jsonb"),
        _ => raise(not_to_be_encrypted(&column, searchable)),
    };
    column_indexes::check(column.relation, &column.table, &column.name, searchable).or_raise();
    let value = format!("{}::pg_catalog.{plain}", column.column);
    let function = if searchable { "seal_searchable_in_row" } else { "seal_in_row" };
    column.alter(Work::Seal, &format!("watertight.{kind}"), function, &value);
}

fn not_to_be_encrypted(column: &Column, searchable: bool) -> Fault {
    let Column { name, table, .. } = column;
    let kind = column.type_name();
    let fault = |message: String| Fault::new(Code::DatatypeMismatch, message);
    match type_of(column.kind) {
        Some(Kind::Text) if searchable => fault(format!("column \"{name}\" is already encrypted"))
            .detail(format!("In table {table} it is of type {kind}, which is not searchable."))
            .hint("An administrator who owns the table can run decrypt_column() and this again, in one transaction."),
        Some(_) => fault(format!("column \"{name}\" is already encrypted"))
            .detail(format!("In table {table} it is of type {kind}."))
            .hint("decrypt_column() gives it its plain type back. reencrypt() encrypts its values again under the keys in force."),
        None if searchable => fault(format!("there is no searchable type for column \"{name}\" of type {kind}"))
            .detail("text, varchar and char have one.")
            .hint("Change the column's type first, or leave searchable out."),
        None => fault(format!("there is no encrypted type for column \"{name}\" of type {kind}"))
            .detail("text, varchar, char, bytea, json and jsonb have one.")
            .hint("Change the column's type first."),
    }
}

/// Gives a column its plain type back, and opens each value.
///
/// # Errors
/// 42501 unless the caller owns the table and is a member of `watertight_admin`; 42804 for a column that is not encrypted.
#[pg_extern(sql = false)]
fn decrypt_column(relation: Option<Oid>, column_name: Option<&CStr>) {
    let column = Column::of(relation, column_name);
    role::require_admin("decrypt a column");
    let plain = match type_of(column.kind) {
        Some(Kind::Bytea) => "bytea",
        Some(Kind::Jsonb) => "jsonb",
        Some(_) => "text",
        None => raise(
            Fault::new(Code::DatatypeMismatch, format!("column \"{}\" is not encrypted", column.name))
                .detail(format!("In table {} it is of type {}.", column.table, column.type_name())),
        ),
    };
    column.alter(Work::Open, &format!("pg_catalog.{plain}"), "open_in_row", &column.column);
}
