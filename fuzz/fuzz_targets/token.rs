//! Tokens: nothing unsigned verifies, nothing signed panics, facts survive their encoding, masks keep the length.
#![no_main]

use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use watertight_core::token::{
    Clock, Facts, FactsView, Issuer, IssuerSpec, Issuers, Limits, mask, payload, verify,
};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const LIMITS: Limits = Limits { leeway: 30, max_lifetime: 3600 };
const NOW: Clock = Clock::At(1_700_000_000);

static ISSUERS: LazyLock<Issuers> = LazyLock::new(|| {
    let spec = IssuerSpec {
        issuer: "i",
        jwks: r#"{"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}"#,
        audience: None,
        claims: r#"{"tenant":"o.id","role":"/r/0"}"#,
        tenants: None,
        max_lifetime: None,
        leeway: None,
    };
    Issuers::new(Issuer::new(&spec).into_iter().collect())
});

fuzz_target!(|data: &[u8]| {
    if let Some(facts) = Facts::decode(data) {
        assert_eq!(facts.encode(), data);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    assert!(verify(text, &ISSUERS, LIMITS, NOW).is_err());
    let _ = payload(text);
    if let Some(masked) = mask(text) {
        assert_eq!(masked.len(), text.len());
    }

    // The same bytes as a header and as claims that somebody trusted has signed.
    for (header, claims) in
        [(r#"{"alg":"HS256"}"#, text), (text, r#"{"iss":"i","o":{"id":1},"exp":1700000001}"#)]
    {
        let message = format!("{}.{}", base64url(header.as_bytes()), base64url(claims.as_bytes()));
        let key = EncodingKey::from_secret(SECRET);
        let Ok(signature) = sign(message.as_bytes(), &key, Algorithm::HS256) else { return };
        let token = format!("{message}.{signature}");
        if let Ok(facts) = verify(&token, &ISSUERS, LIMITS, NOW) {
            let bytes = facts.encode();
            assert!(FactsView::new(&bytes).is_some_and(|view| view.is_current(1_700_000_000_000_000)));
            assert_eq!(Facts::decode(&bytes), Some(facts));
            assert_eq!(payload(&token).as_deref(), Some(claims));
            assert_eq!(mask(&token), Some("*".repeat(token.len())));
        }
    }
});

/// Written out, so that the encoder under test is not the library's own.
fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for i in 0..=chunk.len() {
            out.push(char::from(ALPHABET[(group >> (18 - 6 * i)) as usize & 63]));
        }
    }
    out
}
