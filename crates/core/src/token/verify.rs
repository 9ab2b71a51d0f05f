//! From a token to its facts.

use super::claims;
use super::compact::Compact;
use super::facts::Facts;
use super::header::Header;
use super::issuer::Issuers;
use super::json::{Json, Object};
use super::times::{Clock, Limits, Times};
use super::token_error::{Part, TokenError};

/// Verifies a token: form, issuer, key, signature, audience, times, claims, in this order (RFC 7515, section 5.2;
/// RFC 7519, section 7.2). Everything before the signature only selects the key that must have signed.
///
/// ```
/// use watertight_core::token::{Clock, Issuers, Limits, TokenError, verify};
///
/// let limits = Limits { leeway: 30, max_lifetime: 0 };
/// let verdict = verify("no token", &Issuers::new(Vec::new()), limits, Clock::At(1_700_000_000));
/// assert_eq!(verdict, Err(TokenError::NotCompact));
/// ```
///
/// Errors: [`TokenError`], SQLSTATE 28000.
pub fn verify(token: &str, issuers: &Issuers, limits: Limits, clock: Clock) -> Result<Facts, TokenError> {
    let compact = Compact::split(token)?;
    let header = Header::parse(&compact.header)?;
    let claims = Object::parse(&compact.payload).map_err(|flaw| TokenError::Json(Part::Claims, flaw))?;

    let issuer = match claims.get("iss") {
        Some(Json::Text(name)) => issuers.get(name).ok_or(TokenError::UnknownIssuer)?,
        _ => return Err(TokenError::NoIssuer),
    };
    let key = issuer.keys.select(header.kid.as_deref(), header.algorithm)?;
    let signed = compact.signed.as_bytes();
    match jsonwebtoken::crypto::verify(compact.signature, signed, &key.verifier, key.algorithm.backend()) {
        Ok(true) => {}
        Ok(false) => return Err(TokenError::Signature),
        // The library decodes the segment and fails before it verifies only if that is impossible.
        Err(_) => return Err(TokenError::Base64(Part::Signature)),
    }

    claims::check_audience(issuer.audience.as_deref(), &claims)?;
    let leeway = issuer.leeway.unwrap_or(limits.leeway).max(0);
    let max_lifetime = match (limits.max_lifetime.max(0), issuer.max_lifetime) {
        (0, own) => own.unwrap_or(0),
        (installation, own) => own.map_or(installation, |own| own.min(installation)),
    };
    let times = Times::read(&claims)?;
    times.check(clock, leeway, max_lifetime)?;

    let map = &issuer.claims;
    Ok(Facts {
        issuer: issuer.name().to_owned(),
        tenant: claims::tenant(map, &claims)?,
        user: claims::text("user", &map.user, &claims)?,
        email: claims::email(map, &claims)?,
        role: claims::text("role", &map.role, &claims)?,
        compartment: claims::text("compartment", &map.compartment, &claims)?,
        session: claims::session(map, &claims)?,
        jti: claims::token_id(&claims)?,
        scopes: claims::scopes(map, &claims)?,
        issued_at: times.issued_at,
        not_before: times.not_before,
        expires_at: times.expires_at,
        leeway,
    })
}
