//! Which table our own DDL is changing now.
//!
//! Guards let that statement pass, and the event trigger does not answer it. It names the table, because user code may run
//! inside (an index expression, say): that code gets no pass for any other table.

use crate::sys::local::Local;
use pgrx::pg_sys::Oid;
use watertight_core::protect::Statement;

static CHANGING: Local<Option<(Oid, Oid)>> = Local::new(None);

/// Runs `f` while `statement` is known to be ours; also after an error nothing remains of it.
pub fn during<R>(statement: &Statement, f: impl FnOnce() -> R) -> R {
    let relation = Oid::from(statement.relation);
    CHANGING.during(Some((relation, statement.reads.map_or(relation, Oid::from))), f)
}

/// True for the table that our statement is changing, and for the one its foreign key references.
pub fn is_changing(relation: Oid) -> bool {
    CHANGING.get().is_some_and(|(changed, read)| relation == changed || relation == read)
}
