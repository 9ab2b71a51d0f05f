//! The functions that tell the context, and `begin()`.

use super::verdict::{self, identity};
use super::{in_vain, token};
use crate::compartment::enter;
use crate::pg::error::{OrRaise, raise};
use crate::pg::id::to_pg;
use crate::sys::{setting, xact};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use std::ffi::CString;
use watertight_core::token::payload;
use watertight_core::{Code, Fault};

/// `SET LOCAL watertight.token`, as a function: the token can be a parameter and stays out of statement texts. Warns (25P01) when
/// the transaction ends with the statement and nothing has used the token.
///
/// # Errors
/// 28000 for a token that is not accepted; 42501 inside a security-restricted operation.
#[pg_extern(sql = false)]
fn begin(token: Option<&str>) {
    let Some(token) = token else {
        raise(
            Fault::new(Code::InvalidAuthorization, "token must not be null")
                .hint("To give up a token, end the transaction or RESET watertight.token."),
        )
    };
    match CString::new(token) {
        Ok(token) if !token.is_empty() => setting::set_local(token::NAME, &token),
        _ => raise(Fault::new(Code::InvalidAuthorization, "token must not be empty")),
    }
    // An unusable token should be refused here, not at the first query.
    verdict::tenant().or_raise();
    enter::settle(token::NAME);
    in_vain::begun();
}

/// The compartment's name.
#[pg_extern(sql = false)]
fn compartment() -> Option<String> {
    identity().or_raise().compartment.map(|compartment| compartment.name.to_string())
}

#[pg_extern(sql = false)]
fn user_id() -> Option<String> {
    identity().or_raise().user
}

#[pg_extern(sql = false)]
fn email() -> Option<String> {
    identity().or_raise().email
}

#[pg_extern(sql = false)]
fn role() -> Option<String> {
    identity().or_raise().role
}

#[pg_extern(sql = false)]
fn session_id() -> Option<pgrx::Uuid> {
    identity().or_raise().session.map(to_pg)
}

/// All claims of the token in force.
#[pg_extern(sql = false)]
fn claims() -> Option<pgrx::JsonB> {
    identity().or_raise().issuer?;
    let json = payload(&setting::checked_value()?)?;
    serde_json::from_str(&json).ok().map(pgrx::JsonB)
}

/// The whole context in one row; all null without one.
#[allow(clippy::type_complexity, reason = "pgrx reads the columns from the signature")]
#[pg_extern(sql = false)]
fn whoami() -> TableIterator<
    'static,
    (
        name!(tenant_id, Option<pgrx::Uuid>),
        name!(tenant, Option<String>),
        name!(user_id, Option<String>),
        name!(email, Option<String>),
        name!(role, Option<String>),
        name!(session_id, Option<pgrx::Uuid>),
        name!(issuer, Option<String>),
        name!(expires_at, Option<TimestampWithTimeZone>),
        name!(compartment_id, Option<pgrx::Uuid>),
        name!(compartment, Option<String>),
    ),
> {
    let who = identity().or_raise();
    TableIterator::once((
        who.tenant.map(|tenant| pgrx::Uuid::from_bytes(tenant.id)),
        who.tenant.map(|tenant| tenant.name.to_string()),
        who.user,
        who.email,
        who.role,
        who.session.map(to_pg),
        who.issuer,
        who.expires_at.and_then(|at| TimestampWithTimeZone::try_from(xact::from_unix_seconds(at)).ok()),
        who.compartment.map(|compartment| pgrx::Uuid::from_bytes(compartment.id)),
        who.compartment.map(|compartment| compartment.name.to_string()),
    ))
}
