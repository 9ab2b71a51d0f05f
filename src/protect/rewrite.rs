//! `visible(...)` and `writable(...)`: what a policy says, and the comparisons the planner puts in its place.

use crate::context::{compartment_datum, compartment_if_any, is_wide, tenant_datum};
use crate::pg::ext;
use crate::pg::found::Found;
use crate::registry::protected;
use crate::sys::checks::Predicate;
use crate::sys::function::{Call, raw_function};
use crate::sys::local::LocalRef;
use crate::sys::lookup;
use crate::sys::node::{self, Comparison};
use pgrx::pg_sys::{self, Datum, Oid};
use std::ffi::{CStr, CString};
use watertight_core::numbers::{NumberMap, number_map};

/// One form of `visible`, by the type of the tenant column.
struct Form {
    argument: Oid,
    operator: u32,
    function: u32,
    value: &'static CStr,
    value_type: Oid,
    collation: Oid,
}

/// uuid = uuid: the operator and its function.
const SAME_UUID: (u32, u32) = (2972, 2956);

// The operators are leakproof in every PostgreSQL and members of the types' own index operator families; their oids and those of
// their functions are fixed (pg_operator.dat, pg_proc.dat): uuid = uuid, text = text, bigint = bigint, integer = bigint.
static FORMS: [Form; 4] = [
    Form {
        argument: pg_sys::UUIDOID,
        operator: SAME_UUID.0,
        function: SAME_UUID.1,
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

/// The functions for a tenant column of one type, with or without a compartment column.
#[derive(Clone, Copy)]
pub(super) struct Functions {
    /// The type of the tenant column.
    pub argument: Oid,
    with_compartment: bool,
    /// `visible`
    pub visible: Oid,
    /// `writable`
    pub writable: Oid,
    /// The comparison of the tenant column.
    tenant: Comparison,
}

/// Our functions in this database.
#[derive(Clone)]
struct Known {
    functions: Vec<Functions>,
    /// `compartment = compartment_id()`: the row is where the context is.
    here: Comparison,
    /// `compartment = writable_compartment()`: and the context may write there.
    written: Comparison,
    /// `compartment = ANY (readable_compartments())`
    read: Comparison,
}

static KNOWN: Found<Known> = Found::new();

fn with_known<R>(f: impl FnOnce(&Known) -> R) -> Option<R> {
    KNOWN.with(find, f)
}

fn find() -> Option<Known> {
    let schema = c"watertight";
    let mut functions = Vec::new();
    for form in &FORMS {
        let tenant = Comparison {
            operator: Oid::from(form.operator),
            function: Oid::from(form.function),
            value: lookup::function(schema, form.value, &[])?,
            value_type: form.value_type,
            value_collation: form.collation,
            any: false,
        };
        for with_compartment in [false, true] {
            let both = [form.argument, pg_sys::UUIDOID];
            let arguments = if with_compartment { &both[..] } else { &both[..1] };
            functions.push(Functions {
                argument: form.argument,
                with_compartment,
                visible: lookup::function(schema, c"visible", arguments)?,
                writable: lookup::function(schema, c"writable", arguments)?,
                tenant,
            });
        }
    }
    let compartment = |value, value_type, any| {
        Some(Comparison {
            operator: Oid::from(SAME_UUID.0),
            function: Oid::from(SAME_UUID.1),
            value: lookup::function(schema, value, &[])?,
            value_type,
            value_collation: Oid::INVALID,
            any,
        })
    };
    Some(Known {
        functions,
        here: compartment(c"compartment_id", pg_sys::UUIDOID, false)?,
        written: compartment(c"writable_compartment", pg_sys::UUIDOID, false)?,
        read: compartment(c"readable_compartments", pg_sys::UUIDARRAYOID, true)?,
    })
}

fn functions_where(wanted: impl Fn(&Functions) -> bool) -> Option<Functions> {
    with_known(|known| known.functions.iter().find(|functions| wanted(functions)).copied()).flatten()
}

/// The functions for a tenant column of type `kind`.
pub(super) fn functions_for(kind: Oid, with_compartment: bool) -> Option<Functions> {
    let argument = if kind == pg_sys::VARCHAROID { pg_sys::TEXTOID } else { kind };
    functions_where(|functions| {
        functions.argument == argument && functions.with_compartment == with_compartment
    })
}

/// What must hold of the compartment of a row that is changed, deleted or locked.
pub(super) fn touched() -> Option<Comparison> {
    with_known(|known| known.written)
}

/// `visible` becomes comparisons, which an index serves. `writable` stays a call: no index could serve a check of a new row,
/// and starting one function costs less than starting two.
///
/// Of a table that the query writes or locks, only the rows of the compartment that may be written are seen, whatever else the
/// context may read. Elsewhere one compartment will do as long as no context of this backend has read more; a plan that was made
/// then shows too little in one that does, and is forgotten.
fn comparisons(function: Oid, written: bool) -> Option<Vec<Comparison>> {
    let functions = functions_where(|functions| functions.visible == function)?;
    if !functions.with_compartment {
        return Some(vec![functions.tenant]);
    }
    // It may have to find out who asks; so not while what is known is borrowed.
    let wide = !written && is_wide();
    let compartment = with_known(|known| match (written, wide) {
        (true, _) => known.written,
        (false, true) => known.read,
        (false, false) => known.here,
    })?;
    Some(vec![functions.tenant, compartment])
}

fn support(call: Call) -> Datum {
    node::simplify(call, comparisons)
}

raw_function!(wt_visible_support, pg_finfo_wt_visible_support, support);

/// What both functions say of new rows, column by column.
pub(super) fn predicate(function: Oid) -> Option<Predicate> {
    let functions =
        functions_where(|functions| functions.visible == function || functions.writable == function)?;
    let mut values = vec![functions.tenant.value];
    if functions.with_compartment {
        values.push(touched()?.value);
    }
    Some(Predicate { values, reads: functions.visible == function })
}

/// Whether `value`, which is NULL where nothing may be written, can be put in the place of `assigned` and the check be left out:
/// then NOT NULL refuses the row. Where that would be so now, the check says it better.
pub(super) fn stands_for(assigned: Oid, value: Oid) -> bool {
    with_known(|known| assigned == known.here.value && value == known.written.value).unwrap_or(false)
        && compartment_if_any().is_some_and(|compartment| compartment.writes)
}

/// What a function without arguments is to predicates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value {
    /// What tenant columns are compared with: `tenant_id()`, `tenant()`, `tenant_key()`.
    Tenant,
    /// What compartment columns are compared with.
    Compartment,
}

/// What a function is to predicates, if it is something.
pub fn value_of(function: Oid) -> Option<Value> {
    with_known(|known| {
        if known.functions.iter().any(|functions| functions.tenant.value == function) {
            return Some(Value::Tenant);
        }
        let of_compartments = [known.here, known.written, known.read];
        of_compartments.iter().any(|comparison| comparison.value == function).then_some(Value::Compartment)
    })
    .flatten()
}

/// What such a function returns now, and its type; raises where it would. `None` for NULL, and for a list of compartments.
pub fn current_value(function: Oid) -> Option<(Datum, Oid)> {
    let (comparison, written, value) = with_known(|known| {
        let of_tenants = known.functions.iter().map(|functions| (functions.tenant, false, Value::Tenant));
        let of_compartments =
            [(known.here, false, Value::Compartment), (known.written, true, Value::Compartment)];
        of_tenants.chain(of_compartments).find(|(comparison, _, _)| comparison.value == function)
    })
    .flatten()?;
    // It may have to find out who asks; so not while what is known is borrowed.
    let datum = match value {
        Value::Tenant => tenant_datum(comparison.value_type),
        Value::Compartment => compartment_datum(written),
    };
    Some((datum?, comparison.value_type))
}

/// Whether a function is that of an operator that `visible` is rewritten into, or of its commutator.
pub fn is_equality(function: Oid) -> bool {
    // uuid = uuid, text = text, bigint = bigint, integer = bigint, bigint = integer (pg_proc.dat).
    matches!(function.to_u32(), 2956 | 67 | 467 | 852 | 474)
}

/// The number of the column of this name.
pub(super) fn number_of(table: Oid, column: &str) -> Option<i16> {
    lookup::attribute(table, &CString::new(column).ok()?)
}

/// The columns in the predicate of a table, and what each is compared with.
type Columns = [Option<(i16, Value)>; 2];

/// Those that were asked for, by table, and the state of all relations they were found in.
static COLUMNS: LocalRef<(u64, NumberMap<u32, Columns>)> = LocalRef::new((0, number_map()));

/// The columns in the predicate of a protected table, and what each is compared with.
pub fn predicate_columns(table: Oid) -> impl Iterator<Item = (i16, Value)> {
    let now = ext::relations_generation();
    let held = COLUMNS.with(|(at, held)| held.get(&table.to_u32()).copied().filter(|_| *at == now));
    let columns = held.unwrap_or_else(|| {
        let found = find_columns(table);
        // Under the state it began in: what changed meanwhile is looked up again.
        COLUMNS.with_mut(|(at, held)| {
            if *at != now {
                held.clear();
                *at = now;
            }
            held.insert(table.to_u32(), found);
        });
        found
    });
    columns.into_iter().flatten()
}

fn find_columns(table: Oid) -> Columns {
    let Some(entry) = protected::get(table) else { return [None; 2] };
    let column = |name: Option<&str>, value| Some((number_of(table, name?)?, value));
    [
        column(Some(&entry.tenant_column), Value::Tenant),
        column(entry.compartment_column.as_deref(), Value::Compartment),
    ]
}

/// What the predicate of a protected table compares a column with, if it does.
pub fn predicate_value(table: Oid, column: i16) -> Option<Value> {
    predicate_columns(table).find(|(number, _)| *number == column).map(|(_, value)| value)
}
