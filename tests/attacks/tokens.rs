//! B: forged, confused, hostile and outdated tokens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use serde_json::json;
use watertight_mint::{Algorithm, Claims, Key, hostile, now};
use watertight_tests::Database;
use watertight_tests::database::{A, AUDIENCE, B, ISSUER, trust};

/// Trusts this key alone, for an issuer of its own.
fn issuer(db: &Database, issuer: &str, keys: &[&Key], more: &str) {
    db.admin().run(&trust(issuer, keys, &format!(", audience => '{AUDIENCE}'{more}")));
}

fn claims(db: &Database, issuer: &str) -> Claims {
    db.claims(A).claim("iss", issuer)
}

#[test]
fn b17_every_algorithm_is_accepted_with_its_own_key() {
    let db = Database::shared();
    for algorithm in Algorithm::ALL {
        let (key, name) = (Key::generate(algorithm, "k"), format!("https://{algorithm}.example"));
        issuer(&db, &name, &[&key], "");
        db.accepts(algorithm.name(), &key.sign(&claims(&db, &name).build()), A);
        let other = Key::generate(algorithm, "k");
        db.rejects("another key", &other.sign(&claims(&db, &name).build()));
        let token = key.sign(&claims(&db, &name).build());
        db.rejects("a turned bit", &hostile::with_flipped_signature(&token).unwrap());
        let payload = claims(&db, &name).user("mallory").build().to_string();
        db.rejects("another payload", &hostile::with_payload(&token, payload.as_bytes()).unwrap());
    }
}

#[test]
fn b17_alg_none_is_refused() {
    let db = Database::shared();
    for alg in ["none", "None", "NONE", "nOnE", "", " none", "null", "HS256", "EdDSA"] {
        db.rejects(alg, &hostile::unsigned(alg, &db.claims(A).build()));
    }
    let payload = db.claims(A).build().to_string();
    for header in [json!({}), json!({"alg": null}), json!({"alg": ["EdDSA"]}), json!({"alg": {"a": 1}})] {
        db.rejects(
            "alg of another type",
            &db.key.sign_bytes(header.to_string().as_bytes(), payload.as_bytes()),
        );
    }
    // An honest signature, taken off.
    let token = db.token(A);
    let unsigned = token.rsplit_once('.').unwrap().0;
    db.rejects("no signature", &format!("{unsigned}."));
    db.rejects("no third part", unsigned);
}

#[test]
fn b17_hs256_signed_with_the_public_key_is_refused() {
    let db = Database::shared();
    for algorithm in [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa] {
        let (key, name) = (Key::generate(algorithm, "k"), format!("https://{algorithm}.example"));
        issuer(&db, &name, &[&key], "");
        for secret in hostile::public_key_as_secrets(&key).unwrap() {
            let forged = hostile::hs256_with(&secret, "k", &claims(&db, &name).build()).unwrap();
            db.rejects("the public key as a secret", &forged);
            let without_kid = Key::from_private(Algorithm::Hs256, "k", &secret).unwrap();
            let header = json!({"alg": "HS256"});
            db.rejects("without kid", &without_kid.sign_with(&header, &claims(&db, &name).build()));
        }
    }
    let empty = hostile::hs256_with(b"", "k1", &db.claims(A).build()).unwrap();
    db.rejects("an empty secret", &empty);
}

#[test]
fn b17_the_key_decides_the_algorithm() {
    let db = Database::shared();
    let key = Key::generate(Algorithm::Rs256, "k");
    issuer(&db, "https://rsa.example", &[&key], "");
    let claims = claims(&db, "https://rsa.example").build();
    // The same RSA key, used as the header says and not as the key says.
    let pss = Key::from_private(Algorithm::Ps256, "k", key.private()).unwrap();
    db.rejects("PS256 with an RS256 key", &pss.sign(&claims));
    for alg in ["PS256", "RS512", "ES256", "EdDSA", "HS256", "rs256"] {
        db.rejects(alg, &key.sign_with(&json!({"alg": alg, "kid": "k"}), &claims));
    }
    db.accepts("the control", &key.sign(&claims), A);
}

#[test]
fn b18_unknown_and_hostile_key_ids_are_refused() {
    let db = Database::shared();
    let claims = db.claims(A).build();
    let long = "k".repeat(10_000);
    for kid in
        ["", "k2", "K1", "k1 ", "k1\0", "'; DROP TABLE patients; --", "../../etc/passwd", "%s%n", &long]
    {
        db.rejects(kid, &db.key.sign_with(&json!({"alg": "EdDSA", "kid": kid}), &claims));
    }
    for kid in [json!(1), json!(null), json!(["k1"]), json!({"k1": 1})] {
        db.rejects(
            "a key id that is no text",
            &db.key.sign_with(&json!({"alg": "EdDSA", "kid": kid}), &claims),
        );
    }
    assert_eq!(db.truth("SELECT count(*) FROM patients"), ["30"]);
}

#[test]
fn b18_missing_key_id_never_finds_a_wrong_key() {
    let db = Database::shared();
    let (one, two) = (Key::generate(Algorithm::EdDsa, "one"), Key::generate(Algorithm::EdDsa, "two"));
    let stranger = Key::generate(Algorithm::EdDsa, "stranger");
    issuer(&db, "https://many.example", &[&one, &two], "");
    let many = claims(&db, "https://many.example").build();
    let header = json!({"alg": "EdDSA"});
    db.rejects("ambiguous", &one.sign_with(&header, &many));
    db.rejects("a stranger without kid", &stranger.sign_with(&header, &many));
    db.rejects("one's key id, two's key", &two.renamed("one").unwrap().sign(&many));
    db.accepts("the control", &two.sign(&many), A);
    // Where there is one key there is no doubt.
    db.accepts("one key, no kid", &db.key.sign_with(&header, &db.claims(A).build()), A);
}

#[test]
fn b18_duplicate_key_ids_are_refused_when_they_are_trusted() {
    let db = Database::shared();
    let (one, two) = (Key::generate(Algorithm::EdDsa, "same"), Key::generate(Algorithm::Es256, "same"));
    db.admin().refused(&trust("https://double.example", &[&one, &two], ""), "22023");
}

#[test]
fn b18_keys_inside_the_token_are_not_used() {
    let db = Database::shared();
    let mine = Key::generate(Algorithm::EdDsa, "k1");
    let claims = db.claims(A).build();
    for (name, value) in [
        ("jwk", mine.jwk()),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["AAAA"])),
        ("crit", json!(["jwk"])),
        ("b64", json!(false)),
    ] {
        let mut header = mine.header();
        header[name] = value;
        db.rejects(name, &mine.sign_with(&header, &claims));
    }
    let critical = json!({"alg": "EdDSA", "kid": "k1", "crit": ["unknown"], "unknown": 1});
    db.rejects("an extension that must be understood", &db.key.sign_with(&critical, &claims));
}

#[test]
fn b19_times_are_required_and_exact() {
    let db = Database::shared();
    issuer(&db, "https://exact.example", &[&db.key], ", leeway => '0 seconds', max_lifetime => '1 hour'");
    let at = |c: Claims| db.sign(c.claim("iss", "https://exact.example"));
    db.accepts("the control", &at(db.claims(A)), A);
    db.rejects("expired", &at(db.claims(A).expires_in(-1)));
    db.rejects("expired long ago", &at(db.claims(A).claim("iat", 1).claim("exp", 2)));
    db.rejects("no expiry", &at(db.claims(A).without("exp")));
    db.rejects("not yet", &at(db.claims(A).claim("nbf", now() + 60)));
    db.rejects("issued in the future", &at(db.claims(A).claim("iat", now() + 60)));
    db.rejects("too long a life", &at(db.claims(A).expires_in(3700)));
    db.rejects("too long a life without iat", &at(db.claims(A).without("iat").expires_in(3700)));
    db.rejects("over before it begins", &at(db.claims(A).claim("nbf", now() + 20).expires_in(10)));
}

#[test]
fn b19_times_are_whole_seconds() {
    let db = Database::shared();
    let exp = now() + 300;
    let strange = [
        json!(exp.to_string()),
        json!(exp as f64 + 0.5),
        json!([exp]),
        json!(null),
        json!(-1),
        json!(0),
        json!(true),
        json!({"exp": exp}),
        json!(exp * 1000),
        json!(u64::MAX),
        json!(i64::MAX),
    ];
    for value in strange {
        for name in ["exp", "iat", "nbf"] {
            // A start in 1970 is odd but harmless.
            if name == "nbf" && value == json!(0) {
                continue;
            }
            db.rejects(&format!("{name} {value}"), &db.sign(db.claims(A).claim(name, value.clone())));
        }
    }
    for raw in ["1e400", "NaN", "Infinity", "99999999999999999999999999", "1e10", "0x7fffffff", "01"] {
        let payload =
            format!("{{\"iss\":\"{ISSUER}\",\"aud\":\"{AUDIENCE}\",\"tenant\":\"{A}\",\"exp\":{raw}}}");
        db.rejects(raw, &db.key.sign_bytes(db.key.header().to_string().as_bytes(), payload.as_bytes()));
    }
}

#[test]
fn b19_leeway_is_what_the_issuer_was_given() {
    let db = Database::shared();
    issuer(&db, "https://late.example", &[&db.key], ", leeway => '60 seconds'");
    let at = |c: Claims| db.sign(c.claim("iss", "https://late.example"));
    db.accepts("within", &at(db.claims(A).claim("iat", now() - 100).expires_in(-50)), A);
    db.rejects("beyond", &at(db.claims(A).claim("iat", now() - 100).expires_in(-61)));
    db.accepts("a fast clock", &at(db.claims(A).claim("nbf", now() + 50)), A);
    db.rejects("too fast a clock", &at(db.claims(A).claim("nbf", now() + 70)));
}

#[test]
fn b21_issuer_and_audience_must_match() {
    let db = Database::shared();
    db.rejects("no audience", &db.sign(db.claims(A).without("aud")));
    for aud in [
        json!("other"),
        json!(""),
        json!([]),
        json!(["other"]),
        json!(null),
        json!(1),
        json!([AUDIENCE, 1]),
        json!({AUDIENCE: 1}),
        json!("HOSPITAL-APP"),
        json!("hospital-app "),
        json!([[AUDIENCE]]),
    ] {
        db.rejects(&aud.to_string(), &db.sign(db.claims(A).claim("aud", aud.clone())));
    }
    db.accepts("one of several", &db.sign(db.claims(A).claim("aud", json!(["x", AUDIENCE]))), A);
    db.rejects("no issuer", &db.sign(db.claims(A).without("iss")));
    for iss in [
        json!("https://evil.example"),
        json!(""),
        json!(null),
        json!(1),
        json!([ISSUER]),
        json!("https://ID.example"),
        json!("https://id.example/"),
        json!(" https://id.example"),
    ] {
        db.rejects(&iss.to_string(), &db.sign(db.claims(A).claim("iss", iss.clone())));
    }
}

#[test]
fn b21_an_issuer_speaks_only_for_its_tenants_and_with_its_keys() {
    let db = Database::shared();
    let theirs = Key::generate(Algorithm::EdDsa, "k1");
    issuer(&db, "https://b.example", &[&theirs], &format!(", tenants => ARRAY['{B}']"));
    let at = |tenant| db.claims(tenant).claim("iss", "https://b.example").build();
    db.accepts("its own tenant", &theirs.sign(&at(B)), B);
    db.rejects("another tenant", &theirs.sign(&at(A)));
    db.rejects("another tenant by id", &theirs.sign(&at(&db.a)));
    db.rejects("another issuer's key", &db.key.sign(&at(B)));
    db.rejects("another issuer's name", &theirs.sign(&db.claims(A).build()));
}
