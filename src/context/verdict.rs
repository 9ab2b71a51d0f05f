//! The verdict: which tenant this statement belongs to. Reached once a statement, then one comparison away.

use super::extra::{Head, Origin};
use super::resolve::{Place, resolve};
use super::{in_vain, token};
use crate::compartment::Compartment;
use crate::pg::settings::{self, Mode, OnMissing, TokenScope};
use crate::pg::{error, ext};
use crate::registry::{self, Tenant};
use crate::session::ended;
use crate::sys::local::Local;
use crate::sys::query::forget_plans;
use crate::sys::{inval, pending, slots, user, xact};
use uuid::Uuid;
use watertight_core::tenant::Status;
use watertight_core::token::TenantRef;
use watertight_core::{Code, Fault};

const NEVER: i64 = i64::MIN;

/// The statement (by its start) that the verdict was reached for.
static STATEMENT: Local<i64> = Local::new(NEVER);
static TENANT: Local<Option<&'static Tenant>> = Local::new(None);
/// Where in the tenant; meaningful while there is a tenant.
static COMPARTMENT: Local<Option<&'static Compartment>> = Local::new(None);
/// A compartment that reads more than itself, or may not write, was reached in this backend.
static WIDE: Local<bool> = Local::new(false);

/// The token or the transaction has changed: what was known of this statement is void. Must not raise.
pub fn forget() {
    STATEMENT.set(NEVER);
}

/// The verdict of this statement, if it was reached.
#[inline(always)]
pub fn reached() -> Option<&'static Tenant> {
    if STATEMENT.get() == xact::statement_start() { TENANT.get() } else { None }
}

/// The compartment of this statement, if the verdict was reached.
#[inline(always)]
pub fn reached_compartment() -> Option<&'static Compartment> {
    if STATEMENT.get() == xact::statement_start() { COMPARTMENT.get() } else { None }
}

/// The tenant of this statement; `None` without a context.
///
/// # Errors
/// 28000 for a token that does not count (expired, revoked, no longer trusted, tenant suspended or gone).
pub fn tenant() -> Result<Option<&'static Tenant>, Fault> {
    if let Some(tenant) = reached() {
        return Ok(Some(tenant));
    }
    // A parallel worker has its leader's token and its rights, but not this cell: there, too, code that runs with an owner's rights for
    // us has no context.
    if NOWHERE.get() || xact::in_parallel_worker() && user::is_restricted() {
        return Ok(None);
    }
    in_vain::used();
    if xact::in_transaction() {
        // A revocation that was committed before this statement began counts for it.
        inval::accept();
    }
    let place = match head_in_scope() {
        Some(head) => place_of_token(head)?,
        None if settings::mode() == Mode::Single => Place::in_global(default_tenant()?),
        None => {
            slots::work_for(None);
            return Ok(None);
        }
    };
    reach(place.tenant, place.compartment);
    Ok(Some(place.tenant))
}

fn reach(tenant: &'static Tenant, compartment: &'static Compartment) {
    TENANT.set(Some(tenant));
    COMPARTMENT.set(Some(compartment));
    STATEMENT.set(xact::statement_start());
    if compartment.ephemeral {
        pending::must_not_last();
    }
    if !compartment.is_plain && !WIDE.get() {
        widen();
    }
}

/// Plans that were made for compartments that read themselves alone would show too little from now on.
#[cold]
fn widen() {
    WIDE.set(true);
    forget_plans();
}

/// Whether a plan made now has to serve compartments that read more than themselves. Reaches the verdict, so that the context in
/// force is among those it is asked for.
pub fn is_wide() -> bool {
    compartment_if_any();
    WIDE.get()
}

/// Another token is in force. A kept plan is taken out without asking anybody; if the token may be the first one that leads to
/// such a compartment, there must be none. Must not raise.
pub fn assigned() {
    forget();
    if !WIDE.get() && token::may_read_more() {
        forget_plans();
    }
}

/// The compartment of this statement; `None` without a context.
///
/// # Errors
/// 28000 as for [`tenant`].
pub fn compartment() -> Result<Option<&'static Compartment>, Fault> {
    Ok(tenant()?.and(COMPARTMENT.get()))
}

/// The tenant and the compartment of this statement; `None` without a context, and outside of transactions.
///
/// # Errors
/// 28000 as for [`tenant`].
#[inline]
pub fn place() -> Result<Option<(&'static Tenant, &'static Compartment)>, Fault> {
    if let Some(place) = reached().zip(reached_compartment()) {
        return Ok(Some(place));
    }
    if !xact::in_transaction() {
        return Ok(None);
    }
    Ok(tenant()?.zip(COMPARTMENT.get()))
}

/// The compartment of this statement, for questions that must not raise: a context that does not count has none.
pub fn compartment_if_any() -> Option<&'static Compartment> {
    if !xact::in_transaction() {
        return None;
    }
    compartment().ok().flatten()
}

static NOWHERE: Local<bool> = Local::new(false);

struct Back(bool);

impl Drop for Back {
    fn drop(&mut self) {
        NOWHERE.set(self.0);
        forget();
    }
}

/// Runs `f` without a context, whatever the token says: a statement that goes through all tenants' rows runs the code of the
/// table's owner on them, which is to see as much as it would by itself.
pub fn nowhere<R>(f: impl FnOnce() -> R) -> R {
    let _back = Back(NOWHERE.get());
    NOWHERE.set(true);
    forget();
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
    let head = token::head_in_force()?;
    let stale = head.origin == Origin::Session
        && head.transaction != xact::serial()
        && settings::token_scope() == TokenScope::Transaction;
    (!stale).then_some(head)
}

fn place_of_token(mut head: Head) -> Result<Place, Fault> {
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
    let known = known.filter(|(at, _)| *at == generation).map(|(_, place)| place);
    // A leader has asked for its workers, at this statement.
    let goes_on = |place: &Place| if head.origin == Origin::Leader { Ok(true) } else { place.sit() };
    // On a standby nobody tells that a session has ended: its row does.
    let known = known.filter(|place| place.sitting.is_none() || !xact::in_recovery());
    if let Some(place) = known
        && goes_on(&place)?
    {
        return Ok(place);
    }
    let place = resolve()?;
    if !goes_on(&place)? {
        return Err(ended());
    }
    token::with_entry(head.entry, |entry| entry.resolved = Some((generation, place)));
    Ok(place)
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
    /// Where in the tenant.
    pub compartment: Option<&'static Compartment>,
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
    let compartment = COMPARTMENT.get();
    let owned = |text: Option<&str>| text.map(str::to_owned);
    // In single mode there may be a tenant and no token.
    if head_in_scope().is_none() {
        return Ok(Identity { tenant: Some(tenant), compartment, ..Identity::default() });
    }
    Ok(token::with_facts(|facts| Identity {
        tenant: Some(tenant),
        compartment,
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
