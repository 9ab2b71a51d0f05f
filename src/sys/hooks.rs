//! Hooks of the server: each keeps the hook it found, runs ours, and goes on to the one it found.
//!
//! A hook has two halves. Ours runs in a function of its own, under pgrx's guard. The call of the next hook stands
//! directly in the outer frame, which owns nothing that would need dropping, so an error in it may pass through as it
//! passes through C. pgrx's guard around that call (`pg_guard_ffi_boundary`) would be safe as well, but it rebuilds
//! the error and loses its CONTEXT, its position in the query, and the names of constraint, table and column that
//! clients read.

use super::activity::{self, Finder};
use super::during::{self, ALTERING, ALTERING_RESTRICTED, During, FILLING};
use super::local::Local;
use super::schema_use::{self, Use};
use super::statement::Statement;
use super::{analysis, executor, saved, server_wide, unlogged, user};
use pgrx::pg_sys;
use std::ffi::c_char;

static PREVIOUS_STARTUP: Local<pg_sys::shmem_startup_hook_type> = Local::new(None);
static INSTALLED: Local<bool> = Local::new(false);
static PREVIOUS_UTILITY: Local<pg_sys::ProcessUtility_hook_type> = Local::new(None);
static ON_UTILITY: Local<Option<Utility>> = Local::new(None);
static PREVIOUS_LOG: Local<pg_sys::emit_log_hook_type> = Local::new(None);
static FIND: Local<Option<Finder>> = Local::new(None);

/// What is asked of utility statements. `before`, `schema` and `server_wide` raise to refuse.
#[derive(Clone, Copy)]
pub struct Utility {
    /// Called before anything else is looked at: names may be looked up from here on.
    pub begins: fn(),
    /// Called with every utility statement before it runs.
    pub before: fn(&Statement<'_>),
    /// Called with each schema that it names as such.
    pub schema: fn(Use, &str),
    /// Called where it concerns an object of the whole server.
    pub server_wide: fn(),
    /// Whether tables and sequences that are to be permanent shall be unlogged.
    pub unlogged: fn() -> bool,
}

/// `find` says where secrets are in the text that other extensions, the log and `pg_stat_activity` get. (A utility statement is
/// run from its parse tree; its text is for people.)
pub fn install_utility(utility: Utility, find: Finder) {
    ON_UTILITY.set(Some(utility));
    during::install();
    FIND.set(Some(find));
    // SAFETY: while the library is loaded nothing runs that could call the hook.
    unsafe {
        PREVIOUS_STARTUP.set(pg_sys::shmem_startup_hook);
        pg_sys::shmem_startup_hook = Some(after_libraries);
    }
}

/// All libraries are loaded now, so a hook installed here is the outermost, wherever in `shared_preload_libraries` we
/// stand: no other extension gets the text of a statement before it is masked. (Runs again when the server starts anew
/// after a crash.)
unsafe extern "C-unwind" fn after_libraries() {
    // SAFETY: the postmaster is alone; passes on to the hook we found.
    unsafe {
        if let Some(previous) = PREVIOUS_STARTUP.get() {
            previous();
        }
        if !INSTALLED.get() {
            INSTALLED.set(true);
            PREVIOUS_UTILITY.set(pg_sys::ProcessUtility_hook);
            pg_sys::ProcessUtility_hook = Some(process_utility);
        }
    }
}

unsafe extern "C-unwind" {
    // Declared here without pgrx's guard: see above.
    fn standard_ProcessUtility(
        statement: *mut pg_sys::PlannedStmt,
        text: *const c_char,
        read_only_tree: bool,
        context: pg_sys::ProcessUtilityContext::Type,
        params: pg_sys::ParamListInfo,
        environment: *mut pg_sys::QueryEnvironment,
        destination: *mut pg_sys::DestReceiver,
        completion: *mut pg_sys::QueryCompletion,
    );
}

#[allow(clippy::too_many_arguments, reason = "PostgreSQL's signature")]
unsafe extern "C-unwind" fn process_utility(
    statement: *mut pg_sys::PlannedStmt,
    text: *const c_char,
    read_only_tree: bool,
    context: pg_sys::ProcessUtilityContext::Type,
    params: pg_sys::ParamListInfo,
    environment: *mut pg_sys::QueryEnvironment,
    destination: *mut pg_sys::DestReceiver,
    completion: *mut pg_sys::QueryCompletion,
) {
    // SAFETY: PostgreSQL passes a valid utility statement. Both calls pass on what we were given, and this frame owns
    // nothing.
    unsafe {
        let before = before_utility(statement, text);
        let (statement, text) = (before.statement, before.text);
        match PREVIOUS_UTILITY.get() {
            Some(previous) => {
                previous(
                    statement,
                    text,
                    read_only_tree,
                    context,
                    params,
                    environment,
                    destination,
                    completion,
                );
            }
            None => standard_ProcessUtility(
                statement,
                text,
                read_only_tree,
                context,
                params,
                environment,
                destination,
                completion,
            ),
        }
        if before.fills {
            FILLING.end();
        }
        if before.alters {
            ALTERING.end();
        }
        if before.alters_restricted {
            ALTERING_RESTRICTED.end();
        }
        if let Some(sort) = before.sort {
            sort.end();
        }
    }
    executor::after_statement();
}

/// What our half returns.
#[repr(C)]
struct Before {
    /// The statement to pass on.
    statement: *mut pg_sys::PlannedStmt,
    /// The text to pass on.
    text: *const c_char,
    /// The statement fills a materialized view: [`FILLING`] is to be ended.
    fills: bool,
    /// It changes a table: [`ALTERING`] is to be ended.
    alters: bool,
    /// The same of [`ALTERING_RESTRICTED`].
    alters_restricted: bool,
    /// It is of this sort, which is to be ended.
    sort: Option<&'static During>,
}

/// Our half.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn before_utility(planned: *mut pg_sys::PlannedStmt, text: *const c_char) -> Before {
    // SAFETY: by the caller; the tree outlives the call.
    let tree = unsafe { (*planned).utilityStmt };
    // SAFETY: as above.
    let alters = unsafe { (*tree).type_ } == pg_sys::NodeTag::T_AlterTableStmt;
    let mut rewritten = planned;
    let mut fills = false;
    saved::forget_plans_at_last();
    if let Some(utility) = ON_UTILITY.get() {
        (utility.begins)();
        // SAFETY: as above.
        let (statement, schemas) = unsafe { (Statement::read(tree), schema_use::read(tree)) };
        schemas.into_iter().for_each(|(what, schema)| (utility.schema)(what, schema));
        (utility.before)(&statement);
        // SAFETY: as above.
        if unsafe { server_wide::concerns(tree) } {
            (utility.server_wide)();
        }
        fills = matches!(statement, Statement::FillMaterializedView);
        // SAFETY: as above.
        unsafe {
            rewritten = unlogged::rewritten(planned, utility.unlogged).unwrap_or(planned);
        }
    }
    Before {
        statement: rewritten,
        text: FIND.get().map_or(text, |find| activity::mask_statement(text, find)),
        fills: fills && FILLING.begin(),
        alters: alters && ALTERING.begin(),
        alters_restricted: alters && user::is_restricted() && ALTERING_RESTRICTED.begin(),
        // SAFETY: as above.
        sort: unsafe { analysis::begin(tree) },
    }
}

/// Hides secrets in everything that is logged: the message (`log_statement`), the parameters and the statement.
pub fn install_log(find: Finder) {
    FIND.set(Some(find));
    // SAFETY: as in `install_utility`.
    unsafe {
        PREVIOUS_LOG.set(pg_sys::emit_log_hook);
        pg_sys::emit_log_hook = Some(emit_log);
    }
}

// Unguarded: it runs inside error reporting, where raising would recurse. It only reads, allocates in the error
// context, and calls the next hook, which is C.
unsafe extern "C-unwind" fn emit_log(report: *mut pg_sys::ErrorData) {
    if let Some(find) = FIND.get() {
        // SAFETY: PostgreSQL passes a valid report, in the error context, whose texts are null or C strings. A field
        // that is replaced is freed with its context.
        unsafe {
            for field in [
                &raw mut (*report).message,
                &raw mut (*report).detail,
                &raw mut (*report).detail_log,
                &raw mut (*report).context,
                &raw mut (*report).internalquery,
            ] {
                *field = activity::masked_copy(*field, find).cast_mut();
            }
        }
        activity::mask_current(find);
    }
    if let Some(previous) = PREVIOUS_LOG.get() {
        // SAFETY: passes on what we were given.
        unsafe { previous(report) }
    }
}
