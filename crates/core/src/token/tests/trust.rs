//! What `trust_issuer` refuses besides keys.

use super::*;

fn refusal(change: impl FnOnce(&mut IssuerSpec<'_>)) -> Option<TrustError> {
    let jwks = keys::jwk("HS256");
    let mut spec = spec(&jwks);
    change(&mut spec);
    Issuer::new(&spec).err()
}

#[test]
fn names() {
    let long = "x".repeat(1025);
    for (name, flaw) in [
        ("", TextFlaw::Empty),
        (" a", TextFlaw::Characters),
        ("a\n", TextFlaw::Characters),
        ("a\0b", TextFlaw::Characters),
        (long.as_str(), TextFlaw::TooLong),
    ] {
        let name: &'static str = name.to_owned().leak();
        assert_eq!(refusal(|spec| spec.issuer = name), Some(TrustError::Issuer(flaw)));
        assert_eq!(refusal(|spec| spec.audience = Some(name)), Some(TrustError::Audience(flaw)));
    }
}

#[test]
fn numbers() {
    assert_eq!(refusal(|spec| spec.max_lifetime = Some(0)), Some(TrustError::MaxLifetime));
    assert_eq!(refusal(|spec| spec.max_lifetime = Some(-1)), Some(TrustError::MaxLifetime));
    assert_eq!(refusal(|spec| spec.leeway = Some(-1)), Some(TrustError::Leeway));
    assert_eq!(refusal(|spec| spec.leeway = Some(3601)), Some(TrustError::Leeway));
    assert_eq!(refusal(|spec| (spec.leeway, spec.max_lifetime) = (Some(0), Some(1))), None);
}

#[test]
fn claim_mappings() {
    for (mapping, error) in [
        ("", TrustError::Claims(JsonFlaw::Syntax)),
        ("[]", TrustError::Claims(JsonFlaw::NotObject)),
        (r#"{"tenant":"a","tenant":"b"}"#, TrustError::Claims(JsonFlaw::Duplicate)),
        (r#"{"tennant":"a"}"#, TrustError::UnknownClaimName),
        (r#"{"Tenant":"a"}"#, TrustError::UnknownClaimName),
        (r#"{"iss":"a"}"#, TrustError::UnknownClaimName),
        (r#"{"tenant":1}"#, TrustError::ClaimPath),
        (r#"{"tenant":null}"#, TrustError::ClaimPath),
        (r#"{"tenant":["a"]}"#, TrustError::ClaimPath),
        (r#"{"tenant":""}"#, TrustError::ClaimPath),
        (r#"{"tenant":"/"}"#, TrustError::ClaimPath),
        (r#"{"tenant":"a..b"}"#, TrustError::ClaimPath),
        (r#"{"tenant":".a"}"#, TrustError::ClaimPath),
        (r#"{"tenant":"/a~2b"}"#, TrustError::ClaimPath),
        (r#"{"tenant":"/a~"}"#, TrustError::ClaimPath),
        (r#"{"tenant":"a\nb"}"#, TrustError::ClaimPath),
        (r#"{"tenant":"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"}"#, TrustError::ClaimPath),
    ] {
        assert_eq!(refusal(|spec| spec.claims = mapping), Some(error), "{mapping}");
    }
    assert_eq!(refusal(|spec| spec.claims = r#"{"tenant":"o.id","scopes":"/a~1b"}"#), None);
}

#[test]
fn issuers_are_found_by_name() {
    let jwks = keys::jwk("HS256");
    let named = |name| {
        let mut spec = spec(&jwks);
        (spec.issuer, spec.tenants) = (name, Some(Vec::new()));
        Issuer::new(&spec).unwrap()
    };
    let all = Issuers::new(["b", "a", "c", "b"].map(named).into_iter().collect());
    for name in ["a", "b", "c"] {
        assert_eq!(all.get(name).map(Issuer::name), Some(name));
    }
    assert!(all.get("d").is_none() && all.get("").is_none() && !all.is_empty());
    assert_eq!(all.get("a").unwrap().tenants(), Some(&[][..]), "an empty list is nobody, not everybody");
    assert_eq!(format!("{:?}", all.get("a").unwrap()), r#"Issuer { name: "a", .. }"#);
}
