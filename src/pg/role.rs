//! Roles: who asks, and what they may do.

use super::error::raise;
use super::ext;
use crate::sys::user::{self, Lent};
use pgrx::pg_sys::Oid;
use watertight_core::{Code, Fault};

pub use user::{
    bypasses_row_security, chosen, current, has_rights_of as has_privs_of, is_restricted, is_superuser,
};

/// Runs `f`, which may run a user's code, with the rights of `role`.
pub fn as_user<R>(role: Oid, f: impl FnOnce() -> R) -> R {
    user::run_as(role, Lent::Restricted, f)
}

/// The same, in the way of PostgreSQL's own work for foreign keys: on tables that `role` owns, a statement of the form of theirs (one
/// table, columns compared with parameters) is not bound by row security; any other one is refused (`guard::query`).
pub fn as_referential<R>(role: Oid, f: impl FnOnce() -> R) -> R {
    user::run_as(role, Lent::Referential, f)
}

/// Runs `f` with the rights of the extension's owner: for the registry's own tables, never for DDL on a user's table.
pub fn as_extension_owner<R>(f: impl FnOnce() -> R) -> R {
    user::run_as(ext::owner(), Lent::Trusted, f)
}

/// Runs `f` with the rights that the end of the transaction has: those of the session, or of the role it has set.
pub fn as_committer<R>(f: impl FnOnce() -> R) -> R {
    user::run_as(user::outer(), Lent::Trusted, f)
}

/// Who asked, by name: the role that logged in, whatever role it has set since.
pub fn caller_name() -> String {
    user::name(user::session()).unwrap_or_default()
}

/// True for members of `watertight_admin` and superusers.
pub fn is_admin(role: Oid) -> bool {
    is_superuser(role) || user::role(c"watertight_admin").is_some_and(|admin| has_privs_of(role, admin))
}

/// Raises 42501 unless the current role is a member of `watertight_admin` or a superuser.
pub fn require_admin(what: &str) {
    if !is_admin(current()) {
        raise(
            Fault::new(Code::InsufficientPrivilege, format!("permission denied to {what}"))
                .hint("Only members of watertight_admin may do this."),
        );
    }
}
