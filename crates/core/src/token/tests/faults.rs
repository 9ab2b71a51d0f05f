//! Errors tell what to do, and nothing about the token.

use super::*;
use crate::{Code, Fault};

const SAMPLE: [TokenError; 45] = [
    TokenError::Empty,
    TokenError::TooLong,
    TokenError::NotCompact,
    TokenError::Encrypted,
    TokenError::Base64(Part::Header),
    TokenError::Base64(Part::Signature),
    TokenError::Json(Part::Claims, JsonFlaw::Syntax),
    TokenError::Json(Part::Claims, JsonFlaw::NotObject),
    TokenError::Json(Part::Header, JsonFlaw::Duplicate),
    TokenError::Json(Part::Claims, JsonFlaw::Depth),
    TokenError::Json(Part::Claims, JsonFlaw::Nul),
    TokenError::NoAlgorithm,
    TokenError::UnsupportedAlgorithm,
    TokenError::WrongType,
    TokenError::Critical,
    TokenError::Unencoded,
    TokenError::EmbeddedKey,
    TokenError::KeyId,
    TokenError::NoIssuer,
    TokenError::UnknownIssuer,
    TokenError::UnknownKey,
    TokenError::AmbiguousKey,
    TokenError::AlgorithmMismatch,
    TokenError::Signature,
    TokenError::NoAudience,
    TokenError::WrongAudience,
    TokenError::UnexpectedAudience,
    TokenError::AudienceType,
    TokenError::NoExpiry,
    TokenError::Time("exp"),
    TokenError::NeverValid,
    TokenError::Expired { seconds: 0 },
    TokenError::NotYetValid { seconds: 31 },
    TokenError::IssuedInFuture { seconds: 31 },
    TokenError::Lifetime { limit: 60 },
    TokenError::Tenant(TenantFlaw::Missing),
    TokenError::Tenant(TenantFlaw::Type),
    TokenError::Tenant(TenantFlaw::Space),
    TokenError::Tenant(TenantFlaw::TooLong),
    TokenError::Claim("user", ClaimFlaw::Type),
    TokenError::Claim("email", ClaimFlaw::Empty),
    TokenError::Claim("role", ClaimFlaw::Control),
    TokenError::Claim("jti", ClaimFlaw::TooLong),
    TokenError::Claim("session", ClaimFlaw::NotUuid),
    TokenError::Claim("scopes", ClaimFlaw::Space),
];

fn in_style(fault: &Fault) {
    assert!(!fault.message.ends_with('.') && fault.message.starts_with(char::is_lowercase), "{fault:?}");
    let sentence = |text: &str| text.ends_with('.') && text.starts_with(char::is_uppercase);
    assert!(fault.detail.as_deref().is_none_or(sentence), "{fault:?}");
    assert!(fault.hint.as_deref().is_some_and(sentence), "{fault:?}");
}

#[test]
fn token_errors_say_what_to_do() {
    for error in SAMPLE {
        let fault = Fault::from(error);
        assert_eq!(fault.code, Code::InvalidAuthorization);
        assert_eq!(error.to_string(), fault.message);
        in_style(&fault);
    }
    for (seconds, ago) in
        [(1, "1 second"), (119, "119 seconds"), (120, "2 minutes"), (7200, "2 hours"), (200_000, "2 days")]
    {
        let fault = Fault::from(TokenError::Expired { seconds });
        assert_eq!(fault.detail, Some(format!("It expired {ago} ago.")));
    }
}

#[test]
fn trust_errors_say_what_to_do() {
    let key = |flaw| TrustError::Key { position: 2, flaw };
    for error in [
        TrustError::Issuer(TextFlaw::Empty),
        TrustError::Audience(TextFlaw::TooLong),
        TrustError::Issuer(TextFlaw::Characters),
        TrustError::Jwks(JsonFlaw::Syntax),
        TrustError::JwksTooLong,
        TrustError::NotKeySet,
        TrustError::NoUsableKey,
        TrustError::DuplicateKeyId,
        key(KeyFlaw::NotObject),
        key(KeyFlaw::Member("x")),
        key(KeyFlaw::Private),
        key(KeyFlaw::Algorithm),
        key(KeyFlaw::RsaSize),
        key(KeyFlaw::RsaModulus),
        key(KeyFlaw::RsaExponent),
        key(KeyFlaw::Coordinate),
        key(KeyFlaw::SecretSize),
        key(KeyFlaw::Placeholder),
        TrustError::Claims(JsonFlaw::NotObject),
        TrustError::UnknownClaimName,
        TrustError::ClaimPath,
        TrustError::MaxLifetime,
        TrustError::Leeway,
    ] {
        let fault = Fault::from(error);
        assert_eq!(fault.code, Code::InvalidParameter);
        assert_eq!(error.to_string(), fault.message);
        in_style(&fault);
    }
}

#[test]
fn errors_carry_nothing_of_the_token() {
    let canary = "CANARY";
    let payloads = [
        format!(r#"{{"iss":"{canary}"}}"#),
        format!(r#"{{"iss":"{ISSUER}","aud":"{canary}"}}"#),
        format!(r#"{{"iss":"{ISSUER}","exp":"{canary}"}}"#),
        claims_with("").replace("acme", &format!("{canary} ")),
        claims_with(&format!(r#""sub":"{canary}\u0001""#)),
        claims_with(&format!(r#""{canary}":1,"{canary}":2"#)),
        format!("{{{canary}"),
    ];
    let heads = [
        header("HS256"),
        format!(r#"{{"alg":"{canary}"}}"#),
        format!(r#"{{"alg":"HS256","kid":"{canary}"}}"#),
    ];
    for head in &heads {
        for payload in &payloads {
            let error = check(&sign("HS256", head, payload), &issuers(|_| {})).unwrap_err();
            assert!(!format!("{error:?} {error} {:?}", Fault::from(error)).contains(canary));
        }
    }
    let jwk = format!(r#"{{"kty":"oct","k":"{canary}"}}"#);
    let error = Issuer::new(&spec(&jwk)).unwrap_err();
    assert!(!format!("{error:?} {error} {:?}", Fault::from(error)).contains(canary));
}
