//! Expressions whose results PostgreSQL keeps: those of statistics, indexes, stored generated columns and partition keys. And whether
//! one of them hands values of certain types to a function that must not have them.

use super::tree::expression_tree_walker;
use pgrx::pg_sys::{self, NodeTag, Oid};
use std::ffi::{CStr, c_char, c_void};

/// Where an expression is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A statistics object.
    Statistics,
    /// An index: its columns and its condition.
    Index,
    /// A column's default or generation expression.
    Column,
    /// A partition key.
    PartitionKey,
}

/// Where to find expressions of a kind. Oids of catalogs and their indexes are fixed; pgrx has no binding for some of them.
struct Catalog {
    place: Place,
    class: Oid,
    /// Its index by the object that PostgreSQL announces when there are new expressions, of a column's the table: oid, and column.
    by_object: (Oid, &'static CStr),
    /// Its index by the table.
    by_table: (Oid, &'static CStr),
    expressions: &'static [&'static CStr],
    /// Where the table and the number of a column stand, if the expression is a column's.
    column: Option<(&'static CStr, &'static CStr)>,
}

const CATALOGS: [Catalog; 4] = [
    Catalog {
        place: Place::Statistics,
        class: Oid::from_u32(3381),
        by_object: (Oid::from_u32(3380), c"oid"),
        by_table: (Oid::from_u32(3379), c"stxrelid"),
        expressions: &[c"stxexprs"],
        column: None,
    },
    Catalog {
        place: Place::Index,
        class: pg_sys::IndexRelationId,
        by_object: (Oid::from_u32(2679), c"indexrelid"),
        by_table: (Oid::from_u32(2678), c"indrelid"),
        expressions: &[c"indexprs", c"indpred"],
        column: None,
    },
    Catalog {
        place: Place::Column,
        class: Oid::from_u32(2604),
        by_object: (Oid::from_u32(2656), c"adrelid"),
        by_table: (Oid::from_u32(2656), c"adrelid"),
        expressions: &[c"adbin"],
        column: Some((c"adrelid", c"adnum")),
    },
    Catalog {
        place: Place::PartitionKey,
        class: Oid::from_u32(3350),
        by_object: (Oid::from_u32(3351), c"partrelid"),
        by_table: (Oid::from_u32(3351), c"partrelid"),
        expressions: &[c"partexprs"],
        column: None,
    },
];

/// What is asked about what an expression holds.
#[derive(Clone, Copy)]
pub struct Rules {
    /// Whether values of a type are to be kept from functions.
    pub watched: fn(Oid) -> bool,
    /// Whether a function may be called at all, and whether it may be given such a value.
    pub function: fn(Oid) -> (bool, bool),
}

/// Whether objects of a catalog may have such expressions. (An index is announced as a relation.)
pub fn has_expressions(class: Oid) -> bool {
    class == pg_sys::RelationRelationId || CATALOGS.iter().any(|catalog| catalog.class == class)
}

/// Where an object that was made a moment ago, by the command that runs, has an expression against the rules.
pub fn in_object(class: Oid, object: Oid, rules: Rules) -> Option<Place> {
    let class = if class == pg_sys::RelationRelationId { pg_sys::IndexRelationId } else { class };
    let catalog = CATALOGS.iter().find(|catalog| catalog.class == class)?;
    look(catalog, catalog.by_object, object, rules)
}

/// Where a table, or what belongs to it, has one.
pub fn in_table(table: Oid, rules: Rules) -> Option<Place> {
    CATALOGS.iter().find_map(|catalog| look(catalog, catalog.by_table, table, rules))
}

fn look(catalog: &Catalog, (index, column): (Oid, &CStr), key: Oid, rules: Rules) -> Option<Place> {
    let mut found = false;
    // SAFETY: the catalog stays open while it is read, and is closed on every way out but an error, after which the transaction's
    // abort does it. SnapshotSelf sees what the present command has written, which no other snapshot does.
    unsafe {
        let relation = pg_sys::table_open(catalog.class, pg_sys::AccessShareLock as i32);
        let descriptor = (*relation).rd_att;
        let mut wanted = pg_sys::ScanKeyData::default();
        pg_sys::ScanKeyInit(
            &mut wanted,
            number(descriptor, column) as i16,
            pg_sys::BTEqualStrategyNumber as u16,
            Oid::from(pg_sys::F_OIDEQ),
            key.into(),
        );
        let snapshot = &raw mut pg_sys::SnapshotSelfData;
        let scan = pg_sys::systable_beginscan(relation, index, true, snapshot, 1, &mut wanted);
        while !found {
            let tuple = pg_sys::systable_getnext(scan);
            if tuple.is_null() {
                break;
            }
            if catalog.column.is_some_and(|column| !is_stored(tuple, descriptor, column)) {
                continue;
            }
            found = catalog.expressions.iter().any(|name| {
                let text = value(tuple, descriptor, name);
                text.is_some_and(|text| breaks(tree_of(text), rules))
            });
        }
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(relation, pg_sys::AccessShareLock as i32);
    }
    found.then_some(catalog.place)
}

/// # Safety
/// `descriptor` must be that of a catalog that has this column.
unsafe fn number(descriptor: pg_sys::TupleDesc, column: &CStr) -> i32 {
    // SAFETY: by the caller; raises if there is none.
    unsafe { pg_sys::SPI_fnumber(descriptor, column.as_ptr()) }
}

/// # Safety
/// `tuple` must be one of the catalog whose descriptor it is, which has this column.
unsafe fn value(
    tuple: pg_sys::HeapTuple,
    descriptor: pg_sys::TupleDesc,
    column: &CStr,
) -> Option<pg_sys::Datum> {
    let mut null = true;
    // SAFETY: by the caller.
    let datum = unsafe { pg_sys::SPI_getbinval(tuple, descriptor, number(descriptor, column), &mut null) };
    (!null).then_some(datum)
}

/// A generated column whose values are stored; not a default, which is computed for whoever writes.
///
/// # Safety
/// As for `value`; the columns must hold a table and a column's number.
unsafe fn is_stored(
    tuple: pg_sys::HeapTuple,
    descriptor: pg_sys::TupleDesc,
    (table, column): (&CStr, &CStr),
) -> bool {
    // SAFETY: by the caller; the last is a syscache look-up that raises if there is no such column.
    unsafe {
        let (Some(table), Some(column)) = (value(tuple, descriptor, table), value(tuple, descriptor, column))
        else {
            return false;
        };
        let (table, column) = (Oid::from(table.value() as u32), column.value() as i16);
        pg_sys::get_attgenerated(table, column) as u8 == pg_sys::ATTRIBUTE_GENERATED_STORED
    }
}

/// # Safety
/// `text` must be a pg_node_tree.
unsafe fn tree_of(text: pg_sys::Datum) -> *mut pg_sys::Node {
    // SAFETY: by the caller.
    unsafe {
        let text: *mut c_char = pg_sys::text_to_cstring(text.cast_mut_ptr());
        pg_sys::stringToNode(text).cast()
    }
}

struct Walk {
    rules: Rules,
    /// A value may stand here.
    allowed: bool,
}

/// # Safety
/// `tree` must be an expression, or a list of such.
unsafe fn breaks(tree: *mut pg_sys::Node, rules: Rules) -> bool {
    let mut walk = Walk { rules, allowed: true };
    // SAFETY: by the caller; the walker raises under the guard of the boundary.
    unsafe { pg_sys::ffi::pg_guard_ffi_boundary(|| visit(tree, (&raw mut walk).cast())) }
}

/// What a node does with the values below it.
enum Does {
    /// It has none below it, or is none itself but passes on its own: a list, say.
    PassesOn,
    /// It looks whether there is one.
    Looks,
    /// It calls this function.
    Calls(Oid),
    /// Something else: it may put a value out.
    Unknown,
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn visit(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: PostgreSQL passes nodes of the expression, and the context is what `breaks` passed.
    unsafe {
        let walk = &mut *context.cast::<Walk>();
        let (rules, allowed) = (walk.rules, walk.allowed);
        if !allowed && has_type((*node).type_) && (rules.watched)(pg_sys::exprType(node)) {
            return true;
        }
        let below = match does(node) {
            Does::PassesOn => allowed,
            Does::Looks => true,
            Does::Calls(function) => {
                let (call, give) = (rules.function)(function);
                if !call {
                    return true;
                }
                give
            }
            Does::Unknown => false,
        };
        (*context.cast::<Walk>()).allowed = below;
        let found = pg_sys::ffi::pg_guard_ffi_boundary(|| expression_tree_walker(node, Some(visit), context));
        (*context.cast::<Walk>()).allowed = allowed;
        found
    }
}

/// Nodes that have a type, and may have any.
fn has_type(tag: NodeTag) -> bool {
    matches!(
        tag,
        NodeTag::T_Var
            | NodeTag::T_Const
            | NodeTag::T_Param
            | NodeTag::T_CaseTestExpr
            | NodeTag::T_CoerceToDomainValue
            | NodeTag::T_FuncExpr
            | NodeTag::T_OpExpr
            | NodeTag::T_NullIfExpr
            | NodeTag::T_CoerceViaIO
            | NodeTag::T_RelabelType
            | NodeTag::T_CoalesceExpr
            | NodeTag::T_CaseExpr
            | NodeTag::T_MinMaxExpr
            | NodeTag::T_ArrayExpr
            | NodeTag::T_RowExpr
            | NodeTag::T_FieldSelect
            | NodeTag::T_FieldStore
            | NodeTag::T_SubscriptingRef
            | NodeTag::T_ArrayCoerceExpr
            | NodeTag::T_ConvertRowtypeExpr
            | NodeTag::T_CoerceToDomain
            | NodeTag::T_CollateExpr
    )
}

/// # Safety
/// `node` must be a part of an expression.
unsafe fn does(node: *mut pg_sys::Node) -> Does {
    // SAFETY: by the caller; each cast follows the node's tag. Functions of operators are syscache look-ups.
    unsafe {
        match (*node).type_ {
            NodeTag::T_List
            | NodeTag::T_NamedArgExpr
            | NodeTag::T_RelabelType
            | NodeTag::T_CoalesceExpr
            | NodeTag::T_CaseExpr
            | NodeTag::T_CaseWhen
            | NodeTag::T_MinMaxExpr
            | NodeTag::T_ArrayExpr
            | NodeTag::T_RowExpr
            | NodeTag::T_FieldSelect
            | NodeTag::T_FieldStore
            | NodeTag::T_SubscriptingRef
            | NodeTag::T_ArrayCoerceExpr
            | NodeTag::T_ConvertRowtypeExpr
            | NodeTag::T_CoerceToDomain
            | NodeTag::T_CollateExpr => Does::PassesOn,
            NodeTag::T_NullTest => Does::Looks,
            NodeTag::T_FuncExpr => Does::Calls((*node.cast::<pg_sys::FuncExpr>()).funcid),
            // The same structure.
            NodeTag::T_OpExpr | NodeTag::T_DistinctExpr | NodeTag::T_NullIfExpr => {
                Does::Calls(pg_sys::get_opcode((*node.cast::<pg_sys::OpExpr>()).opno))
            }
            NodeTag::T_ScalarArrayOpExpr => {
                Does::Calls(pg_sys::get_opcode((*node.cast::<pg_sys::ScalarArrayOpExpr>()).opno))
            }
            _ => Does::Unknown,
        }
    }
}
