//! Where the extension is in this database: its oids, found once and forgotten when they change.

use crate::sys::local::Local;
use crate::sys::query::forget_plans;
use crate::sys::{inval, lookup, xact};
use pgrx::pg_sys::Oid;
use std::ffi::CStr;

/// A table of the registry and the indexes backends search it by.
#[derive(Clone, Copy)]
pub struct Tables {
    /// `watertight.tenants` and its indexes by id, name and key.
    pub tenants: Oid,
    /// Index.
    pub tenants_id: Oid,
    /// Index.
    pub tenants_name: Oid,
    /// Index.
    pub tenants_key: Oid,
    /// `watertight.issuers`.
    pub issuers: Oid,
    /// `watertight.revoked_tokens` and its index by jti.
    pub revoked_tokens: Oid,
    /// Index.
    pub revoked_tokens_jti: Oid,
    /// `watertight.revoked_users` and its index by user id.
    pub revoked_users: Oid,
    /// Index.
    pub revoked_users_id: Oid,
    /// `watertight.protected_tables`.
    pub protected_tables: Oid,
    /// `watertight.protected_schemas`.
    pub protected_schemas: Oid,
    /// `watertight.trusted_operators`.
    pub trusted_operators: Oid,
    /// `watertight.all_compartments`.
    pub compartments: Oid,
    /// Index by id.
    pub compartments_id: Oid,
    /// Index by tenant and name.
    pub compartments_name: Oid,
    /// `watertight.compartment_members`.
    pub members: Oid,
    /// Index by compartment.
    pub members_compartment: Oid,
    /// `watertight.open_sessions`.
    pub sessions: Oid,
    /// Index by id.
    pub sessions_id: Oid,
    /// `watertight.session_keys`.
    pub session_keys: Oid,
    /// `watertight.master_keys` and its index by version.
    pub master_keys: Oid,
    /// Index.
    pub master_keys_version: Oid,
    /// `watertight.tenant_keys` and its index by tenant and version.
    pub tenant_keys: Oid,
    /// Index.
    pub tenant_keys_version: Oid,
    /// `watertight.data_keys`, its index by id, and the one by tenant, compartment and purpose of those in force.
    pub data_keys: Oid,
    /// Index.
    pub data_keys_id: Oid,
    /// Index.
    pub data_keys_active: Oid,
    /// `watertight.key_certificates` and its index by id.
    pub key_certificates: Oid,
    /// Index.
    pub key_certificates_id: Oid,
}

static TABLES: Local<Option<Tables>> = Local::new(None);
/// True while we know that the extension is not here.
static ABSENT: Local<bool> = Local::new(false);
static TRUST: Local<u64> = Local::new(1);
static REGISTRY: Local<u64> = Local::new(1);
static PROTECTION: Local<u64> = Local::new(1);
static TRUSTED: Local<u64> = Local::new(1);
static RELATIONS: Local<u64> = Local::new(1);
static KEYS: Local<u64> = Local::new(1);
static ON_KEYS: Local<Option<fn()>> = Local::new(None);

/// Starts listening to what other backends change.
pub fn install() {
    inval::install(on_invalidation);
}

fn on_invalidation(relation: Oid) {
    // A table may be the first of an extension that was just created.
    ABSENT.set(false);
    RELATIONS.set(RELATIONS.get().wrapping_add(1));
    let derived: &[&Local<u64>] = match TABLES.get() {
        Some(tables) if relation != Oid::INVALID => {
            if relation == tables.tenants
                || relation == tables.revoked_tokens
                || relation == tables.revoked_users
                || relation == tables.compartments
                || relation == tables.members
            {
                &[&REGISTRY]
            } else if relation == tables.issuers || relation == tables.session_keys {
                &[&TRUST, &REGISTRY]
            } else if relation == tables.protected_tables || relation == tables.protected_schemas {
                &[&PROTECTION]
            } else if relation == tables.data_keys || relation == tables.key_certificates {
                &[&KEYS]
            } else if relation == tables.trusted_operators {
                forget_plans();
                &[&TRUSTED]
            } else {
                return;
            }
        }
        // We cannot tell what it was, so it was everything.
        _ => &[&TRUST, &REGISTRY, &PROTECTION, &TRUSTED, &KEYS],
    };
    // Changed, or dropped with the extension: look again.
    TABLES.set(None);
    let keys = KEYS.get();
    derived.iter().for_each(|counter| counter.set(counter.get().wrapping_add(1)));
    if keys != KEYS.get()
        && let Some(listener) = ON_KEYS.get()
    {
        listener();
    }
}

/// Rises when issuers, or the keys of session tokens, change.
pub fn trust_generation() -> u64 {
    TRUST.get()
}

/// Rises when issuers, tenants, revocations, persistent compartments or their members change.
pub fn registry_generation() -> u64 {
    REGISTRY.get()
}

/// What was derived from the registry counts no more: a setting says otherwise now. Must not raise.
pub fn registry_changed() {
    REGISTRY.set(REGISTRY.get().wrapping_add(1));
}

/// `listener` is called whenever `keys_generation` has risen: at any lock acquisition, so it must not raise, allocate or read a
/// catalog.
pub fn on_keys_change(listener: fn()) {
    ON_KEYS.set(Some(listener));
}

/// Rises when a key that somebody may know changes or goes.
pub fn keys_generation() -> u64 {
    KEYS.get()
}

/// Rises when the set of protected tables changes.
pub fn protection_generation() -> u64 {
    PROTECTION.get()
}

/// Rises when the table of trusted operators changes.
pub fn trusted_generation() -> u64 {
    TRUSTED.get()
}

/// Rises when any relation changes.
pub fn relations_generation() -> u64 {
    RELATIONS.get()
}

/// The registry's oids, or `None` where the extension is not installed (or no catalog can be read now).
pub fn tables() -> Option<Tables> {
    if let Some(tables) = TABLES.get() {
        return Some(tables);
    }
    if ABSENT.get() || !xact::in_transaction() {
        return None;
    }
    let found = find();
    TABLES.set(found);
    ABSENT.set(found.is_none());
    // What was derived under other oids is out of date. (Nothing was, the first time.)
    found
}

fn find() -> Option<Tables> {
    let extension = lookup::extension(c"watertight")?;
    let schema = lookup::schema(c"watertight")?;
    let relation = |name: &CStr| lookup::relation(schema, name);
    let table = |name: &CStr| {
        let oid = relation(name)?;
        (lookup::extension_of_relation(oid) == Some(extension)).then_some(oid)
    };
    Some(Tables {
        tenants: table(c"tenants")?,
        tenants_id: relation(c"tenants_pkey")?,
        tenants_name: relation(c"tenants_name_key")?,
        tenants_key: relation(c"tenants_key_key")?,
        issuers: table(c"issuers")?,
        revoked_tokens: table(c"revoked_tokens")?,
        revoked_tokens_jti: relation(c"revoked_tokens_pkey")?,
        revoked_users: table(c"revoked_users")?,
        revoked_users_id: relation(c"revoked_users_pkey")?,
        protected_tables: table(c"protected_tables")?,
        protected_schemas: table(c"protected_schemas")?,
        trusted_operators: table(c"trusted_operators")?,
        compartments: table(c"all_compartments")?,
        compartments_id: relation(c"all_compartments_pkey")?,
        compartments_name: relation(c"all_compartments_name_key")?,
        members: table(c"compartment_members")?,
        members_compartment: relation(c"compartment_members_pkey")?,
        sessions: table(c"open_sessions")?,
        sessions_id: relation(c"open_sessions_pkey")?,
        session_keys: table(c"session_keys")?,
        master_keys: table(c"master_keys")?,
        master_keys_version: relation(c"master_keys_pkey")?,
        tenant_keys: table(c"tenant_keys")?,
        tenant_keys_version: relation(c"tenant_keys_version_key")?,
        data_keys: table(c"data_keys")?,
        data_keys_id: relation(c"data_keys_pkey")?,
        data_keys_active: relation(c"data_keys_active_key")?,
        key_certificates: table(c"key_certificates")?,
        key_certificates_id: relation(c"key_certificates_pkey")?,
    })
}

/// The owner of the extension, a superuser: it owns the registry's tables.
pub fn owner() -> Oid {
    tables().map_or(Oid::INVALID, |tables| lookup::relation_owner(tables.tenants))
}
