//! Times: every limit to the second.

use super::*;

/// Times relative to now; a token with the given claims and no others.
fn verdict(times: &str, limits: Limits, clock: Clock) -> Result<Facts, TokenError> {
    let payload = format!(r#"{{"iss":"{ISSUER}","tenant":"acme"{times}}}"#);
    verify(&sign("HS256", header("HS256"), payload), &issuers(|_| {}), limits, clock)
}

fn at(times: &str) -> Result<Facts, TokenError> {
    verdict(times, LIMITS, Clock::At(NOW))
}

fn exp(delta: i64) -> String {
    format!(r#","exp":{}"#, NOW + delta)
}

#[test]
fn expiry_is_required_and_exact() {
    assert_eq!(at(""), Err(TokenError::NoExpiry));
    assert!(at(&exp(1)).is_ok());
    assert!(at(&exp(-29)).is_ok(), "now < exp + leeway");
    assert_eq!(at(&exp(-30)), Err(TokenError::Expired { seconds: 30 }));
    assert_eq!(at(&exp(-3600)), Err(TokenError::Expired { seconds: 3600 }));
    let none = Limits { leeway: 0, max_lifetime: 0 };
    assert!(verdict(&exp(1), none, Clock::At(NOW)).is_ok());
    assert_eq!(verdict(&exp(0), none, Clock::At(NOW)), Err(TokenError::Expired { seconds: 0 }));
    let negative = Limits { leeway: -100, max_lifetime: -100 };
    assert!(verdict(&exp(1), negative, Clock::At(NOW)).is_ok());
}

#[test]
fn not_before_is_exact() {
    let nbf = |delta: i64| format!(r#"{},"nbf":{}"#, exp(300), NOW + delta);
    assert!(at(&nbf(30)).is_ok(), "now >= nbf - leeway");
    assert_eq!(at(&nbf(31)), Err(TokenError::NotYetValid { seconds: 31 }));
    assert_eq!(at(&nbf(300)), Err(TokenError::NeverValid));
    assert_eq!(at(&nbf(301)), Err(TokenError::NeverValid));
}

#[test]
fn issued_at_may_be_ahead_by_the_leeway() {
    let iat = |delta: i64| format!(r#"{},"iat":{}"#, exp(300), NOW + delta);
    assert!(at(&iat(30)).is_ok());
    assert_eq!(at(&iat(31)), Err(TokenError::IssuedInFuture { seconds: 31 }));
    assert_eq!(at(&iat(300)), Err(TokenError::NeverValid));
}

#[test]
fn times_are_whole_seconds_in_range() {
    for bad in [
        "1.5",
        "1.0",
        "1e10",
        "-1",
        "-0",
        "253402300800",
        "1700000000000",
        "18446744073709551616",
        "\"1\"",
        "null",
        "true",
        "[]",
    ] {
        for (name, rest) in [("exp", String::new()), ("nbf", exp(300)), ("iat", exp(300))] {
            assert_eq!(at(&format!(r#","{name}":{bad}{rest}"#)), Err(TokenError::Time(name)), "{name} {bad}");
        }
    }
    assert!(at(r#","exp":253402300799,"nbf":0,"iat":0"#).is_ok());
}

#[test]
fn lifetime_counts_from_iat_or_now() {
    let hour = Limits { leeway: 30, max_lifetime: 3600 };
    let check = |times: &str| verdict(times, hour, Clock::At(NOW));
    let long = Err(TokenError::Lifetime { limit: 3600 });
    assert!(check(&exp(3600)).is_ok());
    assert_eq!(check(&exp(3601)), long);
    assert!(check(&format!(r#"{},"iat":{}"#, exp(600), NOW - 3000)).is_ok());
    assert_eq!(check(&format!(r#"{},"iat":{}"#, exp(601), NOW - 3000)), long);
    assert_eq!(check(&format!(r#"{},"iat":{}"#, exp(3600), NOW - 1)), long);
}

#[test]
fn an_issuer_may_lower_the_lifetime_and_set_its_leeway() {
    let payload = |delta: i64| format!(r#"{{"iss":"{ISSUER}","tenant":"acme","exp":{}}}"#, NOW + delta);
    let check = |own: Option<i64>, installation: i64, delta: i64| {
        let limits = Limits { leeway: 30, max_lifetime: installation };
        let token = sign("HS256", header("HS256"), payload(delta));
        verify(&token, &issuers(|spec| spec.max_lifetime = own), limits, Clock::At(NOW))
    };
    assert_eq!(check(Some(60), 3600, 61), Err(TokenError::Lifetime { limit: 60 }));
    assert!(check(Some(60), 3600, 60).is_ok());
    assert_eq!(check(Some(7200), 3600, 3601), Err(TokenError::Lifetime { limit: 3600 }), "never higher");
    assert_eq!(check(Some(60), 0, 61), Err(TokenError::Lifetime { limit: 60 }));
    assert!(check(None, 0, 1_000_000).is_ok());

    let expired = sign("HS256", header("HS256"), payload(-60));
    let lenient = issuers(|spec| spec.leeway = Some(61));
    let facts = check_with(&expired, &lenient).unwrap();
    assert_eq!((facts.leeway, facts.expires_at), (61, NOW - 60));
    let strict = issuers(|spec| spec.leeway = Some(0));
    let just = sign("HS256", header("HS256"), payload(0));
    assert_eq!(check_with(&just, &strict), Err(TokenError::Expired { seconds: 0 }));
}

fn check_with(token: &str, issuers: &Issuers) -> Result<Facts, TokenError> {
    super::check(token, issuers)
}

#[test]
fn a_worker_ignores_the_clock_and_nothing_else() {
    let check =
        |times: &str, max_lifetime| verdict(times, Limits { leeway: 30, max_lifetime }, Clock::Ignore);
    assert!(check(&exp(-1_000_000), 0).is_ok());
    assert!(check(&format!(r#"{},"iat":{}"#, exp(2000), NOW + 1000), 3600).is_ok());
    assert!(check(&exp(1_000_000), 60).is_ok(), "without iat the lifetime needs a clock");
    assert_eq!(check(&format!(r#"{},"iat":{NOW}"#, exp(61)), 60), Err(TokenError::Lifetime { limit: 60 }));
    assert_eq!(check("", 0), Err(TokenError::NoExpiry));
    assert_eq!(check(&format!(r#"{},"nbf":{}"#, exp(0), NOW), 0), Err(TokenError::NeverValid));
    let token = sign("HS256", header("HS256"), claims_with(""));
    let changed = format!("{}AAAA", &token[..token.len() - 4]);
    assert_eq!(verify(&changed, &issuers(|_| {}), LIMITS, Clock::Ignore), Err(TokenError::Signature));
}

#[test]
fn extreme_clocks_do_not_overflow() {
    for now in [i64::MIN, -1, 0, i64::MAX] {
        for leeway in [0, i64::MAX] {
            let limits = Limits { leeway, max_lifetime: 60 };
            let _ = verdict(&format!(r#","exp":253402300799,"nbf":{NOW}"#), limits, Clock::At(now));
        }
    }
}
