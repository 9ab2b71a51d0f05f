//! Row security policies that are added to a statement while it is rewritten.

use super::local::Local;
use super::node::{self, Comparison};
use super::tree::{elements, strip};
use pgrx::pg_sys::{self, CmdType, NodeTag, Oid};
use std::ffi::c_char;

/// A predicate on columns: `using(column, ...)` for what is read, `check(column, ...)` for what is written.
pub struct Floor {
    /// The columns.
    pub columns: Vec<Column>,
    /// The boolean function for rows that are read.
    pub using: Oid,
    /// The boolean function for rows that are written.
    pub check: Oid,
    /// A comparison of a column that must hold for rows that are changed, deleted or locked: fewer than are read.
    pub touched: Option<(i16, Comparison)>,
}

/// A column of a predicate.
#[derive(Clone, Copy)]
pub struct Column {
    /// Its number.
    pub number: i16,
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
        with_floor(command, relation, policies)
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn with_floor(
    command: pg_sys::CmdType::Type,
    relation: pg_sys::Relation,
    policies: *mut pg_sys::List,
) -> *mut pg_sys::List {
    let mut policies = policies;
    // SAFETY: PostgreSQL passes an open relation.
    let oid = unsafe { (*relation).rd_id };
    let Some(floor) = FLOOR_OF.get().and_then(|floor_of| floor_of(oid)) else { return policies };
    // SAFETY: the relation is open; nodes are built in the current (rewriter's) memory context.
    unsafe {
        if !says_the_same(relation, &floor) {
            let using = predicate(relation, &floor, floor.using);
            let check = predicate(relation, &floor, floor.check);
            policies = pg_sys::lappend(policies, policy(using, check).cast());
        }
        // PostgreSQL asks for the policies of UPDATE also where rows are locked, or may be changed by ON CONFLICT and MERGE.
        if let Some((column, comparison)) = floor.touched
            && matches!(command, CmdType::CMD_UPDATE | CmdType::CMD_DELETE)
        {
            let using = node::compare(variable(oid, column).cast(), Oid::INVALID, comparison);
            // It also is the check of the new row.
            policies = pg_sys::lappend(policies, policy(using, std::ptr::null_mut()).cast());
        }
        policies
    }
}

/// True if every permissive policy of the relation is exactly ours, so that the floor would say the same twice. (It runs
/// whenever a statement is analysed: to build both predicates for the comparison would take longer than to look.)
///
/// # Safety
/// `relation` must be open and have row security.
unsafe fn says_the_same(relation: pg_sys::Relation, floor: &Floor) -> bool {
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
                    && is_predicate(policy.qual, floor.using, &floor.columns)
                    && is_predicate(policy.with_check_qual, floor.check, &floor.columns)
            })
    }
}

/// True if an expression of a policy is a call of the function with the columns, or with columns under another label of their
/// type, as its arguments.
///
/// # Safety
/// `expression` must be null or an expression.
unsafe fn is_predicate(expression: *mut pg_sys::Expr, function: Oid, columns: &[Column]) -> bool {
    // SAFETY: by the caller; each cast follows the node's tag.
    unsafe {
        if expression.is_null() || (*expression).type_ != NodeTag::T_FuncExpr {
            return false;
        }
        let call = &*expression.cast::<pg_sys::FuncExpr>();
        let arguments = elements::<pg_sys::Expr>(call.args);
        let is_column = |(argument, column): (*mut pg_sys::Expr, &Column)| {
            let argument = strip(argument);
            if (*argument).type_ != NodeTag::T_Var {
                return false;
            }
            let var = &*argument.cast::<pg_sys::Var>();
            (var.varno as i64, var.varattno, var.varlevelsup) == (1, column.number, 0)
        };
        call.funcid == function
            && arguments.len() == columns.len()
            && arguments.into_iter().zip(columns).all(is_column)
    }
}

/// # Safety
/// `relation` must be open and have the columns.
unsafe fn predicate(relation: pg_sys::Relation, floor: &Floor, function: Oid) -> *mut pg_sys::Expr {
    // SAFETY: the relation is open; builds nodes.
    unsafe {
        let mut arguments = std::ptr::null_mut();
        let mut input = Oid::INVALID;
        for column in &floor.columns {
            let var = variable((*relation).rd_id, column.number);
            let collation = (*var).varcollid;
            let argument: *mut pg_sys::Expr = if (*var).vartype == column.argument {
                var.cast()
            } else {
                let relabel = pg_sys::makeRelabelType(
                    var.cast(),
                    column.argument,
                    -1,
                    collation,
                    pg_sys::CoercionForm::COERCE_IMPLICIT_CAST,
                );
                relabel.cast()
            };
            if collation != Oid::INVALID {
                input = collation;
            }
            arguments = pg_sys::lappend(arguments, argument.cast());
        }
        pg_sys::makeFuncExpr(
            function,
            pg_sys::BOOLOID,
            arguments,
            Oid::INVALID,
            input,
            pg_sys::CoercionForm::COERCE_EXPLICIT_CALL,
        )
        .cast()
    }
}

/// A column, as policies refer to it: their relation is number 1.
///
/// # Safety
/// The relation must have the column.
unsafe fn variable(relation: Oid, column: i16) -> *mut pg_sys::Var {
    let (kind, modifier, collation) = super::lookup::attribute_type(relation, column);
    // SAFETY: builds a node.
    unsafe { pg_sys::makeVar(1, column, kind, modifier, collation, 0) }
}

/// # Safety
/// The expressions must be boolean and refer to the relation as number 1; `check` may be null.
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
        policy
    }
}
