//! When a token counts (RFC 7519, sections 4.1.4 to 4.1.6).

use super::json::{Json, Object};
use super::token_error::TokenError;

/// The end of the year 9999: a larger number is milliseconds, or nonsense.
const LATEST: i64 = 253_402_300_799;

/// What the installation asks of every token, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tolerance for clocks that differ. An issuer's own value replaces it.
    pub leeway: i64,
    /// Longest time from `iat` (or now) to `exp`; 0 means no limit. An issuer's own value can only lower it.
    pub max_lifetime: i64,
}

/// What time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Seconds since 1970-01-01 00:00:00 UTC.
    At(i64),
    /// Do not look: in a parallel worker, whose leader did at the statement's start.
    Ignore,
}

/// The times a token states.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) issued_at: Option<i64>,
    pub(super) not_before: Option<i64>,
    pub(super) expires_at: i64,
}

impl Times {
    /// `exp` is required: a token that never ends cannot be taken back by waiting.
    pub(super) fn read(claims: &Object<'_>) -> Result<Self, TokenError> {
        let times = Times {
            issued_at: seconds(claims, "iat")?,
            not_before: seconds(claims, "nbf")?,
            expires_at: seconds(claims, "exp")?.ok_or(TokenError::NoExpiry)?,
        };
        let begins = times.not_before.max(times.issued_at);
        if begins.is_some_and(|begins| times.expires_at <= begins) {
            return Err(TokenError::NeverValid);
        }
        Ok(times)
    }

    /// Valid while `nbf - leeway <= now < exp + leeway`; `iat` may be ahead of us by the leeway; the lifetime is
    /// compared without leeway. `max_lifetime` 0 means no limit.
    pub(super) fn check(&self, clock: Clock, leeway: i64, max_lifetime: i64) -> Result<(), TokenError> {
        let now = match clock {
            Clock::At(now) => Some(now),
            Clock::Ignore => None,
        };
        if max_lifetime > 0
            && let Some(from) = self.issued_at.or(now)
            && self.expires_at.saturating_sub(from) > max_lifetime
        {
            return Err(TokenError::Lifetime { limit: max_lifetime });
        }
        let Some(now) = now else { return Ok(()) };
        if now >= self.expires_at.saturating_add(leeway) {
            return Err(TokenError::Expired { seconds: now.saturating_sub(self.expires_at) });
        }
        if let Some(begins) = self.not_before
            && now < begins.saturating_sub(leeway)
        {
            return Err(TokenError::NotYetValid { seconds: begins.saturating_sub(now) });
        }
        if let Some(issued) = self.issued_at
            && now < issued.saturating_sub(leeway)
        {
            return Err(TokenError::IssuedInFuture { seconds: issued.saturating_sub(now) });
        }
        Ok(())
    }
}

/// RFC 7519, section 2 lets a NumericDate have a fraction; no issuer needs one, and rounding would move the limit.
fn seconds(claims: &Object<'_>, name: &'static str) -> Result<Option<i64>, TokenError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Json::Int(value)) if (0..=LATEST).contains(value) => Ok(Some(*value)),
        Some(_) => Err(TokenError::Time(name)),
    }
}
