//! Running the statements of a plan.

use super::query::path;
use crate::pg::{ext, role};
use crate::sys::{setting, utility};
use pgrx::pg_sys::Oid;
use std::ffi::{CStr, CString};
use watertight_core::compartment::template::Statement;

/// What a statement would depend on. (Definitions are printed with the same settings, where they matter for both.)
const SETTINGS: [(&CStr, &CStr); 9] = [
    // A function's body may name what comes later.
    (c"check_function_bodies", c"off"),
    (c"default_tablespace", c""),
    (c"default_table_access_method", c"heap"),
    (c"client_min_messages", c"warning"),
    (c"standard_conforming_strings", c"on"),
    (c"transform_null_equals", c"off"),
    (c"datestyle", c"ISO"),
    (c"intervalstyle", c"postgres"),
    (c"jit", c"off"),
];

/// Runs statements in their order, each with the rights it says.
pub fn all(statements: &[Statement], schema: &str) {
    let path = path(schema);
    for group in statements.chunk_by(|one, next| one.role == next.role) {
        let owner = group.first().and_then(|statement| statement.role).map_or_else(ext::owner, Oid::from);
        role::as_user(owner, || {
            setting::set_local(c"search_path", &path);
            SETTINGS.iter().for_each(|(name, value)| setting::set_local(name, value));
            for statement in group {
                // The server's texts hold no zero byte, so neither does what is made of them.
                utility::run(&CString::new(statement.sql.as_str()).unwrap_or_default());
            }
        });
    }
}
