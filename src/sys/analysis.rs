//! Constants in statements, when these have been analysed; and statements that keep expressions in a catalog.

use super::during::{ALTERING, ALTERING_RESTRICTED, CHECKING, During, STORING};
use super::local::Local;
use super::tree::{expression_tree_walker, query_tree_walker};
use pgrx::pg_sys::{self, NodeTag, Oid};
use std::ffi::c_void;

/// What is asked about constants.
#[derive(Clone, Copy)]
pub struct Watch {
    /// Called when a statement was analysed in which there may be a constant that [`expect`] spoke of.
    pub found: fn(),
    /// Whether values of a type may be, or have inside, what [`expect`] spoke of.
    pub may_hold: fn(Oid) -> bool,
    /// Whether constants of a type must not be kept in a catalog.
    pub is_sealed: fn(Oid) -> bool,
    /// Called for one of such a type that would be; raises.
    pub refuse: fn(Oid),
}

static PREVIOUS: Local<pg_sys::post_parse_analyze_hook_type> = Local::new(None);
static WATCH: Local<Option<Watch>> = Local::new(None);
/// A value was made of a text in this transaction. Analysing a statement may run functions, and these analyse and plan others: so none of
/// them takes this back.
static EXPECTED: Local<bool> = Local::new(false);
/// How often.
static COUNT: Local<u64> = Local::new(0);
/// Where memory is allocated while a function's body is looked at. What that runs, and event triggers, have contexts of their own.
static CHECKED_IN: Local<pg_sys::MemoryContext> = Local::new(std::ptr::null_mut());

/// Starts looking at statements.
pub fn install(watch: Watch) {
    WATCH.set(Some(watch));
    // SAFETY: while the library is loaded nothing runs that could call the hook.
    unsafe {
        PREVIOUS.set(pg_sys::post_parse_analyze_hook);
        pg_sys::post_parse_analyze_hook = Some(analysed);
    }
}

/// A value was made of a text. If that was a literal, the statement will be analysed with it as a constant. True if it is the first in
/// this transaction.
pub fn expect() -> bool {
    COUNT.set(COUNT.get().wrapping_add(1));
    !EXPECTED.replace(true)
}

/// Whether [`expect`] was called in this transaction.
pub fn is_expected() -> bool {
    EXPECTED.get()
}

/// The transaction has ended, and with it whatever was being analysed.
pub(super) fn end() {
    EXPECTED.set(false);
}

/// A plan is about to be made. What is returned is to be given to [`planned`].
pub(super) fn planning() -> u64 {
    COUNT.get()
}

/// It was made. The planner puts bodies of SQL functions in their place, and analyses them without telling anybody.
pub(super) fn planned(before: u64) {
    if COUNT.get() != before {
        found();
    }
}

#[pgrx::pg_guard]
extern "C-unwind" fn found() {
    if let Some(watch) = WATCH.get() {
        (watch.found)();
    }
}

/// A statement runs that keeps expressions in a catalog.
pub fn is_storing() -> bool {
    STORING.active()
}

/// The body of a function is being analysed, to see whether it can be, and what comes out is forgotten. Not true of what else happens
/// during the statement.
pub fn is_checking() -> bool {
    // SAFETY: a plain global.
    CHECKING.active() && CHECKED_IN.get() == unsafe { pg_sys::CurrentMemoryContext }
}

/// A statement runs that changes a table.
#[inline]
pub fn is_altering() -> bool {
    ALTERING.active()
}

/// The same, and it was begun in a security-restricted operation: that PostgreSQL is in one says nothing of what it does for the statement.
pub fn is_altering_restricted() -> bool {
    ALTERING_RESTRICTED.active()
}

// Two halves, as in `hooks`.
unsafe extern "C-unwind" fn analysed(
    state: *mut pg_sys::ParseState,
    query: *mut pg_sys::Query,
    jumble: *mut pg_sys::JumbleState,
) {
    // SAFETY: passes on what we were given.
    unsafe {
        if let Some(previous) = PREVIOUS.get() {
            previous(state, query, jumble);
        }
        if EXPECTED.get() {
            look_at(query);
        }
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn look_at(query: *mut pg_sys::Query) {
    // SAFETY: a query of the parser's.
    unsafe {
        if let Some(watch) = WATCH.get()
            && constant(query.cast(), watch.may_hold).is_some()
        {
            (watch.found)();
        }
    }
}

/// What the parser has analysed of a utility statement.
///
/// # Safety
/// `statement` must be null or one that was analysed.
unsafe fn analysed_part(statement: *mut pg_sys::Node) -> *mut pg_sys::Node {
    if statement.is_null() {
        return statement;
    }
    // SAFETY: by the caller; each cast follows the node's tag.
    unsafe {
        match (*statement).type_ {
            NodeTag::T_DeclareCursorStmt => (*statement.cast::<pg_sys::DeclareCursorStmt>()).query,
            NodeTag::T_ExplainStmt => (*statement.cast::<pg_sys::ExplainStmt>()).query,
            NodeTag::T_CreateTableAsStmt => (*statement.cast::<pg_sys::CreateTableAsStmt>()).query,
            // (What it returns is made of its arguments.)
            NodeTag::T_CallStmt => (*statement.cast::<pg_sys::CallStmt>()).funcexpr.cast(),
            _ => std::ptr::null_mut(),
        }
    }
}

struct Search {
    wanted: fn(Oid) -> bool,
    found: Oid,
}

/// The type of a constant, not null, of a type that is wanted.
///
/// # Safety
/// `node` must be a query.
unsafe fn constant(node: *mut pg_sys::Node, wanted: fn(Oid) -> bool) -> Option<Oid> {
    let mut search = Search { wanted, found: Oid::INVALID };
    // SAFETY: by the caller; the walker raises under the guard of the boundary.
    let found = unsafe { pg_sys::ffi::pg_guard_ffi_boundary(|| visit(node, (&raw mut search).cast())) };
    found.then_some(search.found)
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn visit(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: PostgreSQL passes nodes of the query; each cast follows the node's tag. The context is what `constant` passed.
    unsafe {
        match (*node).type_ {
            NodeTag::T_Const => {
                let constant = &*node.cast::<pg_sys::Const>();
                let search = &mut *context.cast::<Search>();
                search.found = constant.consttype;
                !constant.constisnull && (search.wanted)(constant.consttype)
            }
            NodeTag::T_Query => {
                let part = analysed_part((*node.cast::<pg_sys::Query>()).utilityStmt);
                if !part.is_null() {
                    return visit(part, context);
                }
                pg_sys::ffi::pg_guard_ffi_boundary(|| query_tree_walker(node.cast(), Some(visit), context, 0))
            }
            _ => pg_sys::ffi::pg_guard_ffi_boundary(|| expression_tree_walker(node, Some(visit), context)),
        }
    }
}

/// A utility statement is about to run. What is returned, if nothing around it is of the same sort, is to be ended after it.
///
/// # Safety
/// `tree` must be a utility statement.
pub(super) unsafe fn begin(tree: *mut pg_sys::Node) -> Option<&'static During> {
    // SAFETY: by the caller; each cast follows the node's tag.
    let sort = unsafe {
        match (*tree).type_ {
            NodeTag::T_CreateStmt
            | NodeTag::T_CreateForeignTableStmt
            | NodeTag::T_AlterTableStmt
            | NodeTag::T_ViewStmt
            | NodeTag::T_RuleStmt
            | NodeTag::T_CreatePolicyStmt
            | NodeTag::T_AlterPolicyStmt
            | NodeTag::T_IndexStmt
            | NodeTag::T_CreateTrigStmt
            | NodeTag::T_CreateDomainStmt
            | NodeTag::T_AlterDomainStmt
            | NodeTag::T_CreateStatsStmt
            | NodeTag::T_CreatePublicationStmt
            | NodeTag::T_AlterPublicationStmt => &STORING,
            NodeTag::T_CreateFunctionStmt => {
                let create = &*tree.cast::<pg_sys::CreateFunctionStmt>();
                // A body in quotes is kept as it is.
                if create.sql_body.is_null() && !has_defaults(create) { &CHECKING } else { &STORING }
            }
            NodeTag::T_CreateTableAsStmt => {
                let create = &*tree.cast::<pg_sys::CreateTableAsStmt>();
                // This one was analysed already.
                if create.objtype == pg_sys::ObjectType::OBJECT_MATVIEW
                    && let Some(watch) = WATCH.get()
                    && let Some(kind) = constant(create.query, watch.is_sealed)
                {
                    (watch.refuse)(kind);
                }
                return None;
            }
            _ => return None,
        }
    };
    let begun = sort.begin();
    if begun && std::ptr::eq(sort, &CHECKING) {
        // SAFETY: a plain global.
        CHECKED_IN.set(unsafe { pg_sys::CurrentMemoryContext });
    }
    begun.then_some(sort)
}

/// # Safety
/// `create` must be a valid statement.
unsafe fn has_defaults(create: &pg_sys::CreateFunctionStmt) -> bool {
    // SAFETY: by the caller.
    unsafe {
        super::tree::each::<pg_sys::FunctionParameter>(create.parameters).any(|one| !(*one).defexpr.is_null())
    }
}
