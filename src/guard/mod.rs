//! Statements that would undo protection, or leave something of one tenant to the next on a pooled connection.

mod creation;
mod leftovers;
mod protection;
mod query;
mod whole_table;

use crate::context;
use crate::pg::error;
use crate::sys::query::Watch;
use crate::sys::statement::Statement;
use crate::sys::{self, access, executor, hooks, permissions, preload};
use watertight_core::guard::old_server;
use watertight_core::token::find;

/// Installs the hooks; called once, while the library is loaded.
pub fn install() {
    hooks::install_utility(before, find);
    hooks::install_log(find);
    access::install(whole_table::truncate);
    sys::query::install(Watch {
        needed: query::needed,
        check: query::check,
        check_planned: query::check_planned,
    });
    executor::install(query::stale);
    permissions::install(leftovers::needed, leftovers::check);
}

fn before(statement: &Statement<'_>) {
    match statement {
        Statement::DeclareCursor { hold: true } => context::declare_held_cursor(),
        Statement::FillMaterializedView => query::before_materialized_view(),
        Statement::ExplainInto => creation::explain(),
        Statement::Lonely { database, copy } => crate::worker::leave(database, *copy),
        _ => protection::check(statement),
    }
}

/// Warns of a server with known holes in row security.
pub fn warn_of_old_server() {
    if let Some(fault) = old_server(preload::server_version_num()) {
        error::warn(fault);
    }
}
