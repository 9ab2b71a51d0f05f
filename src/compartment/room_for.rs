//! Where a session goes: Global, a persistent compartment, or a new ephemeral one.

use super::lookup::{self, Stored};
use super::rights::{may_enter, not_enterable, require_switched_on};
use super::template;
use crate::keys::shred;
use crate::pg::error::{OrRaise, raise};
use crate::pg::ext::Tables;
use crate::pg::id::{from_pg, to_pg};
use crate::pg::{settings, spi};
use crate::sys::{lookup as sys_lookup, random, slots};
use crate::trust::seconds;
use pgrx::datum::Interval;
use pgrx::pg_sys::Oid;
use pgrx::spi::Spi;
use uuid::Uuid;
use watertight_core::compartment::{GLOBAL, GLOBAL_NAME, check_name};
use watertight_core::session::Asked;
use watertight_core::{Code, Fault};

/// What the caller asks for.
pub struct Target<'a> {
    /// A name.
    pub name: &'a str,
    /// A new one that goes with the session.
    pub ephemeral: bool,
    /// What its schema is cloned from.
    pub template: Option<Oid>,
}

/// Who asks.
pub struct Guest<'a> {
    /// Whose user it is.
    pub tenant: Uuid,
    /// The user.
    pub user: &'a str,
    /// Who vouches for the user.
    pub issuer: &'a str,
    /// The user's role in the tenant.
    pub role: Option<&'a str>,
}

/// Where the session goes.
pub struct Chosen {
    /// The compartment.
    pub id: Uuid,
    /// The times that it asks for.
    pub asked: Asked,
}

/// Chooses the compartment, and makes it if it is ephemeral.
pub fn room_for(tables: &Tables, guest: &Guest<'_>, target: &Target<'_>) -> Chosen {
    if target.ephemeral {
        require_switched_on(true).or_raise();
        return Chosen { id: ephemeral(tables, guest, target), asked: Asked::default() };
    }
    if target.template.is_some() {
        raise(
            Fault::new(Code::InvalidParameter, "template is for a new ephemeral compartment")
                .hint("A persistent compartment gets its schema from watertight.create_compartment()."),
        );
    }
    if target.name == GLOBAL_NAME {
        return Chosen { id: GLOBAL, asked: Asked::default() };
    }
    require_switched_on(false).or_raise();
    let enterable = |stored: &Stored| {
        !stored.ephemeral && may_enter(tables, stored, Some(guest.user), guest.issuer, guest.role)
    };
    let stored = lookup::stored_by_name(tables, guest.tenant, target.name)
        .filter(enterable)
        .ok_or_else(not_enterable)
        .or_raise();
    Chosen { id: stored.id, asked: hold(stored.id) }
}

/// Nobody drops the compartment until the session in it is there to be seen.
fn hold(id: Uuid) -> Asked {
    let times = Spi::get_two_with_args::<Interval, Interval>(
        "SELECT max_lifetime, idle_timeout FROM watertight.all_compartments WHERE id = $1 FOR KEY SHARE",
        &[to_pg(id).into()],
    );
    // No row: somebody has dropped it meanwhile.
    let (lifetime, idle) = times.map_err(|_| not_enterable()).or_raise();
    Asked { lifetime: lifetime.map(seconds), idle: idle.map(seconds) }
}

/// A new one, from the pool where a clone of the template is ready.
fn ephemeral(tables: &Tables, guest: &Guest<'_>, target: &Target<'_>) -> Uuid {
    let template = target.template.map_or_else(template::by_default, |oid| Some(template::usable(oid)));
    check_limit(tables, guest.tenant);
    let mut random = [0u8; 16];
    if !random::fill(&mut random) {
        raise(Fault::new(Code::NotInPrerequisiteState, "the system has no random numbers"));
    }
    let fresh = uuid::Builder::from_random_bytes(random).into_uuid();
    let name = if target.name == GLOBAL_NAME {
        format!("ephemeral-{}", fresh.simple())
    } else {
        check_name(target.name).or_raise();
        target.name.to_owned()
    };
    let tenant = to_pg(guest.tenant);
    let boot = pgrx::Uuid::from_bytes(slots::boot_id());
    if let Some(template) = &template {
        let ready = Spi::get_one_with_args::<pgrx::Uuid>(
            "UPDATE watertight.all_compartments
                SET tenant_id = $1, name = $2, owner = $3, owner_issuer = $4, created_at = pg_catalog.now()
              WHERE id = (SELECT r.id FROM watertight.all_compartments AS r
                           WHERE r.tenant_id IS NULL AND r.template = $5::name AND r.boot_id = $6
                           LIMIT 1 FOR UPDATE SKIP LOCKED)
                AND NOT EXISTS (SELECT FROM watertight.all_compartments AS c WHERE c.tenant_id = $1 AND c.name = $2)
            RETURNING id",
            &[
                tenant.into(),
                name.as_str().into(),
                guest.user.into(),
                guest.issuer.into(),
                template.name.as_str().into(),
                boot.into(),
            ],
        );
        if let Ok(Some(id)) = ready {
            let id = from_pg(id);
            shred::if_undone(id);
            return id;
        }
    }
    let id = to_pg(fresh);
    let made = Spi::get_one_with_args::<pgrx::Uuid>(
        "INSERT INTO watertight.all_compartments
             (id, tenant_id, name, ephemeral, boot_id, template, owner, owner_issuer)
         VALUES ($1, $2, $3, true, $4, $5::name, $6, $7) ON CONFLICT DO NOTHING RETURNING id",
        &[
            id.into(),
            tenant.into(),
            name.as_str().into(),
            boot.into(),
            template.as_ref().map(|template| template.name.as_str()).into(),
            guest.user.into(),
            guest.issuer.into(),
        ],
    );
    if !matches!(made, Ok(Some(_))) {
        raise(super::taken(&name));
    }
    shred::if_undone(fresh);
    if let Some(template) = template {
        template::clone(&template, fresh, true);
    }
    fresh
}

/// Exact as long as not more than a handful log in at the same moment far from the limit: near it, one after the other.
fn check_limit(tables: &Tables, tenant: Uuid) {
    const NEAR: i64 = 16;
    let limit = settings::max_ephemeral();
    let [.., a, b, c, d] = *tenant.as_bytes();
    let turn = u32::from_be_bytes([a, b, c, d]);
    let tenant = to_pg(tenant);
    let count = || {
        spi::one::<i64>(
            "SELECT pg_catalog.count(*) FROM watertight.all_compartments WHERE tenant_id = $1 AND ephemeral",
            &[tenant.into()],
        )
        .unwrap_or(i64::MAX)
    };
    if count() + NEAR < limit {
        return;
    }
    // No lock on the tenant's row: who leaves the transaction open would keep administrators from suspending the tenant.
    sys_lookup::take_turns(tables.tenants, turn);
    if count() >= limit {
        raise(
            Fault::new(Code::ConfigurationLimitExceeded, "the tenant has too many ephemeral compartments")
                .detail(format!("It may have {limit}."))
                .hint("End sessions that are not needed, or raise watertight.max_ephemeral_compartments."),
        );
    }
}
