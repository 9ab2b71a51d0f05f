//! What this crate signs, another library verifies; what it makes hostile, that library refuses.
#![allow(clippy::unwrap_used, reason = "a test")]

use jsonwebtoken::{DecodingKey, Validation, decode};
use serde_json::{Value, json};
use watertight_mint::{Algorithm, Claims, Key, hostile, jwks};

fn verify(key: &Key, token: &str) -> jsonwebtoken::errors::Result<Value> {
    let jwk = serde_json::from_value(key.jwk()).unwrap();
    let name = key.algorithm().name();
    let mut rules = Validation::new(name.parse().unwrap());
    rules.validate_aud = false;
    decode::<Value>(token, &DecodingKey::from_jwk(&jwk)?, &rules).map(|data| data.claims)
}

fn claims() -> Value {
    Claims::new("https://id.example").tenant("acme").user("alice").claim("scope", json!(["a"])).build()
}

#[test]
fn another_library_verifies_every_algorithm() {
    for algorithm in Algorithm::ALL {
        let key = Key::generate(algorithm, "k1");
        assert_eq!(verify(&key, &key.sign(&claims())).unwrap()["tenant"], "acme", "{algorithm}");
    }
}

#[test]
fn another_key_a_turned_bit_and_another_payload_are_refused() {
    for algorithm in Algorithm::ALL {
        let key = Key::generate(algorithm, "k1");
        let token = key.sign(&claims());
        assert!(verify(&Key::generate(algorithm, "k1"), &token).is_err(), "{algorithm}");
        assert!(verify(&key, &hostile::with_flipped_signature(&token).unwrap()).is_err(), "{algorithm}");
        assert!(verify(&key, &hostile::with_payload(&token, b"{\"tenant\":\"b\"}").unwrap()).is_err());
    }
}

#[test]
fn unsigned_and_expired_tokens_are_refused() {
    let key = Key::generate(Algorithm::EdDsa, "k1");
    assert!(verify(&key, &hostile::unsigned("none", &claims())).is_err());
    let expired = Claims::new("https://id.example").expires_in(-300).build();
    assert!(verify(&key, &key.sign(&expired)).is_err());
}

#[test]
fn an_expired_token_began_before_it_ended() {
    let time = |claims: &Value, name: &str| claims[name].as_i64().unwrap();
    let now = time(&Claims::new("https://id.example").build(), "iat");
    let expired = Claims::new("https://id.example").claim("nbf", now).expires_in(-300).build();
    assert_eq!(time(&expired, "iat"), time(&expired, "exp") - 600);
    assert_eq!(time(&expired, "nbf"), time(&expired, "exp") - 600);
    // What is said of its beginning is kept where it can be, and a token that is to end later is as it is told to be.
    let old = Claims::new("https://id.example").claim("iat", now - 1000).expires_in(-300).build();
    assert_eq!(time(&old, "iat"), now - 1000);
    let backwards = Claims::new("https://id.example").claim("nbf", now + 20).expires_in(10).build();
    assert_eq!(time(&backwards, "nbf"), now + 20);
}

#[test]
fn a_public_key_has_many_forms() {
    let forms = |a| hostile::public_key_as_secrets(&Key::generate(a, "k1")).unwrap().len();
    assert_eq!(forms(Algorithm::Rs256), 8);
    assert_eq!(forms(Algorithm::EdDsa), 6);
}

#[test]
fn keys_accumulate_in_a_directory_and_come_back() {
    let dir = std::env::temp_dir().join(format!("watertight-mint-{}", std::process::id()));
    for (n, algorithm) in Algorithm::ALL.into_iter().enumerate() {
        let key = Key::generate(algorithm, &format!("k{n}"));
        watertight_mint::store::save(&dir, &key).unwrap();
        let again = watertight_mint::store::load(&dir.join(key.kid())).unwrap();
        assert_eq!(key.jwk(), again.jwk());
        verify(&key, &again.sign(&claims())).unwrap();
    }
    let text = std::fs::read_to_string(dir.join("jwks.json")).unwrap();
    let set: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(set["keys"].as_array().unwrap().len(), 5);
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn key_ids_that_leave_the_directory_are_refused() {
    for kid in ["", "../k", "a/b", ".k", "jwks.json"] {
        let key = Key::generate(Algorithm::Hs256, kid);
        assert!(watertight_mint::store::save(&std::env::temp_dir(), &key).is_err(), "{kid:?}");
    }
}

#[test]
fn the_set_keeps_the_order_of_its_keys() {
    let (a, b) = (Key::generate(Algorithm::Hs256, "a"), Key::generate(Algorithm::Hs256, "b"));
    assert_eq!(jwks(&[&b, &a])["keys"][0]["kid"], "b");
}
