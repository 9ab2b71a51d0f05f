//! `trust_issuer`, `set_issuer_keys` and `distrust_issuer`.

use super::load::seconds;
use crate::pg::arguments::required;
use crate::pg::error::{OrRaise, raise};
use crate::pg::id::from_pg;
use crate::pg::{role, spi};
use pgrx::datum::{DatumWithOid, Interval};
use pgrx::prelude::*;
use watertight_core::session::SESSION_ISSUER;
use watertight_core::token::{Issuer, IssuerSpec, check_keys};
use watertight_core::{Code, Fault};

/// Trusts an issuer, or replaces what was said of it before.
///
/// Runs as the extension's owner; EXECUTE is granted to `watertight_admin` only.
///
/// # Errors
/// 22023 for an argument that cannot be trusted, 42704 for a tenant that does not exist.
#[pg_extern(sql = false)]
fn trust_issuer(
    issuer: Option<&str>,
    jwks: Option<pgrx::JsonB>,
    audience: Option<&str>,
    claims: Option<pgrx::JsonB>,
    tenants: Option<Vec<Option<String>>>,
    max_lifetime: Option<Interval>,
    leeway: Option<Interval>,
) {
    let issuer = required("issuer", issuer);
    let jwks = required("jwks", jwks);
    if issuer == SESSION_ISSUER {
        raise(
            Fault::new(Code::InvalidParameter, "issuer \"watertight\" cannot be trusted")
                .detail("Tokens of this issuer are those that watertight.login() signs itself."),
        );
    }
    let claims = claims.unwrap_or_else(|| pgrx::JsonB(serde_json::Value::Object(Default::default())));
    let tenants = tenants.map(tenant_ids);
    let spec = IssuerSpec {
        issuer,
        jwks: &jwks.0.to_string(),
        audience,
        claims: &claims.0.to_string(),
        tenants: tenants.as_ref().map(|ids| ids.iter().copied().map(from_pg).collect()),
        max_lifetime: max_lifetime.map(seconds),
        leeway: leeway.map(seconds),
    };
    Issuer::new(&spec).or_raise();
    let arguments: Vec<DatumWithOid> = vec![
        issuer.into(),
        jwks.into(),
        audience.into(),
        claims.into(),
        tenants.into(),
        max_lifetime.into(),
        leeway.into(),
    ];
    spi::run(
        "INSERT INTO watertight.issuers AS i (issuer, jwks, audience, claims, tenants, max_lifetime, leeway)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (issuer) DO UPDATE SET jwks = excluded.jwks, audience = excluded.audience,
             claims = excluded.claims, tenants = excluded.tenants, max_lifetime = excluded.max_lifetime,
             leeway = excluded.leeway, updated_at = pg_catalog.now()",
        &arguments,
    );
}

/// Tenants are named by name or id; they are stored by id.
fn tenant_ids(names: Vec<Option<String>>) -> Vec<pgrx::Uuid> {
    let ids: Vec<pgrx::Uuid> = names
        .into_iter()
        .map(|name| {
            let name = required("a tenant", name);
            Spi::get_one_with_args::<pgrx::Uuid>(
                "SELECT id FROM watertight.tenants WHERE name = $1 OR id::pg_catalog.text = $1",
                &[name.as_str().into()],
            )
            .ok()
            .flatten()
            .unwrap_or_else(|| {
                raise(
                    Fault::new(Code::UndefinedObject, format!("tenant \"{name}\" does not exist"))
                        .hint("Create it first with watertight.create_tenant()."),
                )
            })
        })
        .collect();
    if ids.is_empty() {
        raise(
            Fault::new(Code::InvalidParameter, "an issuer must speak for at least one tenant")
                .hint("Leave out tenants to let it speak for all of them."),
        );
    }
    ids
}

/// Replaces an issuer's keys, for a rotation; everything else that was said of it stays.
///
/// Two calls at once, or one beside `trust_issuer`, take their turns at the row, so neither undoes more than the keys of
/// the other.
///
/// # Errors
/// 22023 for keys that cannot be trusted, 42704 if the issuer is not trusted.
#[pg_extern(sql = false)]
fn set_issuer_keys(issuer: Option<&str>, jwks: Option<pgrx::JsonB>) {
    let issuer = required("issuer", issuer);
    let jwks = required("jwks", jwks);
    check_keys(&jwks.0.to_string()).or_raise();
    let changed = Spi::get_one_with_args::<String>(
        "UPDATE watertight.issuers SET jwks = $2, updated_at = pg_catalog.now() WHERE issuer = $1 RETURNING issuer",
        &[issuer.into(), jwks.into()],
    );
    if !matches!(changed, Ok(Some(_))) {
        raise(not_trusted(issuer).hint(
            "Trust it first with watertight.trust_issuer(); the name is exactly what its tokens have in iss.",
        ));
    }
}

/// Raises 42704 unless the issuer is trusted.
pub fn require(issuer: &str) {
    let known = Spi::get_one_with_args::<bool>(
        "SELECT true FROM watertight.issuers WHERE issuer = $1",
        &[issuer.into()],
    );
    if !matches!(known, Ok(Some(true))) {
        raise(
            not_trusted(issuer)
                .hint("See watertight.issuers; the name is exactly what its tokens have in iss."),
        );
    }
}

/// An issuer that nobody has trusted, at least not under this name.
fn not_trusted(issuer: &str) -> Fault {
    Fault::new(Code::UndefinedObject, format!("issuer \"{issuer}\" is not trusted"))
}

/// Trusts an issuer no longer: its tokens stop working at the next statement of every session.
///
/// # Errors
/// 42704 if the issuer is not trusted anyway.
#[pg_extern(sql = false)]
fn distrust_issuer(issuer: Option<&str>) {
    let issuer = required("issuer", issuer);
    let gone = Spi::get_one_with_args::<String>(
        "DELETE FROM watertight.issuers WHERE issuer = $1 RETURNING issuer",
        &[issuer.into()],
    );
    if !matches!(gone, Ok(Some(_))) {
        raise(not_trusted(issuer).hint("See watertight.issuers."));
    }
}

/// Warns, when the extension is created, of a server with known holes in row security.
#[pg_extern(sql = false)]
fn check_server() {
    let caller = role::current();
    if !role::is_superuser(caller) {
        raise(Fault::new(Code::InsufficientPrivilege, "watertight must be created by a superuser"));
    }
    crate::guard::warn_of_old_server();
}
