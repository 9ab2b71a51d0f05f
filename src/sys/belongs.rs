//! What the name of a schema says about everything in it, remembered for each schema, relation and function.

use super::local::{Local, LocalRef};
use pgrx::pg_sys::{self, Datum, Oid, SysCacheIdentifier};
use std::collections::BTreeMap;
use std::ffi::{CStr, c_char};

/// What a schema's name may say.
pub type Mark = [u8; 16];

/// Objects of PostgreSQL itself have lower oids; none of them lies in a schema that a name says anything about.
pub const FIRST: u32 = 16_384;

/// A power of two. Two objects that share a place look each other's mark up again.
const PLACES: usize = 512;

#[derive(Clone, Copy)]
struct Place {
    oid: u32,
    mark: Option<Mark>,
}

const EMPTY: Place = Place { oid: 0, mark: None };

type Read = fn(&[u8]) -> Option<Mark>;

static READ: Local<Option<Read>> = Local::new(None);
/// Rises with each invalidation: what was looked up before one is not remembered after it.
static GENERATION: Local<u64> = Local::new(0);
static SCHEMAS: LocalRef<BTreeMap<u32, Option<Mark>>> = LocalRef::new(BTreeMap::new());
static RELATIONS: LocalRef<[Place; PLACES]> = LocalRef::new([EMPTY; PLACES]);
static FUNCTIONS: LocalRef<[Place; PLACES]> = LocalRef::new([EMPTY; PLACES]);
/// Whether this database has a schema with a mark.
static ANY: Local<Option<bool>> = Local::new(None);

/// `read` says what a schema's name means. Called once, while the library is loaded.
pub fn install(read: Read) {
    READ.set(Some(read));
    // SAFETY: the callbacks are static functions that write cells of ours, and neither raise nor read a catalog.
    unsafe {
        let none = Datum::null();
        pg_sys::CacheRegisterRelcacheCallback(Some(on_relation), none);
        for cache in [SysCacheIdentifier::NAMESPACEOID, SysCacheIdentifier::PROCOID] {
            pg_sys::CacheRegisterSyscacheCallback(cache as i32, Some(on_syscache), none);
        }
    }
}

fn changed() {
    GENERATION.set(GENERATION.get().wrapping_add(1));
}

unsafe extern "C-unwind" fn on_relation(_arg: Datum, relation: Oid) {
    changed();
    RELATIONS.with_mut(|places| match relation.to_u32() {
        0 => places.fill(EMPTY),
        oid => {
            let place = &mut places[oid as usize % PLACES];
            if place.oid == oid {
                *place = EMPTY;
            }
        }
    });
}

unsafe extern "C-unwind" fn on_syscache(_arg: Datum, cache: i32, _hash: u32) {
    changed();
    FUNCTIONS.with_mut(|places| places.fill(EMPTY));
    if cache == SysCacheIdentifier::NAMESPACEOID as i32 {
        ANY.set(None);
        SCHEMAS.with_mut(BTreeMap::clear);
        RELATIONS.with_mut(|places| places.fill(EMPTY));
    }
}

/// What the name of a schema says.
pub fn of_schema(schema: Oid) -> Option<Mark> {
    let oid = schema.to_u32();
    if oid < FIRST {
        return None;
    }
    if let Some(known) = SCHEMAS.with(|schemas| schemas.get(&oid).copied()) {
        return known;
    }
    let before = GENERATION.get();
    // SAFETY: a syscache look-up that returns a palloc'd string, or null.
    let mark = unsafe {
        let name = pg_sys::get_namespace_name(schema);
        if name.is_null() {
            return None;
        }
        let mark = of_name(name);
        pg_sys::pfree(name.cast());
        mark
    };
    if before == GENERATION.get() {
        SCHEMAS.with_mut(|schemas| schemas.insert(oid, mark));
    }
    mark
}

/// # Safety
/// `name` must be a C string.
unsafe fn of_name(name: *const c_char) -> Option<Mark> {
    // SAFETY: by the caller.
    READ.get().and_then(|read| read(unsafe { CStr::from_ptr(name) }.to_bytes()))
}

/// What the name of a relation's schema says.
pub fn of_relation(relation: Oid) -> Option<Mark> {
    // SAFETY: a syscache look-up; InvalidOid where there is no such relation.
    remembered(&RELATIONS, relation, |oid| unsafe { pg_sys::get_rel_namespace(oid) })
}

/// What the name of a function's schema says.
pub fn of_function(function: Oid) -> Option<Mark> {
    // SAFETY: as above.
    remembered(&FUNCTIONS, function, |oid| unsafe { pg_sys::get_func_namespace(oid) })
}

fn remembered(places: &LocalRef<[Place; PLACES]>, object: Oid, schema: fn(Oid) -> Oid) -> Option<Mark> {
    let oid = object.to_u32();
    if oid < FIRST {
        return None;
    }
    let place = places.with(|places| places[oid as usize % PLACES]);
    if place.oid == oid {
        return place.mark;
    }
    let before = GENERATION.get();
    let schema = schema(object);
    let mark = of_schema(schema);
    if before == GENERATION.get() && schema != Oid::INVALID {
        places.with_mut(|places| places[oid as usize % PLACES] = Place { oid, mark });
    }
    mark
}

/// True if the relation is known to lie in a schema whose name says nothing. Looks nothing up, cannot raise.
#[inline]
pub(super) fn is_plain_relation(relation: Oid) -> bool {
    is_plain(&RELATIONS, relation)
}

/// The same of a function.
#[inline]
pub(super) fn is_plain_function(function: Oid) -> bool {
    is_plain(&FUNCTIONS, function)
}

#[inline]
fn is_plain(places: &LocalRef<[Place; PLACES]>, object: Oid) -> bool {
    let oid = object.to_u32();
    oid < FIRST
        || places.with(|places| {
            let place = &places[oid as usize % PLACES];
            place.oid == oid && place.mark.is_none()
        })
}

/// Whether any schema of this database has a name that says something.
pub fn any() -> bool {
    if let Some(known) = ANY.get() {
        return known;
    }
    let before = GENERATION.get();
    let mut found = false;
    super::scan::each(pg_sys::NamespaceRelationId, None, |row| {
        found = row
            .get::<&CStr>(pg_sys::Anum_pg_namespace_nspname as usize)
            .is_some_and(|name| READ.get().is_some_and(|read| read(name.to_bytes()).is_some()));
        !found
    });
    if before == GENERATION.get() {
        ANY.set(Some(found));
    }
    found
}
