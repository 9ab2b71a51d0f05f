//! Statements that would undo protection, or leave something of one tenant to the next on a pooled connection.

mod created;
mod leftovers;
mod protection;
mod query;
mod server_wide;
mod whole_table;

use crate::compartment::{catalogs, creation, fence};
use crate::context;
use crate::keys::types::kept;
use crate::pg::error;
use crate::sys::access::Access;
use crate::sys::hooks::Utility;
use crate::sys::statement::Statement;
use crate::sys::{self, access, executor, hooks, permissions, preload};
use watertight_core::guard::old_server;
use watertight_core::token::find;

/// Installs the hooks; called once, while the library is loaded.
pub fn install() {
    hooks::install_utility(
        Utility {
            begins: fence::refresh,
            before,
            schema: creation::schema,
            server_wide: server_wide::check,
            unlogged: creation::is_unlogged,
        },
        find,
    );
    hooks::install_log(find);
    access::install(Access {
        truncate: whole_table::truncate,
        search: fence::search,
        execute: fence::execute,
        large_object: creation::large_object,
        made: kept::check_object,
        log_message: creation::log_message,
    });
    sys::query::install(sys::query::Watch {
        needed,
        check: query::check,
        check_planned: query::check_planned,
        sight: catalogs::sight,
    });
    executor::install(executor::Watch {
        stale: query::stale,
        relation: fence::relation,
        always: query::is_ours,
        ended: context::statement_ended,
    });
    permissions::install(leftovers::needed, leftovers::check);
}

fn needed() -> bool {
    query::needed() || catalogs::needed()
}

fn before(statement: &Statement<'_>) {
    creation::before(statement);
    match statement {
        Statement::DeclareCursor { hold: true } => context::declare_held_cursor(),
        Statement::FillMaterializedView => query::before_materialized_view(),
        Statement::ExplainInto => self::created::explain(),
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
