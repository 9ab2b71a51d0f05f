//! The form of a token: segments, base64url, JSON, header.

use super::*;

fn with_header(head: &str) -> Result<Facts, TokenError> {
    check(&sign("HS256", head, claims_with("")), &issuers(|_| {}))
}

#[test]
fn three_segments_or_nothing() {
    let token = sign("HS256", header("HS256"), claims_with(""));
    let trusted = issuers(|_| {});
    for (text, error) in [
        (String::new(), TokenError::Empty),
        ("x".into(), TokenError::NotCompact),
        (".".into(), TokenError::NotCompact),
        ("..".into(), TokenError::NotCompact),
        ("eyJ.".into(), TokenError::NotCompact),
        (format!("{token}."), TokenError::NotCompact),
        (format!(".{token}"), TokenError::NotCompact),
        (format!("{token}.a.b"), TokenError::Encrypted),
        (format!("Bearer {token}"), TokenError::NotCompact),
        (format!(" {token}"), TokenError::NotCompact),
        (format!("{token}\n"), TokenError::Base64(Part::Signature)),
        (format!("{token}="), TokenError::Base64(Part::Signature)),
        (token.replacen('.', "=.", 1), TokenError::Base64(Part::Header)),
        (token.replacen('.', ".=", 1), TokenError::Base64(Part::Claims)),
        (token.replacen('.', ". ", 1), TokenError::Base64(Part::Claims)),
        (token.replacen('.', ".+", 1), TokenError::Base64(Part::Claims)),
        (token.replacen('.', ".\u{e9}", 1), TokenError::Base64(Part::Claims)),
        (token.replacen('.', ".\0", 1), TokenError::Base64(Part::Claims)),
    ] {
        assert_eq!(check(&text, &trusted), Err(error), "{text:?}");
    }
}

#[test]
fn left_over_bits_are_refused() {
    // "e30" and "e31" both decode to {} for a lenient reader.
    let trusted = issuers(|_| {});
    let message = format!("{}.e31", b64(header("HS256")));
    let token = format!("{message}.{}", b64(hmac(SECRET, &message)));
    assert_eq!(check(&token, &trusted), Err(TokenError::Base64(Part::Claims)));
}

#[test]
fn size_is_limited() {
    let padding = |n: usize| format!(r#""x":"{}""#, "x".repeat(n));
    assert_eq!(check_payload(claims_with(&padding(48_000))), Err(TokenError::TooLong));
    assert!(check_payload(claims_with(&padding(12_000))).is_ok());
    let fits = "a".repeat(MAX_TOKEN_BYTES);
    assert_eq!(check(&fits, &issuers(|_| {})), Err(TokenError::NotCompact));
    assert_eq!(check(&format!("{fits}a"), &issuers(|_| {})), Err(TokenError::TooLong));
}

#[test]
fn json_has_one_reading() {
    let nested = |n: usize| format!(r#""x":{}1{}"#, "[".repeat(n), "]".repeat(n));
    assert!(check_payload(claims_with(&nested(15))).is_ok());
    let many = (0..40).map(|i| format!(r#""k{i}":{i}"#)).collect::<Vec<_>>().join(",");
    assert!(check_payload(claims_with(&many)).is_ok());
    for (more, flaw) in [
        (r#""tenant":"other""#, JsonFlaw::Duplicate),
        (r#""tena\u006et":"other""#, JsonFlaw::Duplicate),
        (r#""x":{"a":1,"a":1}"#, JsonFlaw::Duplicate),
        (r#""x":[{"y":{"a":1,"b":2,"a":1}}]"#, JsonFlaw::Duplicate),
        (&format!(r#"{many},"k7":0"#), JsonFlaw::Duplicate),
        (&nested(16), JsonFlaw::Depth),
        (&nested(5000), JsonFlaw::Depth),
        (r#""x":"a\u0000""#, JsonFlaw::Nul),
        (r#""a\u0000":1"#, JsonFlaw::Nul),
        (r#""x":"\ud800""#, JsonFlaw::Syntax),
        (r#""x":"\udc00\ud800""#, JsonFlaw::Syntax),
        (r#""x":"\ud800x""#, JsonFlaw::Syntax),
        ("\"x\":\"a\tb\"", JsonFlaw::Syntax),
        (r#""x":01"#, JsonFlaw::Syntax),
        (r#""x":NaN"#, JsonFlaw::Syntax),
        (r#""x":1e999"#, JsonFlaw::Syntax),
        (r#""x":'a'"#, JsonFlaw::Syntax),
        (r#""x":1,"#, JsonFlaw::Syntax),
        (r#"/**/"x":1"#, JsonFlaw::Syntax),
    ] {
        let verdict = check_payload(claims_with(more));
        assert_eq!(verdict, Err(TokenError::Json(Part::Claims, flaw)), "{}", &more[..more.len().min(60)]);
    }
}

#[test]
fn claims_are_one_object_in_utf8() {
    for (payload, flaw) in [
        (&b""[..], JsonFlaw::Syntax),
        (b"[]", JsonFlaw::NotObject),
        (b"\"x\"", JsonFlaw::NotObject),
        (b"null", JsonFlaw::NotObject),
        (b"{}{}", JsonFlaw::Syntax),
        (b"{}x", JsonFlaw::Syntax),
        (b"\xef\xbb\xbf{}", JsonFlaw::Syntax),
        (b"{\"x\":\"\xff\"}", JsonFlaw::Syntax),
        (b"{\"x\":\"\xed\xa0\x80\"}", JsonFlaw::Syntax),
        (b"{\"x\":\"\xc0\x80\"}", JsonFlaw::Syntax),
    ] {
        assert_eq!(check_payload(payload), Err(TokenError::Json(Part::Claims, flaw)));
    }
}

#[test]
fn header_members() {
    for good in [
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"HS256","typ":"jwt"}"#,
        r#"{"alg":"HS256","typ":"at+JWT"}"#,
        r#"{"alg":"HS256","typ":"Application/at+jwt","b64":true}"#,
        r#"{"alg":"HS256","typ":"application/JWT","x5t":"abc","jku":"https://evil.example","cty":"x","unknown":[{}]}"#,
    ] {
        assert!(with_header(good).is_ok(), "{good}");
    }
    for (bad, error) in [
        (r#"{"typ":"JWT"}"#, TokenError::NoAlgorithm),
        (r#"{"alg":null}"#, TokenError::NoAlgorithm),
        (r#"{"alg":["HS256"]}"#, TokenError::NoAlgorithm),
        (r#"{"alg":"HS256","typ":"dpop+jwt"}"#, TokenError::WrongType),
        (r#"{"alg":"HS256","typ":"logout+jwt"}"#, TokenError::WrongType),
        (r#"{"alg":"HS256","typ":""}"#, TokenError::WrongType),
        (r#"{"alg":"HS256","typ":null}"#, TokenError::WrongType),
        (r#"{"alg":"HS256","typ":"application/"}"#, TokenError::WrongType),
        (r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, TokenError::Critical),
        (r#"{"alg":"HS256","crit":[]}"#, TokenError::Critical),
        (r#"{"alg":"HS256","crit":["exp"]}"#, TokenError::Critical),
        (r#"{"alg":"HS256","b64":false}"#, TokenError::Unencoded),
        (r#"{"alg":"HS256","b64":"true"}"#, TokenError::Unencoded),
        (r#"{"alg":"HS256","jwk":{"kty":"oct"}}"#, TokenError::EmbeddedKey),
        (r#"{"alg":"HS256","x5c":[]}"#, TokenError::EmbeddedKey),
        (r#"{"alg":"HS256","x5u":"https://evil.example"}"#, TokenError::EmbeddedKey),
        (r#"{"alg":"HS256","alg":"none"}"#, TokenError::Json(Part::Header, JsonFlaw::Duplicate)),
        (r#"{"alg":"none","alg":"HS256"}"#, TokenError::Json(Part::Header, JsonFlaw::Duplicate)),
        (r#"{"alg":"HS256","kid":"a\u0000"}"#, TokenError::Json(Part::Header, JsonFlaw::Nul)),
        (r#"{"alg":"HS256""#, TokenError::Json(Part::Header, JsonFlaw::Syntax)),
        (r#" {"alg":"HS256"}"#, TokenError::NotCompact),
        (r#"["HS256"]"#, TokenError::NotCompact),
    ] {
        assert_eq!(with_header(bad), Err(error), "{bad}");
    }
}

#[test]
fn payload_of_a_verified_token() {
    let claims = claims_with(r#""x":"é""#);
    assert_eq!(payload(&sign("HS256", header("HS256"), &claims)), Some(claims));
    for text in ["", ".", "..", "a.b", "a.!.c"] {
        assert!(payload(text).is_none_or(|text| text.is_empty()), "{text}");
    }
}
