//! Utility statements that we run ourselves, as parts of a greater one.

use super::tree::elements;
use pgrx::pg_sys::ProcessUtilityContext::{
    PROCESS_UTILITY_QUERY, PROCESS_UTILITY_SUBCOMMAND, Type as ProcessUtilityContext,
};
use pgrx::pg_sys::{self, NodeTag, Oid};
use pgrx::{PgBox, PgMemoryContexts};
use std::ffi::CStr;

/// Runs utility statements with the rights and settings that apply now. Event triggers do not hear of them, nor of what they
/// make: PostgreSQL fires them for complete commands only, and this is a part of the one that called us. (A command that
/// somebody's function runs inside is complete, and is heard of.)
pub fn run(text: &CStr) {
    run_in(text, PROCESS_UTILITY_SUBCOMMAND);
}

/// The same for what is a command of its own: event triggers hear of it. As if SPI ran it, but that SPI would show its text to every
/// function that it calls (`GET DIAGNOSTICS ... = PG_CONTEXT`).
pub fn run_command(text: &CStr) {
    run_in(text, PROCESS_UTILITY_QUERY);
}

fn run_in(text: &CStr, caller: ProcessUtilityContext) {
    let mut context = PgMemoryContexts::new("watertight utility statements");
    // SAFETY: what runs below allocates there; nothing of it is used afterwards.
    unsafe { context.switch_to(|_| run_here(text, caller)) }
}

/// # Safety
/// The current memory context is reset by the caller.
unsafe fn run_here(text: &CStr, caller: ProcessUtilityContext) {
    // SAFETY: parses and analyses a text that outlives the trees, and runs the statements as SPI does: with a snapshot that
    // sees what came before.
    unsafe {
        let receiver = pg_sys::CreateDestReceiver(pg_sys::CommandDest::DestNone);
        for raw in elements::<pg_sys::RawStmt>(pg_sys::pg_parse_query(text.as_ptr())) {
            let (location, length) = ((*raw).stmt_location, (*raw).stmt_len);
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
            let query = pg_sys::parse_analyze_fixedparams(
                raw,
                text.as_ptr(),
                std::ptr::null(),
                0,
                std::ptr::null_mut(),
            );
            let mut statement = PgBox::<pg_sys::PlannedStmt>::alloc_node(NodeTag::T_PlannedStmt);
            statement.commandType = pg_sys::CmdType::CMD_UTILITY;
            statement.utilityStmt = (*query).utilityStmt;
            statement.stmt_location = location;
            statement.stmt_len = length;
            if !statement.utilityStmt.is_null() {
                pg_sys::ProcessUtility(
                    statement.as_ptr(),
                    text.as_ptr(),
                    false,
                    caller,
                    std::ptr::null_mut(),
                    std::ptr::null_mut(),
                    receiver,
                    std::ptr::null_mut(),
                );
            }
            pg_sys::PopActiveSnapshot();
            pg_sys::CommandCounterIncrement();
        }
    }
}

/// Drops a schema and everything that depends on it, without telling event triggers or the client.
pub fn drop_schema(schema: Oid) {
    let object =
        pg_sys::ObjectAddress { classId: pg_sys::NamespaceRelationId, objectId: schema, objectSubId: 0 };
    let flags = pg_sys::PERFORM_DELETION_INTERNAL | pg_sys::PERFORM_DELETION_QUIETLY;
    // SAFETY: what DROP SCHEMA CASCADE calls, after it has checked the rights; raises if the schema is gone.
    unsafe {
        pg_sys::performDeletion(&object, pg_sys::DropBehavior::DROP_CASCADE, flags as i32);
        pg_sys::CommandCounterIncrement();
    }
}
