//! Whose rights a piece of code runs with.

use pgrx::pg_sys::{self, Oid};

struct Restore {
    user: Oid,
    context: i32,
    /// The level of settings to leave, where a user's code may have changed some.
    settings: Option<i32>,
}

impl Drop for Restore {
    fn drop(&mut self) {
        if let Some(level) = self.settings
            && !std::thread::panicking()
        {
            // SAFETY: leaves the level that NewGUCNestLevel opened. (After an error the transaction's abort does.)
            unsafe { pg_sys::AtEOXact_GUC(false, level) }
        }
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
    /// autovacuum and REINDEX. Nothing can be left to run later with other rights (deferred triggers, cursors), and no setting
    /// outlives it.
    Restricted,
    /// The same for what the role owns, in the way of PostgreSQL's own work for foreign keys: FORCE ROW LEVEL SECURITY is suspended.
    Referential,
}

/// Runs `f` with the rights of `user`; gives back the caller's rights afterwards, also when `f` raises.
pub fn run_as<R>(user: Oid, lent: Lent, f: impl FnOnce() -> R) -> R {
    let (mut current, mut context) = (Oid::INVALID, 0);
    // SAFETY: writes the two results.
    unsafe { pg_sys::GetUserIdAndSecContext(&mut current, &mut context) };
    let settings = match lent {
        Lent::Trusted => None,
        // SAFETY: opens a level that `Restore` leaves again.
        Lent::Restricted | Lent::Referential => Some(unsafe { pg_sys::NewGUCNestLevel() }),
    };
    let _restore = Restore { user: current, context, settings };
    let flags = pg_sys::SECURITY_LOCAL_USERID_CHANGE
        | match lent {
            Lent::Trusted => 0,
            Lent::Restricted => pg_sys::SECURITY_RESTRICTED_OPERATION,
            Lent::Referential => pg_sys::SECURITY_RESTRICTED_OPERATION | pg_sys::SECURITY_NOFORCE_RLS,
        };
    // SAFETY: what PostgreSQL itself does for this; SET ROLE is refused inside.
    unsafe { pg_sys::SetUserIdAndSecContext(user, context | flags as i32) }
    f()
}

unsafe extern "C-unwind" {
    // Declared here without pgrx's guard: it reads a static and cannot raise. Asked whenever a value is opened.
    fn InSecurityRestrictedOperation() -> bool;
}

/// Inside of a security-restricted operation: somebody works with the rights of a table's owner. PostgreSQL does so where it works for
/// everybody and keeps what comes out (statistics, an index, a materialized view), and so do we.
#[inline]
pub fn is_restricted() -> bool {
    // SAFETY: see above.
    unsafe { InSecurityRestrictedOperation() }
}

/// The role whose rights apply now.
pub fn current() -> Oid {
    // SAFETY: reads a static.
    unsafe { pg_sys::GetUserId() }
}

/// The role that the session has chosen (SET ROLE), or that logged in: also where PostgreSQL itself lends another one's rights.
pub fn chosen() -> Oid {
    // SAFETY: reads a static.
    unsafe { pg_sys::GetOuterUserId() }
}

/// This process.
pub fn process() -> i32 {
    // SAFETY: reads a static.
    unsafe { pg_sys::MyProcPid }
}

/// This process, or the leader of this parallel worker.
pub fn leader() -> i32 {
    // SAFETY: this process's own entry among all, and its leader's, which does not end before its workers.
    let leader = unsafe { pg_sys::MyProc.as_ref().and_then(|me| me.lockGroupLeader.as_ref()) };
    leader.map_or_else(process, |leader| leader.pid)
}

/// This database.
pub fn database() -> Oid {
    // SAFETY: reads a static.
    unsafe { pg_sys::MyDatabaseId }
}

/// The role that logged in.
pub fn session() -> Oid {
    // SAFETY: reads a static.
    unsafe { pg_sys::GetSessionUserId() }
}

/// The role whose rights apply outside of all functions with rights of their own.
pub fn outer() -> Oid {
    // SAFETY: reads a static.
    unsafe { pg_sys::GetOuterUserId() }
}

/// True for a role that may use what is in a schema.
pub fn may_use_schema(role: Oid, schema: Oid) -> bool {
    let usage = pg_sys::ACL_USAGE as pg_sys::AclMode;
    // SAFETY: syscache look-ups.
    #[cfg(feature = "pg15")]
    let result = unsafe { pg_sys::pg_namespace_aclcheck(schema, role, usage) };
    // SAFETY: as above.
    #[cfg(not(feature = "pg15"))]
    let result = unsafe { pg_sys::object_aclcheck(pg_sys::NamespaceRelationId, schema, role, usage) };
    result == pg_sys::AclResult::ACLCHECK_OK
}

/// The name of a role.
pub fn name(role: Oid) -> Option<String> {
    // SAFETY: returns a palloc'd string, or null with noerr.
    unsafe {
        let name = pg_sys::GetUserNameFromId(role, true);
        (!name.is_null()).then(|| std::ffi::CStr::from_ptr(name).to_string_lossy().into_owned())
    }
}

/// True for a role that row security does not bind: a superuser, or one with BYPASSRLS.
pub fn bypasses_row_security(role: Oid) -> bool {
    // SAFETY: a syscache look-up.
    unsafe { pg_sys::has_bypassrls_privilege(role) }
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

/// The oid of a database.
pub fn database_called(name: &std::ffi::CStr) -> Option<Oid> {
    // SAFETY: a catalog look-up that does not raise with missing_ok.
    let oid = unsafe { pg_sys::get_database_oid(name.as_ptr(), true) };
    (oid != Oid::INVALID).then_some(oid)
}

/// True if the current role owns a database.
pub fn owns_database(database: Oid) -> bool {
    // SAFETY: a syscache look-up.
    #[cfg(feature = "pg15")]
    let owns = unsafe { pg_sys::pg_database_ownercheck(database, current()) };
    // SAFETY: as above.
    #[cfg(not(feature = "pg15"))]
    let owns = unsafe { pg_sys::object_ownercheck(pg_sys::DatabaseRelationId, database, current()) };
    owns
}

/// True if the current role may create databases.
pub fn may_create_databases() -> bool {
    if is_superuser(current()) {
        return true;
    }
    // SAFETY: the tuple is released after what is needed was copied out of it.
    unsafe {
        let key = pg_sys::Datum::from(current());
        let tuple = pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::AUTHOID as i32, key);
        if tuple.is_null() {
            return false;
        }
        let may = (*pg_sys::heap_tuple_get_struct::<pg_sys::FormData_pg_authid>(tuple)).rolcreatedb;
        pg_sys::ReleaseSysCache(tuple);
        may
    }
}
