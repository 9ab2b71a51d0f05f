//! Whose rights a piece of code runs with.

use pgrx::pg_sys::{self, Oid};

struct Restore {
    user: Oid,
    context: i32,
}

impl Drop for Restore {
    fn drop(&mut self) {
        // SAFETY: gives back what GetUserIdAndSecContext returned. (After an error the transaction's abort does the
        // same; doing it twice is harmless, and an error caught by a caller needs it here.)
        unsafe { pg_sys::SetUserIdAndSecContext(self.user, self.context) }
    }
}

/// What code may do that runs with rights it was lent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lent {
    /// Our own statements on our own tables.
    Trusted,
    /// Statements that may run a user's code (triggers, expressions): PostgreSQL's security-restricted operation, as in
    /// autovacuum and REINDEX. Nothing can be left to run later with other rights (deferred triggers, cursors).
    Restricted,
}

/// Runs `f` with the rights of `user`; gives back the caller's rights afterwards, also when `f` raises.
pub fn run_as<R>(user: Oid, lent: Lent, f: impl FnOnce() -> R) -> R {
    let (current, context) = present();
    let _restore = Restore { user: current, context };
    let flags = match lent {
        Lent::Trusted => pg_sys::SECURITY_LOCAL_USERID_CHANGE,
        Lent::Restricted => pg_sys::SECURITY_LOCAL_USERID_CHANGE | pg_sys::SECURITY_RESTRICTED_OPERATION,
    };
    // SAFETY: what PostgreSQL itself does for this; SET ROLE is refused inside.
    unsafe { pg_sys::SetUserIdAndSecContext(user, context | flags as i32) }
    f()
}

fn present() -> (Oid, i32) {
    let (mut user, mut context) = (Oid::INVALID, 0);
    // SAFETY: writes the two results.
    unsafe { pg_sys::GetUserIdAndSecContext(&mut user, &mut context) };
    (user, context)
}

/// From now on owners are not subject to FORCE ROW LEVEL SECURITY on their tables, as in PostgreSQL's own checks of
/// referential integrity. Returns what [`end_noforce`] takes; after an error the transaction's abort puts it back.
pub fn begin_noforce() -> i32 {
    let (user, context) = present();
    // SAFETY: changes the context only.
    unsafe { pg_sys::SetUserIdAndSecContext(user, context | pg_sys::SECURITY_NOFORCE_RLS as i32) }
    context
}

/// Ends what [`begin_noforce`] began.
pub fn end_noforce(context: i32) {
    let (user, _) = present();
    // SAFETY: gives back the context.
    unsafe { pg_sys::SetUserIdAndSecContext(user, context) }
}

/// True between [`begin_noforce`] and [`end_noforce`].
pub fn is_noforce() -> bool {
    present().1 & pg_sys::SECURITY_NOFORCE_RLS as i32 != 0
}

/// The role whose rights apply now.
pub fn current() -> Oid {
    // SAFETY: reads a static.
    unsafe { pg_sys::GetUserId() }
}

/// The role that logged in.
pub fn session() -> Oid {
    // SAFETY: reads a static.
    unsafe { pg_sys::GetSessionUserId() }
}

/// The name of a role.
pub fn name(role: Oid) -> Option<String> {
    // SAFETY: returns a palloc'd string, or null with noerr.
    unsafe {
        let name = pg_sys::GetUserNameFromId(role, true);
        (!name.is_null()).then(|| std::ffi::CStr::from_ptr(name).to_string_lossy().into_owned())
    }
}

/// True for a superuser.
pub fn is_superuser(role: Oid) -> bool {
    // SAFETY: a syscache look-up.
    unsafe { pg_sys::superuser_arg(role) }
}

/// True if `member` has the rights of `role` (itself, by membership, or as a superuser).
pub fn has_rights_of(member: Oid, role: Oid) -> bool {
    // SAFETY: a syscache look-up.
    unsafe { pg_sys::has_privs_of_role(member, role) }
}

/// The oid of a role.
pub fn role(name: &std::ffi::CStr) -> Option<Oid> {
    // SAFETY: a syscache look-up that does not raise with missing_ok.
    let oid = unsafe { pg_sys::get_role_oid(name.as_ptr(), true) };
    (oid != Oid::INVALID).then_some(oid)
}
