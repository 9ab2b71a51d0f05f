//! The verdict: which tenant this statement belongs to. Reached once a statement, then one comparison away.

use super::extra::{Head, Origin};
use super::{in_vain, token};
use crate::pg::settings::{self, Mode, OnMissing, TokenScope};
use crate::pg::{error, ext};
use crate::registry::{self, Tenant};
use crate::sys::local::Local;
use crate::sys::{inval, setting, xact};
use uuid::Uuid;
use watertight_core::tenant::Status;
use watertight_core::token::TenantRef;
use watertight_core::{Code, Fault};

const NEVER: i64 = i64::MIN;

/// The statement (by its start) that the verdict was reached for.
static STATEMENT: Local<i64> = Local::new(NEVER);
static TENANT: Local<Option<&'static Tenant>> = Local::new(None);

/// The token or the transaction has changed: what was known of this statement is void. Must not raise.
pub fn forget() {
    STATEMENT.set(NEVER);
}

/// The verdict of this statement, if it was reached.
#[inline(always)]
pub fn reached() -> Option<&'static Tenant> {
    if STATEMENT.get() == xact::statement_start() { TENANT.get() } else { None }
}

/// The tenant of this statement; `None` without a context.
///
/// # Errors
/// 28000 for a token that does not count (expired, revoked, no longer trusted, tenant suspended or gone).
pub fn tenant() -> Result<Option<&'static Tenant>, Fault> {
    if let Some(tenant) = reached() {
        return Ok(Some(tenant));
    }
    in_vain::used();
    if xact::in_transaction() {
        // A revocation that was committed before this statement began counts for it.
        inval::accept();
    }
    let tenant = match head_in_scope() {
        Some(head) => Some(tenant_of_token(head)?),
        None if settings::mode() == Mode::Single => Some(default_tenant()?),
        None => None,
    };
    if tenant.is_some() {
        TENANT.set(tenant);
        STATEMENT.set(xact::statement_start());
    }
    Ok(tenant)
}

struct Forget;

impl Drop for Forget {
    fn drop(&mut self) {
        forget();
    }
}

/// Runs `f` as `tenant`, whatever the token says: for the extension's own work on behalf of an administrator.
pub fn as_tenant<R>(tenant: &'static Tenant, f: impl FnOnce() -> R) -> R {
    let _forget = Forget;
    TENANT.set(Some(tenant));
    STATEMENT.set(xact::statement_start());
    f()
}

/// The tenant of this statement, or an error; `None` only where `on_missing_context = empty`.
pub fn required() -> Option<&'static Tenant> {
    match tenant() {
        Ok(Some(tenant)) => Some(tenant),
        Ok(None) if settings::on_missing() == OnMissing::Empty => None,
        Ok(None) => error::raise(missing()),
        Err(fault) => error::raise(fault),
    }
}

fn missing() -> Fault {
    Fault::new(Code::InvalidAuthorization, "no tenant context")
        .detail("The statement needs a tenant, and the session has no token that counts now.")
        .hint("Start the transaction with SELECT watertight.begin($1), or SET LOCAL watertight.token.")
}

/// The head of the token in force, if it counts in this transaction.
fn head_in_scope() -> Option<Head> {
    let head = setting::with_extra(|extra| Head::decode(extra?))?;
    let stale = head.origin == Origin::Session
        && head.transaction != xact::serial()
        && settings::token_scope() == TokenScope::Transaction;
    (!stale).then_some(head)
}

fn tenant_of_token(mut head: Head) -> Result<&'static Tenant, Fault> {
    let now = xact::to_unix_micros(xact::statement_start());
    let clock = (head.origin != Origin::Leader).then_some(now);
    if head.trust != ext::trust_generation() {
        head = token::verify_again(head, clock)?;
    }
    if let Some(now) = clock {
        check_times(&head, now)?;
    }
    let generation = ext::registry_generation();
    let known = token::with_entry(head.entry, |entry| entry.resolved).flatten();
    if let Some((at, tenant)) = known
        && at == generation
    {
        return Ok(tenant);
    }
    let tenant = resolve()?;
    token::with_entry(head.entry, |entry| entry.resolved = Some((generation, tenant)));
    Ok(tenant)
}

fn check_times(head: &Head, now: i64) -> Result<(), Fault> {
    let refuse = |what: &str| {
        Err(Fault::new(Code::InvalidAuthorization, what)
            .hint("Get a fresh token from the issuer and set it with watertight.begin()."))
    };
    if now >= head.until {
        return refuse("the token has expired");
    }
    if now < head.from {
        return refuse("the token is not valid yet");
    }
    Ok(())
}

/// Asks the registry.
fn resolve() -> Result<&'static Tenant, Fault> {
    let refuse = |what: &str, hint: &str| Err(Fault::new(Code::InvalidAuthorization, what).hint(hint));
    let Some(tables) = ext::tables() else {
        return refuse("watertight is not installed in this database", "Run CREATE EXTENSION watertight.");
    };
    let revoked = token::with_facts(|facts| registry::is_revoked(&tables, facts));
    if revoked != Some(false) {
        return refuse("the token has been revoked", "Get a fresh token from the issuer, if you still may.");
    }
    let found = token::with_facts(|facts| registry::find(&tables, facts.tenant())).flatten();
    let Some((tenant, status)) = found else {
        return refuse(
            "the token names a tenant that does not exist",
            "An administrator creates tenants with watertight.create_tenant(); name, id or key must match exactly.",
        );
    };
    if status != Status::Active {
        return refuse(
            "the tenant is suspended",
            "An administrator resumes it with watertight.resume_tenant().",
        );
    }
    if !issuer_may_speak_for(&tables, tenant) {
        return refuse(
            "the token's issuer is not trusted for this tenant",
            "An administrator names the tenants of an issuer in watertight.trust_issuer().",
        );
    }
    Ok(tenant)
}

fn issuer_may_speak_for(tables: &ext::Tables, tenant: &Tenant) -> bool {
    let Some(issuer) = token::with_facts(|facts| facts.issuer().to_owned()) else { return false };
    crate::trust::with_issuers(tables, |_, issuers| {
        issuers.get(&issuer).is_some_and(|issuer| {
            issuer.tenants().is_none_or(|tenants| tenants.contains(&Uuid::from_bytes(tenant.id)))
        })
    })
}

/// Single mode: the tenant of sessions without a token.
fn default_tenant() -> Result<&'static Tenant, Fault> {
    let unusable = |what: &str| {
        Fault::new(Code::NotInPrerequisiteState, what)
            .hint("Create it with watertight.create_tenant(), or set watertight.default_tenant.")
    };
    let tables = ext::tables().ok_or_else(|| unusable("watertight is not installed in this database"))?;
    let name = settings::default_tenant().ok_or_else(|| unusable("watertight.default_tenant is not set"))?;
    match registry::find(&tables, TenantRef::Name(&name)) {
        Some((tenant, Status::Active)) => Ok(tenant),
        Some(_) => Err(Fault::new(Code::InvalidAuthorization, "the tenant is suspended")
            .hint("An administrator resumes it with watertight.resume_tenant().")),
        None => Err(unusable("the default tenant does not exist")),
    }
}

/// Everything a context says, for functions that tell it.
#[derive(Default)]
pub struct Identity {
    /// The tenant.
    pub tenant: Option<&'static Tenant>,
    /// `sub`.
    pub user: Option<String>,
    /// The verified e-mail address.
    pub email: Option<String>,
    /// The role claim, as the token says it.
    pub role: Option<String>,
    /// The session, in tokens that Watertight signed.
    pub session: Option<Uuid>,
    /// Who signed it.
    pub issuer: Option<String>,
    /// Seconds since the Unix epoch.
    pub expires_at: Option<i64>,
}

/// Who this statement belongs to; all empty without a context.
///
/// # Errors
/// 28000 as for [`tenant`].
pub fn identity() -> Result<Identity, Fault> {
    let Some(tenant) = tenant()? else { return Ok(Identity::default()) };
    let owned = |text: Option<&str>| text.map(str::to_owned);
    // In single mode there may be a tenant and no token.
    if head_in_scope().is_none() {
        return Ok(Identity { tenant: Some(tenant), ..Identity::default() });
    }
    Ok(token::with_facts(|facts| Identity {
        tenant: Some(tenant),
        user: owned(facts.user()),
        email: owned(facts.email()),
        role: owned(facts.role()),
        session: facts.session(),
        issuer: Some(facts.issuer().to_owned()),
        expires_at: Some(facts.expires_at()),
    })
    .unwrap_or_default())
}

/// True if the token in force is one that counts in this transaction.
pub fn has_token() -> bool {
    head_in_scope().is_some()
}

/// True if the token in force may be another one later on this connection: it did not come with the start-up packet.
pub fn has_passing_token() -> bool {
    head_in_scope().is_some_and(|head| head.origin != Origin::Connection)
}
