//! The claims Watertight reads, each with its rules.

use super::claim_map::ClaimMap;
use super::claim_path::ClaimPath;
use super::json::{Json, Object};
use super::tenant_claim::{TenantClaim, hyphenated};
use super::token_error::{ClaimFlaw, TenantFlaw, TokenError};
use uuid::Uuid;

const MAX_BYTES: usize = 1024;

/// The tenant; a token without one is good for nothing here.
pub(super) fn tenant(map: &ClaimMap, claims: &Object<'_>) -> Result<TenantClaim, TokenError> {
    let (_, value) = map.tenant.find(claims).ok_or(TokenError::Tenant(TenantFlaw::Missing))?;
    TenantClaim::read(value)
}

/// A claim that is a string or absent. JSON `null` is neither.
pub(super) fn text(
    name: &'static str,
    path: &ClaimPath,
    claims: &Object<'_>,
) -> Result<Option<String>, TokenError> {
    path.find(claims).map(|(_, value)| string(name, value).map(str::to_owned)).transpose()
}

/// `jti`, which has no mapping.
pub(super) fn token_id(claims: &Object<'_>) -> Result<Option<String>, TokenError> {
    claims.get("jti").map(|value| string("jti", value).map(str::to_owned)).transpose()
}

/// An address the issuer calls unverified is not the user's, so it is dropped. `email_verified` (OpenID Connect Core,
/// section 5.1) stands beside the address or at the top; some issuers write it as a string, and what is neither
/// true nor absent is not verified. An issuer that says nothing is believed: it was trusted for its claims.
pub(super) fn email(map: &ClaimMap, claims: &Object<'_>) -> Result<Option<String>, TokenError> {
    let Some((place, value)) = map.email.find(claims) else { return Ok(None) };
    let address = string("email", value)?;
    let verified = [place, claims].into_iter().all(|object| match object.get("email_verified") {
        None | Some(Json::Bool(true)) => true,
        Some(Json::Text(text)) => text == "true",
        Some(_) => false,
    });
    Ok(verified.then(|| address.to_owned()))
}

/// A session id. By default `sid`, which identity providers also use for sessions of their own (OpenID Connect
/// Front-Channel Logout, section 3): what is not a uuid there is none of ours. Where the issuer's claims name the
/// session, it must be one.
pub(super) fn session(map: &ClaimMap, claims: &Object<'_>) -> Result<Option<Uuid>, TokenError> {
    let Some(path) = &map.session else {
        return Ok(match claims.get("sid") {
            Some(Json::Text(text)) => hyphenated(text),
            _ => None,
        });
    };
    match path.find(claims) {
        None => Ok(None),
        Some((_, Json::Text(text))) => {
            hyphenated(text).map(Some).ok_or(TokenError::Claim("session", ClaimFlaw::NotUuid))
        }
        Some(_) => Err(TokenError::Claim("session", ClaimFlaw::Type)),
    }
}

/// Scopes: one string (RFC 8693, section 4.2), or an array of strings, each one scope. An empty string or array is
/// none.
pub(super) fn scopes(map: &ClaimMap, claims: &Object<'_>) -> Result<Option<String>, TokenError> {
    match map.scopes.find(claims) {
        None => Ok(None),
        Some((_, Json::Text(text))) if text.is_empty() => Ok(None),
        Some((_, Json::List(list))) => {
            let mut out = String::new();
            for item in list {
                let scope = string("scopes", item)?;
                if scope.contains(char::is_whitespace) {
                    return Err(TokenError::Claim("scopes", ClaimFlaw::Space));
                }
                if !out.is_empty() {
                    out.push(' ');
                }
                out.push_str(scope);
            }
            let length = out.len();
            match length {
                0 => Ok(None),
                1..=MAX_BYTES => Ok(Some(out)),
                _ => Err(TokenError::Claim("scopes", ClaimFlaw::TooLong)),
            }
        }
        Some((_, value)) => string("scopes", value).map(|text| Some(text.to_owned())),
    }
}

/// `aud` (RFC 7519, section 4.1.3). A token for another service must not work here, so an audience nobody
/// configured is refused as well.
pub(super) fn check_audience(expected: Option<&str>, claims: &Object<'_>) -> Result<(), TokenError> {
    let named = match claims.get("aud") {
        None => return if expected.is_some() { Err(TokenError::NoAudience) } else { Ok(()) },
        Some(Json::Text(one)) => expected.is_some_and(|expected| one == expected),
        Some(Json::List(list)) => {
            let mut named = false;
            for item in list {
                let Json::Text(one) = item else { return Err(TokenError::AudienceType) };
                named |= expected.is_some_and(|expected| one == expected);
            }
            named
        }
        Some(_) => return Err(TokenError::AudienceType),
    };
    match (named, expected) {
        (true, _) => Ok(()),
        (false, Some(_)) => Err(TokenError::WrongAudience),
        (false, None) => Err(TokenError::UnexpectedAudience),
    }
}

fn string<'j>(name: &'static str, value: &'j Json<'_>) -> Result<&'j str, TokenError> {
    let flaw = match value {
        Json::Text(text) if text.is_empty() => ClaimFlaw::Empty,
        Json::Text(text) if text.len() > MAX_BYTES => ClaimFlaw::TooLong,
        Json::Text(text) if text.chars().any(char::is_control) => ClaimFlaw::Control,
        Json::Text(text) => return Ok(text),
        _ => ClaimFlaw::Type,
    };
    Err(TokenError::Claim(name, flaw))
}
