//! Reading the registry on behalf of a token: index scans, only when no verdict is cached.

use crate::pg::ext::Tables;
use crate::sys::local::LocalRef;
use crate::sys::scan::{self, Key, Row};
use std::collections::BTreeMap;
use watertight_core::tenant::Status;
use watertight_core::token::TenantRef;

/// What a statement needs of a tenant. Never freed and never changed, so a datum may point into it for as long as a
/// plan, a cursor or a sort likes; a backend keeps one for each tenant it has served.
pub struct Tenant {
    /// The id, as a uuid datum points to it.
    pub id: [u8; 16],
    /// The name.
    pub name: Box<str>,
    /// The name as a text datum: header and bytes.
    pub name_text: Box<[u8]>,
    /// The integer key, for tables whose tenant column is a number.
    pub key: Option<i64>,
}

static TENANTS: LocalRef<BTreeMap<[u8; 16], &'static Tenant>> = LocalRef::new(BTreeMap::new());

// Columns of watertight.tenants, as sql/registry.sql declares them.
const ID: usize = 1;
const NAME: usize = 2;
const KEY: usize = 3;
const STATUS: usize = 4;

/// The tenant that a token's claim means, and its status.
pub fn find(tables: &Tables, claim: TenantRef<'_>) -> Option<(&'static Tenant, Status)> {
    let (index, key) = match claim {
        TenantRef::Id(id) => (tables.tenants_id, Key::Uuid(ID as i16, *id.as_bytes())),
        TenantRef::Name(name) => (tables.tenants_name, Key::Text(NAME as i16, name)),
        TenantRef::Key(key) => (tables.tenants_key, Key::Bigint(KEY as i16, key)),
    };
    let mut found = None;
    scan::each(tables.tenants, Some((index, key)), |row| {
        found = read(row);
        false
    });
    found
}

fn read(row: &Row) -> Option<(&'static Tenant, Status)> {
    let id = *row.get::<pgrx::Uuid>(ID)?.as_bytes();
    let name: String = row.get(NAME)?;
    let key: Option<i64> = row.get(KEY);
    let status = Status::parse(&row.get::<String>(STATUS)?);
    Some((intern(id, name, key), status))
}

fn intern(id: [u8; 16], name: String, key: Option<i64>) -> &'static Tenant {
    TENANTS.with_mut(|tenants| {
        if let Some(known) = tenants.get(&id)
            && *known.name == *name
            && known.key == key
        {
            return *known;
        }
        let name_text = text_datum(&name);
        let tenant: &'static Tenant =
            Box::leak(Box::new(Tenant { id, name: name.into_boxed_str(), name_text, key }));
        tenants.insert(id, tenant);
        tenant
    })
}

/// A text value in PostgreSQL's uncompressed form: four bytes of length, times four, and the bytes.
fn text_datum(text: &str) -> Box<[u8]> {
    let length = (text.len() + 4) as u32;
    let mut bytes = Vec::with_capacity(text.len() + 4);
    bytes.extend_from_slice(&crate::sys::function::varlena_header(length));
    bytes.extend_from_slice(text.as_bytes());
    bytes.into_boxed_slice()
}

/// By which token somebody is known.
#[derive(Clone, Copy)]
pub struct Bearer<'a> {
    /// Who signed it.
    pub issuer: &'a str,
    /// Its id.
    pub jti: Option<&'a str>,
    /// Whose it is.
    pub user: Option<&'a str>,
    /// When it was issued, in seconds since the Unix epoch.
    pub issued_at: Option<i64>,
}

/// True if the token with this jti, or this user's tokens issued then, were revoked.
pub fn is_revoked(tables: &Tables, bearer: &Bearer<'_>) -> bool {
    bearer.jti.is_some_and(|jti| is_token_revoked(tables, jti))
        || bearer.user.is_some_and(|user| is_user_revoked(tables, user, bearer))
}

fn is_token_revoked(tables: &Tables, jti: &str) -> bool {
    let mut revoked = false;
    scan::each(tables.revoked_tokens, Some((tables.revoked_tokens_jti, Key::Text(1, jti))), |_| {
        revoked = true;
        false
    });
    revoked
}

fn is_user_revoked(tables: &Tables, user: &str, bearer: &Bearer<'_>) -> bool {
    let mut revoked = false;
    scan::each(tables.revoked_users, Some((tables.revoked_users_id, Key::Text(1, user))), |row| {
        // Column 5 is the issuer whose user this is, empty for every issuer; there may be an entry for each.
        let issuer: Option<String> = row.get(5);
        if issuer.is_some_and(|issuer| !issuer.is_empty() && issuer != bearer.issuer) {
            return true;
        }
        // Column 2 is `issued_before`, in whole seconds since the Unix epoch; null means all tokens. A token that
        // does not say when it was issued may have been issued before.
        let before: Option<i64> = row.get(2);
        revoked = match (before, bearer.issued_at) {
            (Some(before), Some(issued)) => issued <= before,
            _ => true,
        };
        !revoked
    });
    revoked
}
