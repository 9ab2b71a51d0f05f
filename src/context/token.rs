//! `watertight.token`: verified when it is set.

use super::extra::{Head, Origin};
use super::resolve::Place;
use crate::compartment::enter;
use crate::pg::settings::{self, TokenScope};
use crate::pg::{error, ext};
use crate::sys::local::{Local, LocalRef};
use crate::sys::setting::{self, Checked, Extra, Refusal, Source};
use crate::sys::{activity, xact};
use crate::trust;
use std::hash::{DefaultHasher, Hash, Hasher};
use uuid::Uuid;
use watertight_core::cache::{Handle, TokenCache};
use watertight_core::compartment::{GLOBAL, GLOBAL_NAME};
use watertight_core::token::{Clock, FactsView, Limits, TenantRef, TokenError, find, verify};
use watertight_core::{Code, Fault};

/// The setting's name.
pub const NAME: &std::ffi::CStr = c"watertight.token";

/// What a backend remembers of a token it has verified. Never whether it counts now.
pub struct Entry {
    /// The generation of trust it was verified under.
    trust: u64,
    from: i64,
    until: i64,
    /// See [`Head::elsewhere`].
    elsewhere: bool,
    facts: Box<[u8]>,
    /// Where it leads, and the generation of the registry that said so.
    pub resolved: Option<(u64, Place)>,
}

/// The transaction that has declared a cursor WITH HOLD.
static HOLD: Local<u64> = Local::new(0);

/// A cursor WITH HOLD is about to be declared: its rows are chosen for one tenant, at the latest when the transaction commits,
/// and PostgreSQL hands them out afterwards without asking again (FETCH, PL/pgSQL, an Execute message). No token can be set in
/// the rest of the transaction.
///
/// # Errors
/// 42501 under a token that may be another one later on this connection.
pub fn declare_held_cursor() {
    if super::has_passing_token() {
        error::raise(held_cursor());
    }
    HOLD.set(xact::serial());
}

fn held_cursor() -> Fault {
    Fault::new(Code::InsufficientPrivilege, "cannot keep a cursor WITH HOLD under a token that may change")
        .detail("The cursor would keep the tenant's rows for whoever uses the connection next.")
        .hint("Declare it WITHOUT HOLD, or give the token in the connection's start-up options.")
}

/// Somebody has set a token on this connection.
static HAD: Local<bool> = Local::new(false);

/// Whether this connection has ever had a token: what is done on it may be done with what its bearer has read.
pub fn had_token() -> bool {
    HAD.get()
}

static CACHE: LocalRef<Option<TokenCache<Entry>>> = LocalRef::new(None);

/// Defines the setting.
pub fn define() {
    setting::define_checked(
        NAME,
        c"The signed token that says which tenant, user and compartment this session belongs to.",
        c"Verified when it is set. Use SET LOCAL or watertight.begin() behind a pooler.",
        Checked { check, assigned: super::token_assigned, show },
    );
}

fn show() -> &'static std::ffi::CStr {
    if setting::has_extra() { c"<token>" } else { c"" }
}

fn check(token: &str, source: Source, extra: &mut Extra) -> Result<(), Refusal> {
    admit(token, source, extra).map_err(error::refusal)?;
    HAD.set(true);
    match source {
        _ if xact::in_parallel_worker() => {}
        Source::Client => enter::token_given(),
        _ => enter::token_set(),
    }
    Ok(())
}

fn admit(token: &str, source: Source, extra: &mut Extra) -> Result<(), Fault> {
    let origin = origin(source)?;
    if origin == Origin::Session {
        activity::mask_current(find);
        // Its query may run at COMMIT only, under this token.
        if HOLD.get() == xact::serial() {
            return Err(held_cursor());
        }
    }
    let now = xact::to_unix_micros(xact::statement_start());
    // A worker's leader has checked the clock, at this statement.
    let clock = (origin != Origin::Leader).then_some(now);
    if let Some(written) = admit_known(token, origin, clock, extra) {
        return written;
    }
    let (head, facts) = verify_now(token, origin, clock)?;
    write(extra, &head, &facts)
}

/// A token this backend has verified under the present trust: only the clock is left to check. `None` for any other.
fn admit_known(
    token: &str,
    origin: Origin,
    clock: Option<i64>,
    extra: &mut Extra,
) -> Option<Result<(), Fault>> {
    CACHE.with_mut(|cache| {
        let (handle, entry) = cache.as_mut()?.get(token)?;
        let current = clock.is_none_or(|now| (entry.from..entry.until).contains(&now));
        if entry.trust != ext::trust_generation() || !current {
            return None;
        }
        let head = Head {
            origin,
            transaction: xact::serial(),
            trust: entry.trust,
            entry: Some(handle),
            from: entry.from,
            until: entry.until,
            elsewhere: entry.elsewhere,
        };
        Some(write(extra, &head, &entry.facts))
    })
}

fn write(extra: &mut Extra, head: &Head, facts: &[u8]) -> Result<(), Fault> {
    if extra.write(&head.encode(), facts) {
        Ok(())
    } else {
        Err(Fault::new(Code::NotInPrerequisiteState, "out of memory"))
    }
}

fn origin(source: Source) -> Result<Origin, Fault> {
    match source {
        _ if xact::in_parallel_worker() => Ok(Origin::Leader),
        Source::Session => Ok(Origin::Session),
        Source::Client => Ok(Origin::Connection),
        Source::Stored => Err(Fault::new(
            Code::InsufficientPrivilege,
            "watertight.token cannot be stored in a role, database, function or configuration file",
        )
        .hint("Set it in the session that uses it, or in the connection's start-up options.")),
    }
}

/// The signature, the issuer and the times, checked in full; the result is remembered.
fn verify_now(token: &str, origin: Origin, clock: Option<i64>) -> Result<(Head, Vec<u8>), Fault> {
    if !xact::in_transaction() {
        return Err(Fault::new(
            Code::NotInPrerequisiteState,
            "watertight.token cannot be set outside of a transaction",
        ));
    }
    let tables = ext::tables().ok_or_else(|| {
        Fault::new(Code::NotInPrerequisiteState, "watertight is not installed in this database")
            .hint("Run CREATE EXTENSION watertight.")
    })?;
    let limits = Limits { leeway: settings::clock_leeway(), max_lifetime: settings::max_token_lifetime() };
    let clock = clock.map_or(Clock::Ignore, |now| Clock::At(now.div_euclid(1_000_000)));
    let (trust, verified) =
        trust::with_issuers(&tables, |trust, issuers| (trust, verify(token, issuers, limits, clock)));
    let facts = verified.map_err(|error: TokenError| Fault::from(error))?;
    let from = facts.not_before.map_or(i64::MIN, |at| micros(at.saturating_sub(facts.leeway)));
    let until = micros(facts.expires_at.saturating_add(facts.leeway));
    let bytes = facts.encode();
    let elsewhere = FactsView::new(&bytes).is_some_and(|facts| is_elsewhere(&facts));
    let entry = remember(
        token,
        Entry { trust, from, until, elsewhere, facts: bytes.clone().into_boxed_slice(), resolved: None },
    );
    Ok((Head { origin, transaction: xact::serial(), trust, entry, from, until, elsewhere }, bytes))
}

fn micros(seconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000)
}

fn remember(token: &str, entry: Entry) -> Option<Handle> {
    let capacity = settings::token_cache_size();
    CACHE.with_mut(|cache| {
        let cache = cache.get_or_insert_with(|| TokenCache::new(capacity));
        if cache.capacity() != capacity {
            cache.reset(capacity);
        }
        cache.insert(token, entry)
    })
}

/// The cached entry a handle stands for, if it is still there.
pub fn with_entry<R>(handle: Option<Handle>, f: impl FnOnce(&mut Entry) -> R) -> Option<R> {
    CACHE.with_mut(|cache| cache.as_mut()?.at(handle?).map(f))
}

/// Forgets where tokens lead; the next statement under each asks again.
pub fn forget_places() {
    CACHE.with_mut(|cache| {
        cache.iter_mut().flat_map(TokenCache::values_mut).for_each(|entry| entry.resolved = None);
    });
}

/// Trust has changed since the token in force was verified: verifies it again, and updates the head that PostgreSQL
/// keeps with it.
pub fn verify_again(head: Head, clock: Option<i64>) -> Result<Head, Fault> {
    let token = setting::checked_value().unwrap_or_default();
    let (fresh, facts) = verify_now(&token, head.origin, clock)?;
    let same = setting::with_extra(|extra| {
        extra.is_some_and(|bytes| bytes.get(super::extra::HEAD..) == Some(&facts))
    });
    if !same {
        return Err(Fault::new(Code::InvalidAuthorization, "the token means something else now")
            .detail("The issuer's claims are mapped in another way since it was set.")
            .hint("Set the token again."));
    }
    let fresh = Head { transaction: head.transaction, ..fresh };
    setting::with_extra(|extra| {
        if let Some(place) = extra.and_then(|bytes| bytes.get_mut(..super::extra::HEAD)) {
            place.copy_from_slice(&fresh.encode());
        }
    });
    Ok(fresh)
}

/// The facts of the token in force, whether or not they count now.
pub fn with_facts<R>(f: impl FnOnce(&FactsView<'_>) -> R) -> Option<R> {
    setting::with_extra(|extra| {
        let view = FactsView::new(extra?.get(super::extra::HEAD..)?)?;
        Some(f(&view))
    })
}

/// The facts of a token that is not set, verified as if it were.
///
/// # Errors
/// 28000 as for setting it.
pub fn identify(token: &str) -> Result<Vec<u8>, Fault> {
    activity::mask_current(find);
    let clock = xact::to_unix_micros(xact::statement_start());
    verify_now(token, Origin::Session, Some(clock)).map(|(_, facts)| facts)
}

/// The scopes of the token in force.
pub fn scopes() -> Option<String> {
    with_facts(|facts| facts.scopes().map(str::to_owned)).flatten()
}

fn is_elsewhere(facts: &FactsView<'_>) -> bool {
    facts.compartment().is_some_and(|name| name != GLOBAL_NAME && Uuid::try_parse(name).ok() != Some(GLOBAL))
}

/// What is known of the token in force, whether or not it counts now.
pub fn head_in_force() -> Option<Head> {
    setting::with_extra(|extra| Head::decode(extra?))
}

/// Tells the context of one token from that of another: two tokens with the same mark lead to the same tenant and compartment. 0 without
/// a token. Must not raise.
pub fn mark() -> u64 {
    with_facts(|facts| {
        let mut hasher = DefaultHasher::new();
        (facts.issuer(), facts.compartment()).hash(&mut hasher);
        match facts.tenant() {
            TenantRef::Id(id) => (0, id.as_u128()).hash(&mut hasher),
            TenantRef::Name(name) => (1, name).hash(&mut hasher),
            TenantRef::Key(key) => (2, key).hash(&mut hasher),
        }
        hasher.finish()
    })
    .unwrap_or(0)
}

/// Whether the token in force may lead to a compartment that reads more than itself. False for Global, which reads itself, and
/// for what is known to be plain. Must not raise.
pub fn may_read_more() -> bool {
    let is_plain = |entry: &mut Entry| entry.resolved.is_some_and(|(_, place)| place.compartment.is_plain);
    head_in_force().is_some_and(|head| head.elsewhere && with_entry(head.entry, is_plain) != Some(true))
}

/// Where the token in force led when it was last asked, if nothing has changed in the registry since. Not whether it counts now.
pub fn last_place() -> Option<Place> {
    let head = head_in_force()?;
    let (generation, place) = with_entry(head.entry, |entry| entry.resolved).flatten()?;
    (generation == ext::registry_generation()).then_some(place)
}

/// At the end of a transaction in transaction scope a token that a statement set is given up, so that it cannot be
/// found by the next client of a pooled connection (or by its parallel workers).
pub fn end_of_scope() {
    if setting::has_extra()
        && settings::token_scope() == TokenScope::Transaction
        && head_in_force().is_some_and(|head| head.origin == Origin::Session)
    {
        setting::reset(NAME);
    }
}
