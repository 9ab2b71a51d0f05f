//! `login()` and `switch_compartment()`: opening a session.

use super::sitting::{plain, too_many};
use super::{Stored, end, keys};
use crate::compartment::{self, Target};
use crate::context;
use crate::pg::arguments::{given, required};
use crate::pg::error::{OrRaise, raise};
use crate::pg::id::to_pg;
use crate::pg::{ext, settings, spi};
use crate::sys::{slots, user, xact};
use crate::trust::seconds;
use pgrx::datum::{DatumWithOid, Interval, TimestampWithTimeZone};
use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use uuid::Uuid;
use watertight_core::session::{Asked, Lifetime, SESSION_ISSUER, Ticket, lifetime};
use watertight_core::token::FactsView;
use watertight_core::{Code, Fault};

/// Who logs in.
struct Bearer {
    tenant: Uuid,
    user: String,
    email: Option<String>,
    role: Option<String>,
    scopes: Option<String>,
    issuer: String,
    jti: Option<String>,
    issued_at: Option<i64>,
    /// What the identity token says of where it may be used.
    compartment: Option<String>,
}

impl Bearer {
    /// The bearer of a session goes on elsewhere.
    fn of_session(row: Stored, scopes: Option<String>) -> Bearer {
        Bearer {
            tenant: row.tenant,
            user: row.user,
            email: row.email,
            role: row.role,
            scopes,
            issuer: row.issuer,
            jti: row.jti,
            issued_at: row.issued_at,
            // Where the identity token leads, no session of it leads anywhere else.
            compartment: row.confined.then(|| {
                context::compartment_if_any().map_or_else(String::new, |here| here.name.to_string())
            }),
        }
    }
}

/// Opens a session and returns its token.
///
/// `compartment` names a persistent compartment, or, with `ephemeral`, the new one ("global": it gets a name by itself).
///
/// # Errors
/// 28000 for an identity token that does not count, one without a user, or a compartment that the user may not enter;
/// 53400 where there are too many; 42704 for a template that does not exist; 42501 for one the role may not use.
#[pg_extern(sql = false)]
fn login(
    token: Option<&str>,
    compartment: Option<&str>,
    ephemeral: Option<bool>,
    template: Option<Oid>,
    bind: Option<bool>,
    asked_lifetime: Option<Interval>,
    idle_timeout: Option<Interval>,
) -> String {
    super::require_primary().or_raise();
    let bearer = identify(required("token", token));
    let target = Target {
        name: given("compartment", compartment),
        ephemeral: given("ephemeral", ephemeral),
        template,
    };
    let asked = Asked { lifetime: asked_lifetime.map(seconds), idle: idle_timeout.map(seconds) };
    open(&bearer, &target, asked, given("bind", bind), None)
}

/// Opens a session of the same user elsewhere and ends the present one. It ends when the present one would have, at the latest.
///
/// # Errors
/// As `login()`; 28000 without a session.
#[pg_extern(sql = false)]
fn switch_compartment(name: Option<&str>, ephemeral: Option<bool>, template: Option<Oid>) -> String {
    super::require_primary().or_raise();
    let present = super::present().or_raise();
    let until = present.expires_at;
    let id = present.id;
    let bound = present.process != 0;
    let bearer = Bearer::of_session(present, context::scopes());
    let target = Target { name: required("name", name), ephemeral: given("ephemeral", ephemeral), template };
    let token = open(&bearer, &target, Asked::default(), bound, Some(until));
    end::end(id, end::Reason::Switch);
    token
}

/// Verifies an identity token as if it were set.
fn identify(token: &str) -> Bearer {
    let facts = context::identify(token).or_raise();
    let Some(facts) = FactsView::new(&facts) else { raise(context::no_user()) };
    if facts.issuer() == SESSION_ISSUER {
        raise(
            Fault::new(Code::InvalidAuthorization, "a session token cannot open another session")
                .hint("Give login() the identity provider's token, or use watertight.switch_compartment()."),
        );
    }
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let Some(user) = owned(facts.user()) else { raise(context::no_user()) };
    let tables = ext::tables().ok_or_else(context::no_user).or_raise();
    let known = crate::registry::Bearer {
        issuer: facts.issuer(),
        jti: facts.jti(),
        user: Some(&user),
        issued_at: facts.issued_at(),
    };
    let tenant = context::tenant_of(&tables, facts.tenant(), &known).or_raise();
    Bearer {
        tenant: Uuid::from_bytes(tenant.id),
        email: owned(facts.email()),
        role: owned(facts.role()),
        scopes: owned(facts.scopes()),
        issuer: facts.issuer().to_owned(),
        jti: owned(facts.jti()),
        issued_at: facts.issued_at(),
        compartment: owned(facts.compartment()),
        user,
    }
}

fn open(bearer: &Bearer, target: &Target<'_>, asked: Asked, bind: bool, until: Option<i64>) -> String {
    if let Some(only) = bearer.compartment.as_deref()
        && (target.ephemeral || only != target.name)
    {
        raise(
            Fault::new(Code::InvalidAuthorization, "the token is for another compartment")
                .hint("Name the compartment that the identity token names."),
        );
    }
    let tables = ext::tables().ok_or_else(super::ended).or_raise();
    let room = compartment::room_for(
        &tables,
        &compartment::Guest {
            tenant: bearer.tenant,
            user: &bearer.user,
            issuer: &bearer.issuer,
            role: bearer.role.as_deref(),
        },
        target,
    );
    let times = lifetime(settings::sessions(), target.ephemeral, room.asked, asked);
    let row = write(bearer, room.id, times, bind, until);
    let handle =
        slots::take(plain(&row, target.ephemeral), row.last_active_at).ok_or_else(too_many).or_raise();
    end::taken(handle, row.process != 0);
    let unix = |at: i64| xact::to_unix_micros(at).div_euclid(1_000_000);
    let issued_at = unix(row.last_active_at);
    let longest = match settings::max_token_lifetime() {
        0 => i64::MAX,
        longest => longest,
    };
    Ticket {
        tenant: row.tenant,
        compartment: row.compartment,
        session: row.id,
        user: row.user,
        email: row.email,
        role: row.role,
        scopes: bearer.scopes.clone(),
        issued_at,
        // In whole seconds: not before its session, which its row says exactly, but no token lives too long.
        expires_at: (unix(row.expires_at) + 1).min(issued_at.saturating_add(longest)),
    }
    .sign(&keys::current())
    .or_raise()
}

/// The session's row.
fn write(bearer: &Bearer, compartment: Uuid, times: Lifetime, bind: bool, until: Option<i64>) -> Stored {
    let now = xact::statement_start();
    let end = now.saturating_add(times.absolute.saturating_mul(1_000_000));
    let row = Stored {
        id: Uuid::now_v7(),
        tenant: bearer.tenant,
        compartment,
        user: bearer.user.clone(),
        role: bearer.role.clone(),
        issuer: bearer.issuer.clone(),
        jti: bearer.jti.clone(),
        issued_at: bearer.issued_at,
        last_active_at: now,
        expires_at: until.map_or(end, |until| until.min(end)),
        idle: times.idle.unwrap_or(0).saturating_mul(1_000_000),
        process: if bind { user::process() } else { 0 },
        boot: slots::boot_id(),
        email: bearer.email.clone(),
        confined: bearer.compartment.is_some(),
    };
    let uuid = |id: Uuid| to_pg(id);
    let time = |at: i64| TimestampWithTimeZone::try_from(at).ok();
    let arguments: Vec<DatumWithOid> = vec![
        uuid(row.id).into(),
        uuid(row.tenant).into(),
        uuid(row.compartment).into(),
        row.user.as_str().into(),
        row.role.as_deref().into(),
        row.issuer.as_str().into(),
        row.jti.as_deref().into(),
        row.issued_at.into(),
        time(now).into(),
        time(row.expires_at).into(),
        (row.idle > 0).then_some(row.idle).into(),
        (row.process != 0).then_some(row.process).into(),
        pgrx::Uuid::from_bytes(row.boot).into(),
        row.email.as_deref().into(),
        row.confined.into(),
    ];
    spi::run(
        "INSERT INTO watertight.open_sessions (id, tenant_id, compartment_id, user_id, role, issuer, jti, issued_at,
             started_at, last_active_at, expires_at, idle_timeout, bound_to, boot_id, email,
             confined)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11 * interval '1 microsecond', $12, $13, $14, $15)",
        &arguments,
    );
    row
}
