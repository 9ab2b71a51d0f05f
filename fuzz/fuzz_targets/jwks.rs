//! Key sets and claim mappings: any text is accepted or refused, and an accepted issuer refuses unsigned tokens.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watertight_core::token::{Clock, Issuer, IssuerSpec, Issuers, Limits, verify};

const SINGLE: &str = r#"{"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}"#;
/// `{"alg":"..."}` and `{"iss":"i"}` with a signature of the length each algorithm has.
const CLAIMS: &str = "eyJpc3MiOiJpIn0";
const HEADERS: [(&str, usize); 5] = [
    ("eyJhbGciOiJFZERTQSJ9", 86),
    ("eyJhbGciOiJFUzI1NiJ9", 86),
    ("eyJhbGciOiJSUzI1NiJ9", 342),
    ("eyJhbGciOiJQUzI1NiJ9", 342),
    ("eyJhbGciOiJIUzI1NiJ9", 43),
];

fn trust(jwks: &str, claims: &str) -> Option<Issuer> {
    let spec = IssuerSpec {
        issuer: "i",
        jwks,
        audience: None,
        claims,
        tenants: None,
        max_lifetime: None,
        leeway: None,
    };
    Issuer::new(&spec).ok()
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = trust(SINGLE, text);
    if let Some(issuer) = trust(text, "{}") {
        let issuers = Issuers::new(vec![issuer]);
        for (header, length) in HEADERS {
            let token = format!("{header}.{CLAIMS}.{}", "A".repeat(length));
            assert!(verify(&token, &issuers, Limits { leeway: 0, max_lifetime: 0 }, Clock::Ignore).is_err());
        }
    }
});
