//! Watertight: tenant and compartment isolation as a property of the database.
//!
//! See `docs/design/architecture.md` for what is where. This file says in which order things are installed.

use pgrx::prelude::*;
use watertight_core::{Code, Fault};

mod compartment;
mod context;
mod guard;
mod keys;
mod pg;
mod protect;
mod registry;
mod search;
mod session;
mod sys;
mod trust;
mod worker;

::pgrx::pg_module_magic!(name, version);

extension_sql_file!("../sql/roles.sql", name = "roles", bootstrap);
extension_sql_file!("../sql/registry.sql", name = "registry", requires = ["roles"]);
extension_sql_file!("../sql/trust.sql", name = "trust", requires = ["registry"]);
extension_sql_file!("../sql/tenants.sql", name = "tenants", requires = ["trust"]);
extension_sql_file!("../sql/context.sql", name = "context", requires = ["tenants"]);
extension_sql_file!("../sql/visible.sql", name = "visible", requires = ["context"]);
extension_sql_file!("../sql/protect.sql", name = "protect", requires = ["visible"]);
extension_sql_file!("../sql/search.sql", name = "search", requires = ["protect"]);
extension_sql_file!("../sql/compartments.sql", name = "compartments", requires = ["search"]);
extension_sql_file!("../sql/sessions.sql", name = "sessions", requires = ["compartments"]);
extension_sql_file!("../sql/worker.sql", name = "worker", requires = ["sessions"]);
extension_sql_file!("../sql/keys.sql", name = "keys", requires = ["worker"]);
extension_sql_file!("../sql/encrypted.sql", name = "encrypted", requires = ["keys"]);
extension_sql_file!("../sql/columns.sql", name = "columns", requires = ["encrypted"]);
extension_sql_file!("../sql/fence.sql", name = "fence", requires = ["columns"]);
extension_sql_file!("../sql/compartments_clone.sql", name = "compartments_clone", requires = ["fence"]);
extension_sql_file!("../sql/events.sql", name = "events", requires = ["compartments_clone"], finalize);

/// Called by PostgreSQL when the library is loaded.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    if !sys::preload::in_progress() {
        pg::error::raise(
            Fault::new(Code::NotInPrerequisiteState, "watertight must be loaded at server start")
                .detail("Its hooks have to be in place before the first session.")
                .hint(
                    "Add watertight to shared_preload_libraries in postgresql.conf and restart the server:\n\
                     shared_preload_libraries = 'watertight'",
                ),
        );
    }
    sys::preload::silence_backtraces();
    // Settings first: the prefix is reserved with the last of them.
    pg::settings::define();
    sys::slots::install(pg::settings::max_sessions);
    compartment::install();
    context::install();
    // What other backends change.
    pg::ext::install();
    // Row security, then the statements around it.
    protect::install();
    search::install();
    guard::install();
    keys::install();
    // Last: what it starts needs all of the above.
    session::end::install();
    worker::install();
    keys::start();
    guard::warn_of_old_server();
}
