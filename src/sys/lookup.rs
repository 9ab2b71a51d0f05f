//! Catalog look-ups by name and by oid.

use pgrx::pg_sys::{self, Oid};
use pgrx::tupdesc::PgTupleDesc;
use std::ffi::CStr;

/// The oid of a schema.
pub fn schema(name: &CStr) -> Option<Oid> {
    // SAFETY: a syscache look-up that does not raise with missing_ok.
    valid(unsafe { pg_sys::get_namespace_oid(name.as_ptr(), true) })
}

/// The name of a schema.
pub fn schema_name(schema: Oid) -> Option<String> {
    // SAFETY: a syscache look-up that returns a palloc'd string, or null.
    unsafe {
        let name = pg_sys::get_namespace_name(schema);
        (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
    }
}

/// The schema of a type; `InvalidOid` where there is no such type.
pub fn type_schema(kind: Oid) -> Oid {
    let place = pg_sys::ObjectAddress { classId: pg_sys::TypeRelationId, objectId: kind, objectSubId: 0 };
    let cache = pg_sys::SysCacheIdentifier::TYPEOID as i32;
    // SAFETY: syscache look-ups; the second raises where there is no such type.
    unsafe {
        if pg_sys::SearchSysCacheExists(
            cache,
            pg_sys::Datum::from(kind),
            pg_sys::Datum::null(),
            pg_sys::Datum::null(),
            pg_sys::Datum::null(),
        ) {
            pg_sys::get_object_namespace(&place)
        } else {
            Oid::INVALID
        }
    }
}

/// The oid of an extension.
pub fn extension(name: &CStr) -> Option<Oid> {
    // SAFETY: a catalog look-up that does not raise with missing_ok.
    valid(unsafe { pg_sys::get_extension_oid(name.as_ptr(), true) })
}

/// The oid of a relation in a schema.
pub fn relation(schema: Oid, name: &CStr) -> Option<Oid> {
    // SAFETY: a syscache look-up.
    valid(unsafe { pg_sys::get_relname_relid(name.as_ptr(), schema) })
}

/// The relation in a schema that has the name of another one.
pub fn namesake(other: Oid, schema: Oid) -> Option<Oid> {
    // SAFETY: syscache look-ups; the first returns a palloc'd string or null.
    unsafe {
        let name = pg_sys::get_rel_name(other);
        if name.is_null() { None } else { valid(pg_sys::get_relname_relid(name, schema)) }
    }
}

/// The extension a relation belongs to.
pub fn extension_of_relation(relation: Oid) -> Option<Oid> {
    // SAFETY: a catalog scan.
    valid(unsafe { pg_sys::getExtensionOfObject(pg_sys::RelationRelationId, relation) })
}

/// The oid of the function `schema.name` with exactly these argument types.
pub fn function(schema: &CStr, name: &CStr, arguments: &[Oid]) -> Option<Oid> {
    // SAFETY: the list and its strings are allocated in the current memory context and outlive the call; with
    // missing_ok it raises nothing.
    valid(unsafe {
        let mut names = std::ptr::null_mut();
        for part in [schema, name] {
            names = pg_sys::lappend(names, pg_sys::makeString(pg_sys::pstrdup(part.as_ptr())).cast());
        }
        pg_sys::LookupFuncName(names, arguments.len() as i32, arguments.as_ptr(), true)
    })
}

/// The oid of a type in a schema.
pub fn type_in(schema: &CStr, name: &CStr) -> Option<Oid> {
    let schema = self::schema(schema)?;
    // SAFETY: a syscache look-up; InvalidOid where there is none.
    valid(unsafe {
        pg_sys::GetSysCacheOid(
            pg_sys::SysCacheIdentifier::TYPENAMENSP as i32,
            pg_sys::Anum_pg_type_oid as i16,
            pg_sys::Datum::from(name.as_ptr()),
            pg_sys::Datum::from(schema),
            pg_sys::Datum::null(),
            pg_sys::Datum::null(),
        )
    })
}

/// A type as people know it.
pub fn type_name(kind: Oid) -> String {
    // SAFETY: a syscache look-up that returns a palloc'd string; a type that is not there is `???`.
    unsafe { CStr::from_ptr(pg_sys::format_type_be(kind)).to_string_lossy().into_owned() }
}

/// The oid of the operator `left schema.name right`.
pub fn operator(schema: &CStr, name: &CStr, left: Oid, right: Oid) -> Option<Oid> {
    // SAFETY: as in `function`.
    valid(unsafe {
        let mut names = std::ptr::null_mut();
        for part in [schema, name] {
            names = pg_sys::lappend(names, pg_sys::makeString(pg_sys::pstrdup(part.as_ptr())).cast());
        }
        pg_sys::OpernameGetOprid(names, left, right)
    })
}

/// What a value is of, or the elements of an array: without domains.
pub fn plain_type(kind: Oid) -> Oid {
    // SAFETY: syscache look-ups; a type that is not there is its own base.
    unsafe {
        let base = pg_sys::getBaseType(kind);
        let element = pg_sys::get_element_type(base);
        if element == Oid::INVALID { base } else { pg_sys::getBaseType(element) }
    }
}

/// The types that the values of a type, or of the elements of an array, consist of: columns of a row, the bounds of a range.
pub fn parts(kind: Oid) -> Vec<Oid> {
    let kind = plain_type(kind);
    // SAFETY: syscache look-ups; InvalidOid where a type is not of this sort.
    let (row, range, multirange) = unsafe {
        (pg_sys::get_typ_typrelid(kind), pg_sys::get_range_subtype(kind), pg_sys::get_multirange_range(kind))
    };
    if row == Oid::INVALID {
        return [range, multirange].into_iter().filter_map(valid).collect();
    }
    let columns = PgTupleDesc::for_composite_type_by_oid(kind);
    let columns = columns.iter().flat_map(|columns| columns.iter());
    columns.filter(|column| !column.attisdropped).map(|column| column.atttypid).collect()
}

/// The schema of a function; `InvalidOid` where there is no such function.
pub fn function_schema(function: Oid) -> Oid {
    // SAFETY: a syscache look-up.
    unsafe { pg_sys::get_func_namespace(function) }
}

/// Whether a function says that it depends on nothing but its arguments; raises if there is no such function.
pub fn is_immutable(function: Oid) -> bool {
    // SAFETY: a syscache look-up.
    unsafe { pg_sys::func_volatile(function) as u8 == pg_sys::PROVOLATILE_IMMUTABLE }
}

/// Whether a type has parts of other types: rows, ranges and sets of them, and what is neither known nor an enumeration.
pub fn has_parts(kind: Oid) -> bool {
    // SAFETY: a syscache look-up.
    let sort = unsafe { pg_sys::get_typtype(kind) } as u8;
    sort != pg_sys::TYPTYPE_BASE && sort != pg_sys::TYPTYPE_ENUM
}

/// What a type is: itself, or what a domain is over.
pub fn base_type(kind: Oid) -> Oid {
    // SAFETY: syscache look-ups; a type that is not there is its own base.
    unsafe { pg_sys::getBaseType(kind) }
}

/// The attribute number of a column, if the relation has it (and it is not dropped).
pub fn attribute(relation: Oid, name: &CStr) -> Option<i16> {
    // SAFETY: a syscache look-up; InvalidAttrNumber where there is none.
    let number = unsafe { pg_sys::get_attnum(relation, name.as_ptr()) };
    (number > 0).then_some(number)
}

/// The type, type modifier and collation of a column.
pub fn attribute_type(relation: Oid, number: i16) -> (Oid, i32, Oid) {
    let (mut kind, mut modifier, mut collation) = (Oid::INVALID, -1, Oid::INVALID);
    // SAFETY: a syscache look-up that writes the three results; raises if there is no such column.
    unsafe { pg_sys::get_atttypetypmodcoll(relation, number, &mut kind, &mut modifier, &mut collation) };
    (kind, modifier, collation)
}

fn valid(oid: Oid) -> Option<Oid> {
    (oid != Oid::INVALID).then_some(oid)
}

/// True for a partitioned table.
pub fn is_partitioned(relation: Oid) -> bool {
    // SAFETY: a syscache look-up.
    unsafe { pg_sys::get_rel_relkind(relation) as u8 == pg_sys::RELKIND_PARTITIONED_TABLE }
}

/// The owner of a relation; raises if there is no such relation.
pub fn relation_owner(relation: Oid) -> Oid {
    // SAFETY: opens and closes the relation under a lock that conflicts with its removal.
    unsafe {
        let open = pg_sys::relation_open(relation, pg_sys::AccessShareLock as i32);
        let owner = (*(*open).rd_rel).relowner;
        pg_sys::relation_close(open, pg_sys::AccessShareLock as i32);
        owner
    }
}

/// A relation's schema.
pub fn relation_schema(relation: Oid) -> Option<Oid> {
    // SAFETY: a syscache look-up.
    valid(unsafe { pg_sys::get_rel_namespace(relation) })
}

/// A relation's schema and name.
pub fn names(relation: Oid) -> Option<(String, String)> {
    // SAFETY: a syscache look-up that returns a palloc'd string or null.
    let (schema, name) = unsafe { (pg_sys::get_rel_namespace(relation), pg_sys::get_rel_name(relation)) };
    if name.is_null() {
        return None;
    }
    // SAFETY: see above.
    let name = unsafe { CStr::from_ptr(name) };
    Some((schema_name(schema)?, name.to_str().ok()?.to_owned()))
}

/// A relation's name as it is written in SQL, schema included and quoted where needed.
pub fn qualified_name(relation: Oid) -> Option<String> {
    // SAFETY: syscache look-ups that return palloc'd strings or null.
    unsafe {
        let name = pg_sys::get_rel_name(relation);
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relation));
        if name.is_null() || schema.is_null() {
            return None;
        }
        let quoted = pg_sys::quote_qualified_identifier(schema, name);
        CStr::from_ptr(quoted).to_str().ok().map(str::to_owned)
    }
}

/// True for a type, not a domain, whose values are stored exactly as those of text.
pub fn stores_text(kind: Oid) -> bool {
    // SAFETY: syscache look-ups.
    unsafe { pg_sys::getBaseType(kind) == kind && pg_sys::IsBinaryCoercible(kind, pg_sys::TEXTOID) }
}

/// Takes a lock on a schema until the transaction ends. `ShareLock` and `RowExclusiveLock` conflict with each other and
/// with nothing that PostgreSQL itself takes on schemas in passing.
pub fn lock_schema(schema: Oid, mode: u32) {
    // SAFETY: waits for the lock; an oid that is gone is harmless.
    unsafe { pg_sys::LockDatabaseObject(pg_sys::NamespaceRelationId, schema, 0, mode as i32) }
}

/// One after the other, until the transaction ends: whoever takes the lock of the same number. It is on nothing that SQL can name, so
/// nobody is kept from anything else.
pub fn take_turns(catalog: Oid, number: u32) {
    // SAFETY: waits for the lock; the number need not be an object's.
    unsafe { pg_sys::LockDatabaseObject(catalog, Oid::from_u32(number), 0, pg_sys::ExclusiveLock as i32) }
}

/// Says until the transaction ends that something is under way, of this number. One transaction says so of the same number at a time, and
/// another one waits.
pub fn announce(catalog: Oid, number: u32) {
    // SAFETY: waits for the lock, which is on nothing that SQL can name: the number need not be an object's.
    unsafe {
        pg_sys::LockDatabaseObject(catalog, Oid::from_u32(number), ANNOUNCED, pg_sys::ExclusiveLock as i32);
    }
}

/// Whether somebody else says so now.
pub fn is_announced(catalog: Oid, number: u32) -> bool {
    let (number, mode) = (Oid::from_u32(number), pg_sys::ShareLock as i32);
    // SAFETY: as above; it does not wait, and a lock that it gets is given back.
    unsafe {
        let is_free = pg_sys::ConditionalLockDatabaseObject(catalog, number, ANNOUNCED, mode);
        if is_free {
            pg_sys::UnlockDatabaseObject(catalog, number, ANNOUNCED, mode);
        }
        !is_free
    }
}

/// Apart from those who take turns.
const ANNOUNCED: u16 = 1;

/// Keeps a relation from being changed, until the transaction ends. An oid that is gone is harmless.
pub fn lock_relation(relation: Oid, mode: u32) {
    // SAFETY: waits for the lock.
    unsafe { pg_sys::LockRelationOid(relation, mode as i32) }
}

/// Keeps a role from being dropped, until the transaction ends; false if it is gone.
pub fn lock_role(role: Oid) -> bool {
    // SAFETY: waits for whoever is dropping it, then looks it up.
    unsafe {
        pg_sys::LockSharedObject(pg_sys::AuthIdRelationId, role, 0, pg_sys::AccessShareLock as i32);
        !pg_sys::GetUserNameFromId(role, true).is_null()
    }
}

/// Whether the server calls a function leakproof.
pub fn is_leakproof(function: Oid) -> bool {
    // SAFETY: a syscache look-up; raises if there is no such function.
    unsafe { pg_sys::get_func_leakproof(function) }
}

/// The owner of an operator.
pub fn operator_owner(operator: Oid) -> Option<Oid> {
    // SAFETY: the tuple is released after what is needed was copied out of it.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::OPEROID as i32,
            pg_sys::Datum::from(operator),
        );
        if tuple.is_null() {
            return None;
        }
        let owner = (*pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_operator>(tuple)).oprowner;
        pg_sys::ReleaseSysCache(tuple);
        Some(owner)
    }
}

/// The function behind an operator; raises if there is no such operator.
pub fn operator_function(operator: Oid) -> Oid {
    // SAFETY: a syscache look-up.
    unsafe { pg_sys::get_opcode(operator) }
}

unsafe extern "C-unwind" {
    // Raises; pgrx has no binding for it.
    fn pg_newlocale_from_collation(collation: Oid) -> *mut std::ffi::c_void;
}

/// Whether a collation finds two texts equal only if their bytes are.
pub fn is_deterministic(collation: Oid) -> bool {
    // SAFETY: syscache look-ups; raise if there is no such collation. The first makes the server load it now, and warn
    // now, not at the first row that is compared, if its version has changed.
    unsafe {
        pg_sys::ffi::pg_guard_ffi_boundary(|| pg_newlocale_from_collation(collation));
        pg_sys::get_collation_isdeterministic(collation)
    }
}

/// The type of an array's elements; `InvalidOid` for a type that is no array.
pub fn element_type(kind: Oid) -> Oid {
    // SAFETY: a syscache look-up.
    unsafe { pg_sys::get_element_type(kind) }
}

/// What a function runs.
pub enum Implementation {
    /// A function of the server itself.
    Internal,
    /// A function in C. Only a superuser can declare one.
    Library {
        /// The library, without `$libdir/`; with a path if it is elsewhere.
        library: String,
        /// The symbol.
        symbol: String,
    },
}

/// What a function runs; `None` for languages that look things up by name.
pub fn implementation(function: Oid) -> Option<Implementation> {
    // SAFETY: the tuple is released after what is needed was copied out of it.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::PROCOID as i32,
            pg_sys::Datum::from(function),
        );
        if tuple.is_null() {
            return None;
        }
        // Oids of languages are fixed (pg_language.dat).
        const INTERNAL: Oid = Oid::from_u32(12);
        const C: Oid = Oid::from_u32(13);
        let form = pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_proc>(tuple);
        let text = |number: u32| -> Option<String> {
            let mut null = false;
            let datum = pg_sys::SysCacheGetAttr(
                pg_sys::SysCacheIdentifier::PROCOID as i32,
                tuple,
                number as i16,
                &mut null,
            );
            pgrx::FromDatum::from_datum(datum, null)
        };
        let found = match (*form).prolang {
            INTERNAL => Some(Implementation::Internal),
            C => text(pg_sys::Anum_pg_proc_probin).zip(text(pg_sys::Anum_pg_proc_prosrc)).map(
                |(library, symbol)| Implementation::Library {
                    library: library.strip_prefix("$libdir/").unwrap_or(&library).to_owned(),
                    symbol,
                },
            ),
            _ => None,
        };
        pg_sys::ReleaseSysCache(tuple);
        found
    }
}
