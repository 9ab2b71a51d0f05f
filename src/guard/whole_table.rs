//! Rights on a whole table that row security does not narrow, and that `GRANT ALL` hands out by the way. (The rights to
//! create triggers and to reference a table are in `protect`, where the command is known to its end.)

use crate::pg::error::raise;
use crate::pg::role;
use crate::registry::protected;
use pgrx::pg_sys::Oid;
use watertight_core::{Code, Fault};

/// TRUNCATE empties a table for all tenants. (An administrator's bypass is a superuser's.)
pub fn truncate(relation: Oid) {
    if role::is_superuser(role::current()) || !protected::contains(relation) {
        return;
    }
    raise(
        Fault::new(Code::InsufficientPrivilege, "cannot truncate a protected table")
            .detail("TRUNCATE ignores row security: it would delete the rows of every tenant.")
            .hint("Use DELETE, or have a superuser do it."),
    )
}
