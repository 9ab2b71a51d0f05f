//! The issuers as a backend holds them: parsed keys, read again when the table has changed.

use crate::pg::id::from_pg;
use crate::pg::{error, ext};
use crate::sys::local::LocalRef;
use crate::sys::scan::{self, Row};
use watertight_core::Fault;
use watertight_core::session::{Key, SESSION_ISSUER, jwks};
use watertight_core::token::{Issuer, IssuerSpec, Issuers};

/// The generation they were read at, and the issuers.
static ISSUERS: LocalRef<Option<(u64, Issuers)>> = LocalRef::new(None);

/// Calls `f` with the issuers trusted now, and the generation of that trust.
pub fn with_issuers<R>(tables: &ext::Tables, f: impl FnOnce(u64, &Issuers) -> R) -> R {
    let generation = ext::trust_generation();
    let fresh = ISSUERS.with(|held| held.as_ref().is_some_and(|(at, _)| *at == generation));
    if !fresh {
        // Read before borrowing: reading takes in invalidations and may raise.
        let issuers = read(tables);
        ISSUERS.with_mut(|held| *held = Some((generation, issuers)));
    }
    ISSUERS.with(|held| match held {
        Some((at, issuers)) => f(*at, issuers),
        None => f(generation, &Issuers::new(Vec::new())),
    })
}

fn read(tables: &ext::Tables) -> Issuers {
    let mut issuers = Vec::new();
    scan::each(tables.issuers, None, |row| {
        match issuer(row) {
            // Ours is not in the table, whoever wrote it there.
            Some(Ok(issuer)) if issuer.name() == SESSION_ISSUER => {}
            Some(Ok(issuer)) => issuers.push(issuer),
            // Written past trust_issuer: not trusted, and said so.
            Some(Err(fault)) => {
                error::warn(fault.hint("The issuer is ignored until trust_issuer repairs it."))
            }
            None => {}
        }
        true
    });
    issuers.extend(sessions(tables));
    Issuers::new(issuers)
}

/// Ourselves, for the tokens of sessions. Nobody until the first session has been opened.
fn sessions(tables: &ext::Tables) -> Option<Issuer> {
    let mut keys = Vec::new();
    scan::each(tables.session_keys, None, |row| {
        if let (Some(kid), Some(secret)) = (row.get(1), row.get(2)) {
            keys.push(Key { kid, secret });
        }
        true
    });
    if keys.is_empty() {
        return None;
    }
    let spec = IssuerSpec {
        issuer: SESSION_ISSUER,
        jwks: &jwks(&keys),
        audience: None,
        claims: "{}",
        tenants: None,
        max_lifetime: None,
        leeway: Some(0),
    };
    Issuer::new(&spec).ok()
}

/// The columns of watertight.issuers, as sql/registry.sql declares them.
fn issuer(row: &Row) -> Option<Result<Issuer, Fault>> {
    let name: String = row.get(1)?;
    let jwks = row.get::<pgrx::JsonB>(2)?.0.to_string();
    let audience: Option<String> = row.get(3);
    let claims = row.get::<pgrx::JsonB>(4)?.0.to_string();
    let tenants: Option<Vec<pgrx::Uuid>> = row.get(5);
    let spec = IssuerSpec {
        issuer: &name,
        jwks: &jwks,
        audience: audience.as_deref(),
        claims: &claims,
        tenants: tenants.map(|ids| ids.iter().copied().map(from_pg).collect()),
        max_lifetime: row.get::<pgrx::datum::Interval>(6).map(seconds),
        leeway: row.get::<pgrx::datum::Interval>(7).map(seconds),
    };
    Some(Issuer::new(&spec).map_err(Fault::from))
}

/// An interval as seconds: a day has 24 hours, a month 30 days.
pub fn seconds(interval: pgrx::datum::Interval) -> i64 {
    let days = i64::from(interval.months()) * 30 + i64::from(interval.days());
    days * 86_400 + interval.micros() / 1_000_000
}
