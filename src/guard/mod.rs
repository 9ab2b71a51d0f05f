//! Statements that would undo protection, or leave something of one tenant to the next on a pooled connection.

mod cursor;
mod protection;
mod whole_table;

use crate::pg::error;
use crate::sys::hooks::Force;
use crate::sys::statement::Statement;
use crate::sys::{access, hooks, preload};
use watertight_core::guard::old_server;
use watertight_core::token::mask;

/// Installs the hooks; called once, while the library is loaded.
pub fn install() {
    hooks::install_utility(before, mask);
    hooks::install_log(mask);
    access::install(whole_table::truncate);
}

fn before(statement: &Statement<'_>) -> Force {
    match statement {
        Statement::DeclareCursor { hold } => cursor::declare(*hold),
        Statement::CreateTrigger { relation } => whole_table::create_trigger(*relation),
        _ => protection::check(statement),
    }
    whole_table::force_for(statement)
}

/// Warns of a server with known holes in row security.
pub fn warn_of_old_server() {
    if let Some(fault) = old_server(preload::server_version_num()) {
        error::warn(fault);
    }
}
