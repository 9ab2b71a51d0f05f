//! `visible(column)` and `writable(column)`: what a policy says, and the comparison the planner puts in its place.

use crate::context::{current_id, current_key, current_name, reached};
use crate::pg::ext;
use crate::registry::protected;
use crate::sys::checks::Predicate;
use crate::sys::function::{Call, raw_function};
use crate::sys::local::LocalRef;
use crate::sys::lookup;
use crate::sys::node::{self, Comparison};
use pgrx::pg_sys::{self, Datum, Oid};
use std::ffi::CString;
use watertight_core::numbers::{NumberMap, number_map};

/// One form of `visible`, by the type of the tenant column.
struct Form {
    argument: Oid,
    operator: u32,
    function: u32,
    value: &'static std::ffi::CStr,
    value_type: Oid,
    collation: Oid,
}

// The operators are leakproof in every PostgreSQL and members of the types' own index operator families; their oids and those of
// their functions are fixed (pg_operator.dat, pg_proc.dat): uuid = uuid, text = text, bigint = bigint, integer = bigint.
static FORMS: [Form; 4] = [
    Form {
        argument: pg_sys::UUIDOID,
        operator: 2972,
        function: 2956,
        value: c"tenant_id",
        value_type: pg_sys::UUIDOID,
        collation: Oid::INVALID,
    },
    Form {
        argument: pg_sys::TEXTOID,
        operator: 98,
        function: 67,
        value: c"tenant",
        value_type: pg_sys::TEXTOID,
        collation: pg_sys::DEFAULT_COLLATION_OID,
    },
    Form {
        argument: pg_sys::INT8OID,
        operator: 410,
        function: 467,
        value: c"tenant_key",
        value_type: pg_sys::INT8OID,
        collation: Oid::INVALID,
    },
    Form {
        argument: pg_sys::INT4OID,
        operator: 15,
        function: 852,
        value: c"tenant_key",
        value_type: pg_sys::INT8OID,
        collation: Oid::INVALID,
    },
];

/// The oids of our functions in this database.
#[derive(Clone)]
struct Functions {
    /// Function oid -> what it means, for both functions and all forms.
    meanings: Vec<(Oid, Meaning)>,
    /// Argument type -> visible, writable.
    pairs: Vec<(Oid, Oid, Oid)>,
}

#[derive(Clone, Copy)]
struct Meaning {
    comparison: Comparison,
    writes: bool,
}

static FUNCTIONS: LocalRef<Option<(Oid, Functions)>> = LocalRef::new(None);

fn with_functions<R>(f: impl FnOnce(&Functions) -> R) -> Option<R> {
    // The tenants table's oid tells one installation of the extension from the next.
    let installation = ext::tables()?.tenants;
    let known = FUNCTIONS.with(|held| held.as_ref().is_some_and(|(at, _)| *at == installation));
    if !known {
        let found = find()?;
        FUNCTIONS.with_mut(|held| *held = Some((installation, found)));
    }
    FUNCTIONS.with(|held| held.as_ref().map(|(_, functions)| f(functions)))
}

fn find() -> Option<Functions> {
    let schema = c"watertight";
    let mut functions = Functions { meanings: Vec::new(), pairs: Vec::new() };
    for form in &FORMS {
        let comparison = Comparison {
            operator: Oid::from(form.operator),
            function: Oid::from(form.function),
            value: lookup::function(schema, form.value, &[])?,
            value_type: form.value_type,
            value_collation: form.collation,
        };
        let visible = lookup::function(schema, c"visible", &[form.argument])?;
        let writable = lookup::function(schema, c"writable", &[form.argument])?;
        functions.meanings.push((visible, Meaning { comparison, writes: false }));
        functions.meanings.push((writable, Meaning { comparison, writes: true }));
        functions.pairs.push((form.argument, visible, writable));
    }
    Some(functions)
}

fn meaning_of(function: Oid) -> Option<Meaning> {
    with_functions(|functions| {
        functions.meanings.iter().find(|(oid, _)| *oid == function).map(|(_, meaning)| *meaning)
    })
    .flatten()
}

/// `visible` becomes a comparison, which an index serves. `writable` stays a call: no index could serve a check of a new row,
/// and starting one function costs less than starting two.
fn comparison(function: Oid) -> Option<Comparison> {
    meaning_of(function).filter(|meaning| !meaning.writes).map(|meaning| meaning.comparison)
}

/// Whether a function is one of `tenant_id()`, `tenant()` and `tenant_key()`.
pub fn is_tenant_value(function: Oid) -> bool {
    tenant_value_type(function).is_some()
}

/// What such a function returns.
pub fn tenant_value_type(function: Oid) -> Option<Oid> {
    with_functions(|functions| {
        let mut comparisons = functions.meanings.iter().map(|(_, meaning)| meaning.comparison);
        comparisons.find(|comparison| comparison.value == function).map(|comparison| comparison.value_type)
    })
    .flatten()
}

/// Whether a function is that of an operator that `visible` is rewritten into, or of its commutator.
pub fn is_tenant_equality(function: Oid) -> bool {
    // uuid = uuid, text = text, bigint = bigint, integer = bigint, bigint = integer (pg_proc.dat).
    matches!(function.to_u32(), 2956 | 67 | 467 | 852 | 474)
}

/// The number of the column of this name.
pub(super) fn number_of(table: Oid, column: &str) -> Option<i16> {
    lookup::attribute(table, &CString::new(column).ok()?)
}

/// The tenant columns that were asked for, by table, and the state of all relations they were found in.
static COLUMNS: LocalRef<(u64, NumberMap<u32, Option<i16>>)> = LocalRef::new((0, number_map()));

/// Whether a column is the tenant column of a protected table.
pub fn is_tenant_column(table: Oid, column: i16) -> bool {
    let now = ext::relations_generation();
    let held = COLUMNS.with(|(at, held)| held.get(&table.to_u32()).copied().filter(|_| *at == now));
    let found = held.unwrap_or_else(|| {
        let found = protected::get(table).and_then(|entry| number_of(table, &entry.tenant_column));
        COLUMNS.with_mut(|(at, held)| {
            if *at != now {
                held.clear();
                *at = now;
            }
            held.insert(table.to_u32(), found);
        });
        found
    });
    found == Some(column)
}

/// What both say of a column. (As long as whoever may read a row may write it; what distinguishes the two has to change the
/// rule in `sys::checks`.)
pub(super) fn predicate(function: Oid) -> Option<Predicate> {
    meaning_of(function).map(|meaning| Predicate { value: meaning.comparison.value, reads: !meaning.writes })
}

/// The argument type and the functions for a tenant column of type `kind`.
pub(super) fn functions_for(kind: Oid) -> Option<(Oid, Oid, Oid)> {
    let argument = if kind == pg_sys::VARCHAROID { pg_sys::TEXTOID } else { kind };
    with_functions(|functions| functions.pairs.iter().find(|(form, _, _)| *form == argument).copied())
        .flatten()
}

fn support(call: Call) -> Datum {
    node::simplify(call, comparison)
}

raw_function!(wt_visible_support, pg_finfo_wt_visible_support, support);

// The functions themselves: `writable` for each new row, `visible` where the planner did not see the call.

fn answer(call: Call, same: Option<bool>) -> Datum {
    same.map_or_else(|| call.null(), Datum::from)
}

#[inline(always)]
fn same_id(call: Call) -> Option<Datum> {
    let tenant = reached()?;
    call.bytes::<16>(0).map(|column| Datum::from(*column == tenant.id))
}

#[inline(always)]
fn same_key(call: Call) -> Option<Datum> {
    let key = reached()?.key?;
    call.word(0).map(|column| Datum::from(column as i64 == key))
}

#[inline(always)]
fn same_small_key(call: Call) -> Option<Datum> {
    let key = reached()?.key?;
    call.word(0).map(|column| Datum::from(i64::from(column as i32) == key))
}

fn visible_uuid(call: Call) -> Datum {
    let column: Option<pgrx::Uuid> = call.argument(0);
    answer(call, column.and_then(|value| Some(*value.as_bytes() == current_id()?)))
}

fn visible_text(call: Call) -> Datum {
    let column: Option<&str> = call.argument(0);
    answer(call, column.and_then(|value| Some(*value == *current_name()?)))
}

fn visible_int8(call: Call) -> Datum {
    let column: Option<i64> = call.argument(0);
    answer(call, column.and_then(|value| Some(value == current_key()?)))
}

fn visible_int4(call: Call) -> Datum {
    let column: Option<i32> = call.argument(0);
    answer(call, column.and_then(|value| Some(i64::from(value) == current_key()?)))
}

raw_function!(wt_visible_uuid, pg_finfo_wt_visible_uuid, fast = same_id, slow = visible_uuid);
raw_function!(wt_visible_text, pg_finfo_wt_visible_text, visible_text);
raw_function!(wt_visible_int8, pg_finfo_wt_visible_int8, fast = same_key, slow = visible_int8);
raw_function!(wt_visible_int4, pg_finfo_wt_visible_int4, fast = same_small_key, slow = visible_int4);
