//! The fence: a compartment's schema is there for its own context only, whoever asks.
//!
//! Names are looked up by schemas (`search`); plans that were made before are looked at again when they run (`relation`, `execute`);
//! `creation` keeps what is made inside, `catalogs` hides what is not.

use super::Compartment;
use crate::context;
use crate::pg::error::raise;
use crate::pg::{ext, settings};
use crate::sys::belongs::{self, Mark};
use crate::sys::local::Local;
use crate::sys::query::forget_plans;
use crate::sys::{lookup, process, search_path, user, xact};
use pgrx::pg_sys::Oid;
use uuid::Uuid;
use watertight_core::compartment::{Inside, id_of_schema, no_such_schema};
use watertight_core::{Code, Fault};

/// The compartment in whose schema the extension itself is at work, whatever the context.
static OPEN: Local<Option<Mark>> = Local::new(None);
/// PostgreSQL has made a search path of names among which was a compartment's.
static SEARCHED: Local<bool> = Local::new(false);
/// The compartment whose own schema was last found, by name or in a plan: saved plans may have to do with it.
static LAST: Local<Option<Mark>> = Local::new(None);
/// The transaction that has logged its use of `watertight.bypass`.
static LOGGED: Local<u64> = Local::new(0);

/// What the names of schemas say.
pub fn read(name: &[u8]) -> Option<Mark> {
    id_of_schema(name).map(Uuid::into_bytes)
}

struct Restore(Option<Mark>);

impl Drop for Restore {
    fn drop(&mut self) {
        OPEN.set(self.0);
        search_path::forget();
    }
}

/// Runs `f`, work of the extension itself on a compartment's schema, whatever the context. The fence stays closed around all others:
/// DDL evaluates expressions (of indexes, domains, bounds of partitions), and with them anybody's functions.
pub fn inside<R>(schema: &str, f: impl FnOnce() -> R) -> R {
    let _restore = Restore(OPEN.get());
    OPEN.set(read(schema.as_bytes()));
    search_path::forget();
    f()
}

/// The extension itself is at work in this schema.
pub fn is_open(schema: &str) -> bool {
    OPEN.get().is_some_and(|mark| read(schema.as_bytes()) == Some(mark))
}

/// The compartment in force, if it has a schema of its own.
pub fn own() -> Option<&'static Compartment> {
    context::compartment_if_any().filter(|compartment| compartment.schema.is_some())
}

/// The same, as decisions need it.
pub fn inside_of(own: Option<&'static Compartment>) -> Inside<'static> {
    Inside {
        schema: own.and_then(|own| own.schema.as_deref()).and_then(|schema| schema.to_str().ok()),
        ephemeral: own.is_some_and(|own| own.ephemeral),
    }
}

/// Whether what lies in the schema with this mark may be reached now.
pub fn is_within(mark: Mark) -> bool {
    if OPEN.get() == Some(mark) {
        return true;
    }
    let own = own().map(|own| own.id);
    if own.is_some() && LAST.get() != own {
        // What functions of another compartment returned may stand in plans as constants.
        if LAST.get().is_some() {
            forget_plans();
        }
        LAST.set(own);
    }
    own == Some(mark) || ext::tables().is_none() || bypass(mark) || is_analyzed(mark)
}

/// Autovacuum evaluates the expressions of an index, and functions in them reach what lies beside the table: nothing else, because
/// they are anybody's, and autovacuum has no context.
fn is_analyzed(mark: Mark) -> bool {
    process::analyzed_by_autovacuum().and_then(belongs::of_relation) == Some(mark)
}

fn bypass(mark: Mark) -> bool {
    if !settings::bypass() {
        return false;
    }
    if LOGGED.get() != xact::serial() {
        LOGGED.set(xact::serial());
        let role = user::name(user::current()).unwrap_or_default();
        pgrx::log!(
            "watertight.bypass lets role \"{role}\" into compartments' schemas: {}",
            Uuid::from_bytes(mark)
        );
    }
    true
}

/// The token, the transaction or the verdict has changed: PostgreSQL's search path may hold what is not there any more, or lack what
/// is now. Must not raise.
pub fn context_changed() {
    if SEARCHED.get() {
        SEARCHED.set(false);
        search_path::forget();
    }
}

/// A utility statement is about to look up names. The session may have ended since the path was made.
pub fn refresh() {
    context_changed();
}

/// Before a schema is searched. False: it is left out of the path.
pub fn search(schema: Oid, named: bool) -> bool {
    let Some(mark) = belongs::of_schema(schema) else { return true };
    if !named {
        SEARCHED.set(true);
    }
    let within = is_within(mark);
    if named && !within {
        raise(no_such_schema(&lookup::schema_name(schema).unwrap_or_default()));
    }
    within
}

/// Before a plan starts, or is fetched from.
pub fn relation(relation: Oid) {
    if let Some(mark) = belongs::of_relation(relation)
        && !is_within(mark)
    {
        raise(kept(Fault::new(Code::InsufficientPrivilege, "cannot use a table of another compartment")));
    }
}

/// Before a function is called.
pub fn execute(function: Oid) {
    if let Some(mark) = belongs::of_function(function)
        && !is_within(mark)
    {
        raise(kept(Fault::new(Code::InsufficientPrivilege, "cannot call a function of another compartment")));
    }
}

fn kept(fault: Fault) -> Fault {
    fault.detail("The statement was prepared where it was within reach.").hint("Prepare it again.")
}
