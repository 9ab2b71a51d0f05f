//! Roles, databases and what is stored for them belong to the whole server: all tenants and compartments read or feel what a session
//! writes there.

use crate::context;
use crate::pg::error::raise;
use crate::pg::{ext, role, settings};
use watertight_core::{Code, Fault};

/// Raises 42501 for a statement that concerns an object of the whole server, under a token. Also afterwards, on the same connection:
/// who may send any SQL would take the token away first. (A superuser who has done that is trusted.)
pub fn check() {
    let concerned = context::has_token() || context::had_token() && !role::is_superuser(role::chosen());
    if !concerned || settings::bypass() || ext::tables().is_none() {
        return;
    }
    raise(
        Fault::new(
            Code::InsufficientPrivilege,
            "cannot change roles, databases or other objects of the whole server on a connection with a token",
        )
        .detail("What is written there reaches every tenant, and outlives a compartment.")
        .hint("Use a connection that no token was set on. A superuser can SET watertight.bypass = on."),
    );
}
