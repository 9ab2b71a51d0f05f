//! Row security policies that are added to a statement while it is rewritten.

use super::local::Local;
use super::tree::{elements, strip};
use pgrx::pg_sys::{self, NodeTag, Oid};
use std::ffi::c_char;

/// A predicate on one column: `using(column)` for what is read, `check(column)` for what is written.
#[derive(Clone, Copy)]
pub struct Floor {
    /// The column's number.
    pub column: i16,
    /// The boolean function for rows that are read.
    pub using: Oid,
    /// The boolean function for rows that are written.
    pub check: Oid,
    /// The type the functions take, where the column has to be relabelled to it (varchar to text).
    pub argument: Oid,
}

type FloorOf = fn(Oid) -> Option<Floor>;

static FLOOR_OF: Local<Option<FloorOf>> = Local::new(None);
static PREVIOUS: Local<pg_sys::row_security_policy_hook_type> = Local::new(None);

/// `floor_of` says for which relations a predicate holds whatever other policies say.
pub fn install(floor_of: fn(Oid) -> Option<Floor>) {
    FLOOR_OF.set(Some(floor_of));
    // SAFETY: while the library is loaded nothing runs that could call the hook.
    unsafe {
        PREVIOUS.set(pg_sys::row_security_policy_hook_restrictive);
        pg_sys::row_security_policy_hook_restrictive = Some(restrictive);
    }
}

// Two halves, as in `hooks`: an error in the next hook passes through a frame that owns nothing.
unsafe extern "C-unwind" fn restrictive(
    command: pg_sys::CmdType::Type,
    relation: pg_sys::Relation,
) -> *mut pg_sys::List {
    // SAFETY: passes on what we were given.
    unsafe {
        let policies = match PREVIOUS.get() {
            Some(previous) => previous(command, relation),
            None => std::ptr::null_mut(),
        };
        with_floor(relation, policies)
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn with_floor(
    relation: pg_sys::Relation,
    policies: *mut pg_sys::List,
) -> *mut pg_sys::List {
    // SAFETY: PostgreSQL passes an open relation.
    let oid = unsafe { (*relation).rd_id };
    if let Some(floor) = FLOOR_OF.get().and_then(|floor_of| floor_of(oid)) {
        // SAFETY: the relation is open; nodes are built in the current (rewriter's) memory context.
        unsafe {
            if !says_the_same(relation, floor) {
                let using = predicate(relation, floor, floor.using);
                let check = predicate(relation, floor, floor.check);
                return pg_sys::lappend(policies, policy(using, check).cast());
            }
        }
    }
    policies
}

/// True if every permissive policy of the relation is exactly ours, so that the floor would say the same twice. (It runs
/// whenever a statement is analysed: to build both predicates for the comparison would take longer than to look.)
///
/// # Safety
/// `relation` must be open and have row security.
unsafe fn says_the_same(relation: pg_sys::Relation, floor: Floor) -> bool {
    // SAFETY: the relation's cached policies live as long as it is open.
    unsafe {
        let cached = (*relation).rd_rsdesc;
        if cached.is_null() {
            return true;
        }
        elements::<pg_sys::RowSecurityPolicy>((*cached).policies)
            .into_iter()
            .map(|policy| &*policy)
            .filter(|policy| policy.permissive)
            .all(|policy| {
                policy.polcmd == b'*' as c_char
                    && is_predicate(policy.qual, floor.using, floor.column)
                    && is_predicate(policy.with_check_qual, floor.check, floor.column)
            })
    }
}

/// True if an expression of a policy is a call of the function with the column, or with the column under another label of its
/// type, as its one argument.
///
/// # Safety
/// `expression` must be null or an expression.
unsafe fn is_predicate(expression: *mut pg_sys::Expr, function: Oid, column: i16) -> bool {
    // SAFETY: by the caller; each cast follows the node's tag.
    unsafe {
        if expression.is_null() || (*expression).type_ != NodeTag::T_FuncExpr {
            return false;
        }
        let call = &*expression.cast::<pg_sys::FuncExpr>();
        let [argument] = elements::<pg_sys::Expr>(call.args)[..] else { return false };
        let argument = strip(argument);
        if call.funcid != function || (*argument).type_ != NodeTag::T_Var {
            return false;
        }
        let var = &*argument.cast::<pg_sys::Var>();
        (var.varno as i64, var.varattno, var.varlevelsup) == (1, column, 0)
    }
}

/// # Safety
/// `relation` must be open and have the column.
unsafe fn predicate(relation: pg_sys::Relation, floor: Floor, function: Oid) -> *mut pg_sys::Expr {
    let (kind, modifier, collation) =
        // SAFETY: the relation is open.
        super::lookup::attribute_type(unsafe { (*relation).rd_id }, floor.column);
    // SAFETY: builds nodes; policies refer to their relation as number 1.
    unsafe {
        let column = pg_sys::makeVar(1, floor.column, kind, modifier, collation, 0);
        let argument: *mut pg_sys::Expr = if kind == floor.argument {
            column.cast()
        } else {
            let relabel = pg_sys::makeRelabelType(
                column.cast(),
                floor.argument,
                -1,
                collation,
                pg_sys::CoercionForm::COERCE_IMPLICIT_CAST,
            );
            relabel.cast()
        };
        let arguments = pg_sys::lappend(std::ptr::null_mut(), argument.cast());
        pg_sys::makeFuncExpr(
            function,
            pg_sys::BOOLOID,
            arguments,
            Oid::INVALID,
            collation,
            pg_sys::CoercionForm::COERCE_EXPLICIT_CALL,
        )
        .cast()
    }
}

/// # Safety
/// The expressions must be boolean and refer to the relation as number 1.
unsafe fn policy(using: *mut pg_sys::Expr, check: *mut pg_sys::Expr) -> *mut pg_sys::RowSecurityPolicy {
    // SAFETY: allocated and filled in the current memory context.
    unsafe {
        let policy =
            pg_sys::palloc0(size_of::<pg_sys::RowSecurityPolicy>()).cast::<pg_sys::RowSecurityPolicy>();
        let mut public = pg_sys::Datum::from(Oid::INVALID);
        (*policy).policy_name = pg_sys::pstrdup(c"watertight floor".as_ptr());
        (*policy).polcmd = b'*' as c_char;
        (*policy).roles = pg_sys::construct_array(
            &mut public,
            1,
            pg_sys::OIDOID,
            size_of::<Oid>() as i32,
            true,
            b'i' as c_char,
        );
        (*policy).permissive = false;
        (*policy).qual = using;
        (*policy).with_check_qual = check;
        (*policy).hassublinks = false;
        debug_assert!((*using).type_ == NodeTag::T_FuncExpr);
        policy
    }
}
