//! Issuer, audience, tenant and the other claims.

use super::*;
use uuid::Uuid;

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn mapped(mapping: &str, payload: &str) -> Result<Facts, TokenError> {
    let trusted = issuers(|spec| spec.claims = mapping.to_owned().leak());
    check(&sign("HS256", header("HS256"), payload), &trusted)
}

fn payload_with_tenant(tenant: &str) -> String {
    claims_with("").replace(r#""acme""#, tenant)
}

#[test]
fn issuers_match_exactly() {
    for (iss, error) in [
        (r#""https://id.example/""#, TokenError::UnknownIssuer),
        (r#""HTTPS://ID.EXAMPLE""#, TokenError::UnknownIssuer),
        (r#""""#, TokenError::UnknownIssuer),
        ("null", TokenError::NoIssuer),
        (r#"["https://id.example"]"#, TokenError::NoIssuer),
    ] {
        let payload = claims_with("").replace(r#""https://id.example""#, iss);
        assert_eq!(check_payload(payload), Err(error), "{iss}");
    }
    assert_eq!(check_payload(r#"{"tenant":"acme"}"#), Err(TokenError::NoIssuer));
    assert!(
        check_payload(claims_with("").replace("https://", "https:\\/\\/")).is_ok(),
        "escapes are no difference"
    );
    let nobody = Issuers::new(Vec::new());
    assert!(nobody.is_empty());
    assert_eq!(
        check(&sign("HS256", header("HS256"), claims_with("")), &nobody),
        Err(TokenError::UnknownIssuer)
    );
}

#[test]
fn audience() {
    let verdict = |expected: Option<&'static str>, aud: &str| {
        check(&sign("HS256", header("HS256"), claims_with(aud)), &issuers(|spec| spec.audience = expected))
            .err()
    };
    for good in [r#""aud":"db""#, r#""aud":["db"]"#, r#""aud":["web","db"]"#] {
        assert_eq!(verdict(Some("db"), good), None, "{good}");
        assert_eq!(verdict(None, good), Some(TokenError::UnexpectedAudience), "{good}");
    }
    assert_eq!(verdict(None, ""), None);
    assert_eq!(verdict(Some("db"), ""), Some(TokenError::NoAudience));
    for wrong in [
        r#""aud":"web""#,
        r#""aud":"DB""#,
        r#""aud":"db ""#,
        r#""aud":"""#,
        r#""aud":[]"#,
        r#""aud":["web"]"#,
    ] {
        assert_eq!(verdict(Some("db"), wrong), Some(TokenError::WrongAudience), "{wrong}");
    }
    for bad in [r#""aud":null"#, r#""aud":1"#, r#""aud":{"db":1}"#, r#""aud":["db",1]"#, r#""aud":[["db"]]"#]
    {
        assert_eq!(verdict(Some("db"), bad), Some(TokenError::AudienceType), "{bad}");
        assert_eq!(verdict(None, bad), Some(TokenError::AudienceType), "{bad}");
    }
    assert_eq!(verdict(None, r#""aud":[]"#), Some(TokenError::UnexpectedAudience));
}

#[test]
fn tenant_forms() {
    let id = Uuid::parse_str(ID).unwrap();
    let name = |text: &str| TenantClaim::Name(text.into());
    for (tenant, expected) in [
        (format!("\"{ID}\""), TenantClaim::Id(id)),
        (format!("\"{}\"", ID.to_uppercase()), TenantClaim::Id(id)),
        (format!("\"{}\"", ID.replace('-', "")), name(&ID.replace('-', ""))),
        (format!("\"{{{ID}}}\""), name(&format!("{{{ID}}}"))),
        (r#""Acme""#.into(), name("Acme")),
        (r#""42""#.into(), name("42")),
        (r#""a b""#.into(), name("a b")),
        ("\"\u{430}cme\"".into(), name("\u{430}cme")),
        (format!("\"{}\"", "é".repeat(200)), name(&"é".repeat(200))),
        ("42".into(), TenantClaim::Key(42)),
        ("-9223372036854775808".into(), TenantClaim::Key(i64::MIN)),
    ] {
        assert_eq!(check_payload(payload_with_tenant(&tenant)).unwrap().tenant, expected, "{tenant}");
    }
    for (tenant, flaw) in [
        ("null", TenantFlaw::Type),
        ("true", TenantFlaw::Type),
        ("1.0", TenantFlaw::Type),
        ("1e3", TenantFlaw::Type),
        ("-0", TenantFlaw::Type),
        ("9223372036854775808", TenantFlaw::Type),
        ("[]", TenantFlaw::Type),
        (r#"["acme"]"#, TenantFlaw::Type),
        (r#"{"id":"acme"}"#, TenantFlaw::Type),
        (r#""""#, TenantFlaw::Empty),
        (r#"" ""#, TenantFlaw::Space),
        (r#""acme ""#, TenantFlaw::Space),
        ("\"\u{a0}acme\"", TenantFlaw::Space),
        (r#""acme\n""#, TenantFlaw::Space),
        (r#""ac\u0007me""#, TenantFlaw::Control),
        (r#""ac\u0085me""#, TenantFlaw::Control),
        (&format!("\"{}\"", "é".repeat(201)), TenantFlaw::TooLong),
    ] {
        assert_eq!(check_payload(payload_with_tenant(tenant)), Err(TokenError::Tenant(flaw)), "{tenant}");
    }
    let without = claims_with("").replace(r#""tenant":"acme","#, "");
    assert_eq!(check_payload(without), Err(TokenError::Tenant(TenantFlaw::Missing)));
}

#[test]
fn all_facts() {
    let more = format!(
        r#""sub":"u1","email":"u1@acme.example","email_verified":true,"role":"nurse","compartment":"ward","sid":"{ID}","jti":"j","scope":"a b","iat":{NOW},"nbf":{NOW}"#
    );
    let facts = check_payload(claims_with(&more)).unwrap();
    let some = |text: &str| Some(text.to_owned());
    let expected = Facts {
        issuer: ISSUER.into(),
        tenant: TenantClaim::Name("acme".into()),
        user: some("u1"),
        email: some("u1@acme.example"),
        role: some("nurse"),
        compartment: some("ward"),
        session: Some(Uuid::parse_str(ID).unwrap()),
        jti: some("j"),
        scopes: some("a b"),
        issued_at: Some(NOW),
        not_before: Some(NOW),
        expires_at: NOW + 300,
        leeway: 30,
    };
    assert_eq!(facts, expected);
}

#[test]
fn text_claims_are_texts() {
    for (claim, name) in [
        ("sub", "user"),
        ("email", "email"),
        ("role", "role"),
        ("compartment", "compartment"),
        ("jti", "jti"),
        ("scope", "scopes"),
    ] {
        for (value, flaw) in [
            ("null", ClaimFlaw::Type),
            ("1", ClaimFlaw::Type),
            ("true", ClaimFlaw::Type),
            (r#"{"a":"b"}"#, ClaimFlaw::Type),
            (r#""a\u0001""#, ClaimFlaw::Control),
            (r#""a\nb""#, ClaimFlaw::Control),
            (&format!("\"{}\"", "x".repeat(1025)), ClaimFlaw::TooLong),
        ] {
            let verdict = check_payload(claims_with(&format!(r#""{claim}":{value}"#)));
            assert_eq!(verdict, Err(TokenError::Claim(name, flaw)), "{claim} {value}");
        }
        let longest = format!(r#""{claim}":"{}""#, "x".repeat(1024));
        assert!(check_payload(claims_with(&longest)).is_ok());
        if claim != "scope" {
            let array = check_payload(claims_with(&format!(r#""{claim}":["a"]"#)));
            assert_eq!(array, Err(TokenError::Claim(name, ClaimFlaw::Type)));
            let empty = check_payload(claims_with(&format!(r#""{claim}":"""#)));
            assert_eq!(empty, Err(TokenError::Claim(name, ClaimFlaw::Empty)));
        }
    }
}

#[test]
fn unverified_email_is_dropped() {
    for (verified, kept) in [
        ("", true),
        (r#","email_verified":true"#, true),
        (r#","email_verified":"true""#, true),
        (r#","email_verified":false"#, false),
        (r#","email_verified":"false""#, false),
        (r#","email_verified":null"#, false),
        (r#","email_verified":0"#, false),
        (r#","email_verified":"yes""#, false),
    ] {
        let facts = check_payload(claims_with(&format!(r#""email":"a@b"{verified}"#))).unwrap();
        assert_eq!(facts.email.is_some(), kept, "{verified}");
    }
    let nested = |verified| claims_with(&format!(r#""u":{{"mail":"a@b","email_verified":{verified}}}"#));
    assert_eq!(mapped(r#"{"email":"u.mail"}"#, &nested(false)).unwrap().email, None);
    assert!(mapped(r#"{"email":"u.mail"}"#, &nested(true)).unwrap().email.is_some());
    let outside = claims_with(r#""email_verified":false,"u":{"mail":"a@b"}"#);
    assert_eq!(mapped(r#"{"email":"u.mail"}"#, &outside).unwrap().email, None);
}

#[test]
fn scopes_and_session() {
    let scopes =
        |value: &str| check_payload(claims_with(&format!(r#""scope":{value}"#))).map(|facts| facts.scopes);
    assert_eq!(scopes(r#""a b""#), Ok(Some("a b".into())));
    assert_eq!(scopes(r#"["a","b"]"#), Ok(Some("a b".into())));
    assert_eq!(scopes(r#""""#), Ok(None));
    assert_eq!(scopes("[]"), Ok(None));
    let refused = |flaw| Err(TokenError::Claim("scopes", flaw));
    assert_eq!(scopes(r#"["a",1]"#), refused(ClaimFlaw::Type));
    assert_eq!(scopes(r#"["a",""]"#), refused(ClaimFlaw::Empty));
    assert_eq!(scopes(r#"["a b"]"#), refused(ClaimFlaw::Space));
    assert_eq!(scopes(&format!(r#"["{0}","{0}"]"#, "x".repeat(600))), refused(ClaimFlaw::TooLong));
}

#[test]
fn a_session_is_a_uuid_where_it_is_mapped_and_another_system_s_where_it_is_not() {
    let sid = |value: &str| claims_with(&format!(r#""sid":{value}"#));
    let default = |value: &str| check_payload(sid(value)).map(|facts| facts.session);
    let mapped_sid = |value: &str| mapped(r#"{"session":"sid"}"#, &sid(value)).map(|facts| facts.session);
    let good = format!("\"{ID}\"");
    assert!(default(&good).unwrap().is_some());
    assert!(mapped_sid(&good).unwrap().is_some());
    for foreign in [
        r#""""#,
        r#""abc""#,
        &format!("\"{}\"", ID.replace('-', "")),
        r#""01890a5d-ac96-774b-bcce-b302099a805g""#,
    ] {
        assert_eq!(default(foreign), Ok(None), "{foreign}");
        assert_eq!(mapped_sid(foreign), Err(TokenError::Claim("session", ClaimFlaw::NotUuid)), "{foreign}");
    }
    assert_eq!(default("null"), Ok(None));
    assert_eq!(mapped_sid("null"), Err(TokenError::Claim("session", ClaimFlaw::Type)));
}

#[test]
fn claim_paths() {
    let tenant = |path: &str, more: &str| {
        let payload = claims_with(more).replace(r#""tenant":"acme","#, "");
        mapped(&format!(r#"{{"tenant":"{path}"}}"#), &payload).map(|facts| facts.tenant)
    };
    let acme = Ok(TenantClaim::Name("acme".into()));
    assert_eq!(tenant("org", r#""org":"acme""#), acme);
    assert_eq!(tenant("o.id", r#""o":{"id":"acme"}"#), acme);
    assert_eq!(tenant("a.b.c", r#""a":{"b":{"c":"acme"}}"#), acme);
    assert_eq!(tenant("/o/id", r#""o":{"id":"acme"}"#), acme);
    assert_eq!(tenant("https://x.y/tenant", r#""https://x.y/tenant":"acme""#), acme);
    assert_eq!(tenant("/https:~1~1x.y~1tenant/id", r#""https://x.y/tenant":{"id":"acme"}"#), acme);
    assert_eq!(tenant("/a~0b", r#""a~b":"acme""#), acme);
    assert_eq!(tenant("o.id", r#""o":{"id":"nested"},"o.id":"acme""#), acme, "the literal name comes first");
    let missing = Err(TokenError::Tenant(TenantFlaw::Missing));
    for (path, more) in [
        ("o.id", r#""o":["acme"]"#),
        ("o.0", r#""o":["acme"]"#),
        ("/o/0", r#""o":["acme"]"#),
        ("o.id", r#""o":"acme""#),
        ("o.id", r#""o":null"#),
        ("o.id", r#""id":"acme""#),
        ("Org", r#""org":"acme""#),
    ] {
        assert_eq!(tenant(path, more), missing, "{path} {more}");
    }
    let user =
        mapped(r#"{"user":"u.id","role":"u.role"}"#, &claims_with(r#""sub":"x","u":{"id":"7"}"#)).unwrap();
    assert_eq!((user.user.as_deref(), user.role), (Some("7"), None), "a mapping replaces the default");
}
