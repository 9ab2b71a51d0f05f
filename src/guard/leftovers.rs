//! What ephemeral compartments of an earlier start of the server have left in shared tables. Tokens lead nowhere near it; who
//! bypasses row security waits until the background worker has removed it.

use crate::pg::error::raise;
use crate::pg::role;
use crate::registry::protected;
use crate::worker;
use pgrx::pg_sys::Oid;
use watertight_core::{Code, Fault};

/// Whether there may be any. Asked before each query.
pub fn needed() -> bool {
    worker::may_have_leftovers() && super::query::needed()
}

/// Raises 55000 where the query would read them.
pub fn check(relation: Oid, role: Oid) {
    if !holds_compartments(relation) || !role::bypasses_row_security(role) || !worker::has_leftovers() {
        return;
    }
    raise(
        Fault::new(Code::NotInPrerequisiteState, "the table may hold rows of compartments that have ended")
            .detail(
                "The server was not stopped in order, and the background worker has not removed them yet.",
            )
            .hint("Wait a moment; see watertight.worker_status. A superuser can SET watertight.bypass = on."),
    )
}

fn holds_compartments(relation: Oid) -> bool {
    protected::get(relation).is_some_and(|table| table.compartment_column.is_some())
}
