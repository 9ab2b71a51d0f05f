//! Object access: what happens to relations, schemas and functions however it was asked for, cascades included.

use super::local::Local;
use super::{belongs, kept};
use pgrx::pg_sys::{self, Oid};
use std::ffi::c_void;

/// What is asked. Each raises to refuse.
#[derive(Clone, Copy)]
pub struct Access {
    /// Before TRUNCATE empties a relation.
    pub truncate: fn(Oid),
    /// Before a schema is searched, one that is not PostgreSQL's own. `true`: it was named. Otherwise it stands in `search_path`,
    /// and is left out if the answer is false.
    pub search: fn(Oid, bool) -> bool,
    /// Before a function is called whose schema's name says something (`belongs`).
    pub execute: fn(Oid),
    /// A large object was made, or (true) is about to go.
    pub large_object: fn(Oid, bool),
    /// An object that may have expressions whose results are kept was made, of this catalog.
    pub made: fn(Oid, Oid),
    /// Before a text is written into the write-ahead log as it is.
    pub log_message: fn(),
}

/// pg_logical_emit_message, of text and of bytea (pg_proc.dat; the bindings' names differ by version).
const LOG_MESSAGE: [Oid; 2] = [Oid::from_u32(3577), Oid::from_u32(3578)];

/// The catalog pg_largeobject (pg_largeobject.h; pgrx has no binding for it).
const LARGE_OBJECTS: Oid = Oid::from_u32(2613);

static PREVIOUS: Local<pg_sys::object_access_hook_type> = Local::new(None);
static ACCESS: Local<Option<Access>> = Local::new(None);

/// Starts asking.
pub fn install(access: Access) {
    ACCESS.set(Some(access));
    // SAFETY: while the library is loaded nothing runs that could call the hook.
    unsafe {
        PREVIOUS.set(pg_sys::object_access_hook);
        pg_sys::object_access_hook = Some(on_access);
    }
}

// Two halves, as in `hooks`.
unsafe extern "C-unwind" fn on_access(
    access: pg_sys::ObjectAccessType::Type,
    class: Oid,
    object: Oid,
    part: i32,
    argument: *mut c_void,
) {
    use pg_sys::ObjectAccessType as T;
    // SAFETY: passes on what we were given.
    unsafe {
        match access {
            T::OAT_FUNCTION_EXECUTE
                if belongs::is_plain_function(object) && !LOG_MESSAGE.contains(&object) => {}
            T::OAT_NAMESPACE_SEARCH if object.to_u32() < belongs::FIRST => {}
            T::OAT_POST_CREATE if class != LARGE_OBJECTS && !kept::has_expressions(class) => {}
            T::OAT_DROP if class != LARGE_OBJECTS => {}
            T::OAT_FUNCTION_EXECUTE
            | T::OAT_NAMESPACE_SEARCH
            | T::OAT_POST_CREATE
            | T::OAT_DROP
            | T::OAT_TRUNCATE => {
                ask(access, class, object, argument);
            }
            _ => {}
        }
        if let Some(previous) = PREVIOUS.get() {
            previous(access, class, object, part, argument);
        }
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn ask(
    kind: pg_sys::ObjectAccessType::Type,
    class: Oid,
    object: Oid,
    argument: *mut c_void,
) {
    use pg_sys::ObjectAccessType as T;
    let Some(access) = ACCESS.get() else { return };
    match kind {
        T::OAT_TRUNCATE => (access.truncate)(object),
        T::OAT_FUNCTION_EXECUTE if LOG_MESSAGE.contains(&object) => (access.log_message)(),
        T::OAT_FUNCTION_EXECUTE => {
            if belongs::of_function(object).is_some() {
                (access.execute)(object);
            }
        }
        T::OAT_POST_CREATE if class != LARGE_OBJECTS => (access.made)(class, object),
        T::OAT_POST_CREATE => (access.large_object)(object, false),
        T::OAT_DROP => (access.large_object)(object, true),
        _ => {
            // SAFETY: PostgreSQL passes this argument with this kind of access.
            let search = unsafe { &mut *argument.cast::<pg_sys::ObjectAccessNamespaceSearch>() };
            if !(access.search)(object, search.ereport_on_violation) {
                search.result = false;
            }
        }
    }
}
