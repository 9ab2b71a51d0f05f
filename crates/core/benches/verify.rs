//! What verification costs over the bare signature library: `cargo bench -p watertight-core --bench verify`.
//!
//! Rounds of both are interleaved, so that a change of the machine's speed meets both; the medians are printed.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "../src/token/tests/keys.rs"]
#[allow(dead_code)]
mod keys;

mod support;

use jsonwebtoken::{DecodingKey, Validation};
use keys::ALGORITHMS;
use serde::Deserialize;
use std::hint::black_box;
use std::time::{SystemTime, UNIX_EPOCH};
use support::interleaved;
use watertight_core::token::{Clock, FactsView, Issuer, IssuerSpec, Issuers, Limits, find, verify};

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "db";

/// What an application would deserialize from the same token.
#[derive(Deserialize)]
#[allow(dead_code)]
struct Claims {
    iss: String,
    sub: Option<String>,
    aud: String,
    tenant: String,
    email: Option<String>,
    role: Option<String>,
    jti: Option<String>,
    iat: Option<i64>,
    exp: i64,
}

fn main() {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let claims = format!(
        r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","sub":"user-4711","tenant":"01890a5d-ac96-774b-bcce-b302099a8057","email":"nurse@acme.example","role":"nurse","jti":"8fd1c7aa","iat":{now},"exp":{}}}"#,
        now + 3600
    );
    let jwks = keys::jwks();
    let spec = IssuerSpec {
        issuer: ISSUER,
        jwks: &jwks,
        audience: Some(AUDIENCE),
        claims: "{}",
        tenants: None,
        max_lifetime: None,
        leeway: None,
    };
    let issuers = Issuers::new(vec![Issuer::new(&spec).unwrap()]);
    let limits = Limits { leeway: 30, max_lifetime: 86_400 };

    println!("algorithm   bare decode     verify   ratio");
    for algorithm in ALGORITHMS {
        let token = keys::sign(algorithm, keys::header(algorithm), &claims);
        let (key, validation) = bare(algorithm);
        let [bare, ours] = interleaved([
            &mut || {
                drop(black_box(jsonwebtoken::decode::<Claims>(black_box(&token), &key, &validation).unwrap()))
            },
            &mut || drop(black_box(verify(black_box(&token), &issuers, limits, Clock::At(now)).unwrap())),
        ]);
        println!("{algorithm:9} {:10.2} us {:7.2} us {:7.2}", bare / 1000.0, ours / 1000.0, ours / bare);
    }

    let token = keys::sign("EdDSA", keys::header("EdDSA"), &claims);
    let bytes = verify(&token, &issuers, limits, Clock::At(now)).unwrap().encode();
    let plain = "select column_name, other_column from some_table where id = $1; ".repeat(64);
    let with_token = format!("{plain} set watertight.token = '{token}'");
    let [view, in_plain, in_token] = interleaved([
        &mut || assert!(FactsView::new(black_box(&bytes)).unwrap().is_current(now * 1_000_000)),
        &mut || assert!(find(black_box(plain.as_bytes()), 0).is_none()),
        &mut || assert!(find(black_box(with_token.as_bytes()), 0).is_some()),
    ]);
    println!("view of {} bytes of facts: {view:.0} ns", bytes.len());
    println!("search of {} bytes without a token: {in_plain:.0} ns, with one: {in_token:.0} ns", plain.len());
}

/// The same check by the library alone.
fn bare(algorithm: &str) -> (DecodingKey, Validation) {
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_str(&keys::jwk(algorithm)).unwrap();
    let mut validation = Validation::new(algorithm.parse().unwrap());
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    validation.validate_nbf = true;
    (DecodingKey::from_jwk(&jwk).unwrap(), validation)
}
