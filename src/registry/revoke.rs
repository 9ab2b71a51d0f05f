//! Revoking a token by its id, or a user, and forgetting what has nothing left to refuse.

use crate::pg::error::{OrRaise, internal, raise};
use crate::pg::{role, settings, spi};
use crate::sys::xact;
use crate::trust;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use watertight_core::token::forgettable;
use watertight_core::{Code, Fault};

/// In place of an issuer: this user of every issuer. (No issuer has an empty name.)
const EVERY: &str = "";

fn given<'a>(argument: &str, value: Option<&'a str>) -> &'a str {
    value
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| raise(Fault::new(Code::InvalidParameter, format!("{argument} must not be empty"))))
}

/// Refuses the token with this `jti`, whoever issued it, from the next statement of every session on. The last call counts for
/// `forget_revocations`.
#[pg_extern(sql = false)]
fn revoke_token(jti: Option<&str>) {
    let creator = role::caller_name();
    spi::run(
        "INSERT INTO watertight.revoked_tokens (jti, revoked_by) VALUES ($1, $2)
         ON CONFLICT (jti) DO UPDATE SET revoked_by = excluded.revoked_by, revoked_at = pg_catalog.now()",
        &[given("jti", jti).into(), creator.as_str().into()],
    );
}

/// Refuses all tokens of a user (until `restore_user`), or those issued at or before `issued_before`: this user of every issuer,
/// or of one.
///
/// # Errors
/// 22023 for an empty argument, 42704 for an issuer that is not trusted: under a name with a typing error nobody would be
/// revoked.
#[pg_extern(sql = false)]
fn revoke_user(user_id: Option<&str>, issued_before: Option<TimestampWithTimeZone>, issuer: Option<&str>) {
    let user = given("user_id", user_id);
    let issuer = issuer.map(|issuer| given("issuer", Some(issuer)));
    if let Some(issuer) = issuer {
        trust::require(issuer);
    }
    let creator = role::caller_name();
    spi::run(
        "INSERT INTO watertight.revoked_users (user_id, issued_before, revoked_by, issuer)
         VALUES ($1, pg_catalog.ceil(EXTRACT(epoch FROM $2::pg_catalog.timestamptz))::pg_catalog.int8, $3, $4)
         ON CONFLICT (user_id, issuer) DO UPDATE
         SET issued_before = excluded.issued_before, revoked_by = excluded.revoked_by, revoked_at = pg_catalog.now()",
        &[user.into(), issued_before.into(), creator.as_str().into(), issuer.unwrap_or(EVERY).into()],
    );
}

/// Takes back `revoke_user` with the same issuer, or the same lack of one. True if there was something to take back.
#[pg_extern(sql = false)]
fn restore_user(user_id: Option<&str>, issuer: Option<&str>) -> bool {
    let user = given("user_id", user_id);
    let issuer = issuer.map_or(EVERY, |issuer| given("issuer", Some(issuer)));
    let gone = Spi::get_one_with_args::<String>(
        "DELETE FROM watertight.revoked_users WHERE user_id = $1 AND issuer = $2 RETURNING user_id",
        &[user.into(), issuer.into()],
    );
    matches!(gone, Ok(Some(_)))
}

/// Forgets revocations that can refuse no token any more; returns how many. See [`forgettable`] for what that means.
///
/// A user without `issued_before` is refused for good, so that entry always has an effect. One with a time goes by the later of
/// that time and its own age: it also refuses tokens that do not say when they were issued.
///
/// # Errors
/// 22023 for a time since which a revoked token may still be good, 55000 where there is no longest lifetime to go by.
#[pg_extern(sql = false)]
fn forget_revocations(before: Option<TimestampWithTimeZone>) -> i64 {
    let asked = before.map(|at| xact::to_unix_micros(at.into()).div_euclid(1_000_000));
    let now = xact::to_unix_micros(xact::statement_start()).div_euclid(1_000_000);
    let before = forgettable(asked, now, settings::max_token_lifetime()).or_raise();
    let forgotten = Spi::get_one_with_args::<i64>(
        "WITH tokens AS (
             DELETE FROM watertight.revoked_tokens WHERE EXTRACT(epoch FROM revoked_at) < $1 RETURNING 1
         ), users AS (
             DELETE FROM watertight.revoked_users
             WHERE issued_before < $1 AND EXTRACT(epoch FROM revoked_at) < $1 RETURNING 1
         ) SELECT (SELECT count(*) FROM tokens) + (SELECT count(*) FROM users)",
        &[before.into()],
    );
    forgotten.map_err(internal).or_raise().unwrap_or(0)
}
