//! Cursors WITH HOLD outlive their transaction: their rows were chosen for one tenant, and PostgreSQL hands them out
//! without asking again (FETCH, PL/pgSQL, an Execute message).

use crate::context;
use crate::pg::error::raise;
use watertight_core::{Code, Fault};

/// A cursor is about to be declared. WITH HOLD needs a token that lasts as long as the connection.
pub fn declare(hold: bool) {
    if !hold || !context::has_passing_token() {
        return;
    }
    raise(
        Fault::new(Code::InsufficientPrivilege, "cannot declare a cursor WITH HOLD under a token that may change")
            .detail("The cursor would keep the tenant's rows for whoever uses the connection next.")
            .hint("Declare it WITHOUT HOLD, or give the token in the connection's start-up options."),
    )
}
