//! From the facts of a token to a place in the registry: which tenant, which compartment, which session.

use super::token;
use crate::compartment::{self, Compartment, Stored};
use crate::pg::ext;
use crate::registry::{self, Bearer, Tenant};
use crate::session::{self, Sitting, ended};
use crate::sys::{slots, xact};
use uuid::Uuid;
use watertight_core::compartment::{GLOBAL, GLOBAL_NAME};
use watertight_core::session::SESSION_ISSUER;
use watertight_core::tenant::Status;
use watertight_core::token::{FactsView, TenantRef};
use watertight_core::{Code, Fault};

/// Where a token leads.
#[derive(Clone, Copy)]
pub struct Place {
    /// The tenant.
    pub tenant: &'static Tenant,
    /// Where in the tenant.
    pub compartment: &'static Compartment,
    /// The session, for a token that `login()` signed.
    pub sitting: Option<Sitting>,
}

impl Place {
    /// Without a session.
    pub fn in_global(tenant: &'static Tenant) -> Place {
        Place { tenant, compartment: compartment::global(), sitting: None }
    }

    /// Whether its session goes on; it counts as active now. False for one that has no slot any more.
    ///
    /// # Errors
    /// 28000 for one that has ended.
    pub fn sit(&self) -> Result<bool, Fault> {
        slots::work_for(self.sitting.map(|sitting| sitting.handle));
        self.sitting.map_or(Ok(true), |sitting| sitting.touch(xact::statement_start()))
    }
}

fn refuse(what: &str, hint: &str) -> Fault {
    Fault::new(Code::InvalidAuthorization, what).hint(hint)
}

/// Where a user is needed.
pub fn no_user() -> Fault {
    refuse(
        "the token names no user",
        "A session, and a compartment, belongs to somebody: the claim sub, or what trust_issuer() maps to user.",
    )
}

/// Asks the registry.
///
/// # Errors
/// 28000 for a token that leads nowhere now.
pub fn resolve() -> Result<Place, Fault> {
    let Some(tables) = ext::tables() else {
        return Err(refuse(
            "watertight is not installed in this database",
            "Run CREATE EXTENSION watertight.",
        ));
    };
    // What was read lives longer than the token's bytes may be borrowed: reading the registry may raise.
    let owned = token::with_facts(Owned::of).ok_or_else(ended)?;
    if owned.issuer == SESSION_ISSUER { of_session(&tables, &owned) } else { of_identity(&tables, &owned) }
}

/// The facts that a verdict needs.
struct Owned {
    issuer: String,
    tenant: watertight_core::token::TenantClaim,
    user: Option<String>,
    role: Option<String>,
    jti: Option<String>,
    issued_at: Option<i64>,
    compartment: Option<String>,
    session: Option<Uuid>,
}

impl Owned {
    fn of(facts: &FactsView<'_>) -> Owned {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Owned {
            issuer: facts.issuer().to_owned(),
            tenant: facts.tenant().to_owned(),
            user: text(facts.user()),
            role: text(facts.role()),
            jti: text(facts.jti()),
            issued_at: facts.issued_at(),
            compartment: text(facts.compartment()),
            session: facts.session(),
        }
    }
}

fn of_identity(tables: &ext::Tables, owned: &Owned) -> Result<Place, Fault> {
    let bearer = Bearer {
        issuer: &owned.issuer,
        jti: owned.jti.as_deref(),
        user: owned.user.as_deref(),
        issued_at: owned.issued_at,
    };
    let tenant = tenant_of(tables, owned.tenant.as_ref(), &bearer)?;
    let compartment = match owned.compartment.as_deref() {
        None | Some(GLOBAL_NAME) => compartment::global(),
        Some(name) => named(tables, tenant, name, owned)?,
    };
    Ok(Place { tenant, compartment, sitting: None })
}

/// The tenant of a bearer, if it is active, the bearer is not revoked, and the issuer may speak for it.
///
/// # Errors
/// 28000
pub fn tenant_of(
    tables: &ext::Tables,
    claim: TenantRef<'_>,
    bearer: &Bearer<'_>,
) -> Result<&'static Tenant, Fault> {
    if registry::is_revoked(tables, bearer) {
        return Err(refuse(
            "the token has been revoked",
            "Get a fresh token from the issuer, if you still may.",
        ));
    }
    let Some((tenant, status)) = registry::find(tables, claim) else {
        return Err(refuse(
            "the token names a tenant that does not exist",
            "An administrator creates tenants with watertight.create_tenant(); name, id or key must match exactly.",
        ));
    };
    if status != Status::Active {
        return Err(refuse(
            "the tenant is suspended",
            "An administrator resumes it with watertight.resume_tenant().",
        ));
    }
    let speaks = crate::trust::with_issuers(tables, |_, issuers| {
        issuers.get(bearer.issuer).is_some_and(|issuer| {
            issuer.tenants().is_none_or(|tenants| tenants.contains(&Uuid::from_bytes(tenant.id)))
        })
    });
    if !speaks {
        return Err(refuse(
            "the token's issuer is not trusted for this tenant",
            "An administrator names the tenants of an issuer in watertight.trust_issuer().",
        ));
    }
    Ok(tenant)
}

/// The persistent compartment that an issuer's token names.
fn named(
    tables: &ext::Tables,
    tenant: &'static Tenant,
    name: &str,
    owned: &Owned,
) -> Result<&'static Compartment, Fault> {
    let within = Uuid::from_bytes(tenant.id);
    compartment::require_switched_on(false)?;
    let (user, role) = (owned.user.as_deref(), owned.role.as_deref());
    let enterable = |stored: &Stored| compartment::may_enter(tables, stored, user, &owned.issuer, role);
    compartment::stored_by_name(tables, within, name)
        .filter(|stored| !stored.ephemeral)
        .filter(enterable)
        .map(|stored| compartment::interned(tables, &stored, enterable))
        .ok_or_else(compartment::not_enterable)
}

fn of_session(tables: &ext::Tables, owned: &Owned) -> Result<Place, Fault> {
    let row = owned.session.and_then(|id| session::stored(tables, id)).ok_or_else(ended)?;
    let bearer = row.bearer();
    let tenant = tenant_of(tables, TenantRef::Id(row.tenant), &bearer)?;
    // The token says where, the row must agree: one that was copied into another database does not.
    let claimed = owned.compartment.as_deref().and_then(|id| Uuid::try_parse(id).ok());
    if !matches!(owned.tenant.as_ref(), TenantRef::Id(id) if id == row.tenant)
        || claimed != Some(row.compartment)
    {
        return Err(ended());
    }
    let (compartment, ephemeral) = if row.compartment == GLOBAL {
        (compartment::global(), false)
    } else {
        let stored = compartment::stored(tables, row.compartment)
            .filter(|stored| stored.tenant == Some(row.tenant))
            // One of an earlier start of the server is no more, even if nobody has destroyed it yet.
            .filter(|stored| !stored.ephemeral || stored.boot == Some(slots::boot_id()))
            .ok_or_else(ended)?;
        compartment::require_switched_on(stored.ephemeral)?;
        let role = row.role.as_deref();
        let enterable =
            |stored: &Stored| compartment::may_enter(tables, stored, Some(&row.user), &row.issuer, role);
        if !enterable(&stored) {
            return Err(compartment::not_enterable());
        }
        (compartment::interned(tables, &stored, enterable), stored.ephemeral)
    };
    let sitting = session::sit(tables, &row, ephemeral)?;
    Ok(Place { tenant, compartment, sitting: Some(sitting) })
}
