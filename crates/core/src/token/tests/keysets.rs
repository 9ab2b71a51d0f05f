//! Key sets: what is passed over, what is refused.

use super::*;

fn refusal(jwks: &str) -> Option<TrustError> {
    Issuer::new(&spec(jwks)).err()
}

fn flaw(jwk: &str) -> Option<KeyFlaw> {
    let set = format!(r#"{{"keys":[{},{jwk}]}}"#, keys::jwk("EdDSA"));
    match refusal(&set) {
        None => None,
        Some(TrustError::Key { position: 2, flaw }) => Some(flaw),
        Some(other) => panic!("{other:?}"),
    }
}

fn rsa(n: &[u8], e: &[u8]) -> String {
    format!(r#"{{"kty":"RSA","n":"{}","e":"{}"}}"#, b64(n), b64(e))
}

#[test]
fn sets_and_single_keys() {
    assert_eq!(refusal(&keys::jwks()), None);
    for algorithm in ALGORITHMS {
        assert_eq!(refusal(&keys::jwk(algorithm)), None, "{algorithm}");
    }
    for (text, error) in [
        ("", TrustError::Jwks(JsonFlaw::Syntax)),
        ("[]", TrustError::Jwks(JsonFlaw::NotObject)),
        (r#"{"keys":[],"keys":[]}"#, TrustError::Jwks(JsonFlaw::Duplicate)),
        ("{}", TrustError::NotKeySet),
        (r#"{"keys":{}}"#, TrustError::NotKeySet),
        (r#"{"keys":null,"kty":"oct"}"#, TrustError::NotKeySet),
        (r#"{"keys":[]}"#, TrustError::NoUsableKey),
        (r#"{"keys":[1]}"#, TrustError::Key { position: 1, flaw: KeyFlaw::NotObject }),
        (&format!("{}{}", " ".repeat(262_144), keys::jwks()), TrustError::JwksTooLong),
    ] {
        assert_eq!(refusal(text), Some(error), "{}", &text[..text.len().min(50)]);
    }
    let twice = format!(r#"{{"keys":[{0},{0}]}}"#, keys::jwk("HS256"));
    assert_eq!(refusal(&twice), Some(TrustError::DuplicateKeyId));
}

#[test]
fn keys_for_others_are_passed_over() {
    for other in [
        keys::jwk("RS256").replace(r#""use":"sig""#, r#""use":"enc""#),
        keys::jwk("RS256").replace("RS256", "RSA-OAEP"),
        keys::jwk("RS256").replace("RS256", "RS512"),
        keys::jwk("HS256").replace("HS256", "A256GCM"),
        keys::jwk("RS256").replace(r#""use":"sig""#, r#""key_ops":["encrypt"]"#),
        keys::jwk("RS256").replace(r#""use":"sig""#, r#""key_ops":[]"#),
        r#"{"kty":"EC","crv":"P-384","x":"AA","y":"AA","alg":"ES384"}"#.into(),
        r#"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#.into(),
        r#"{"kty":"OKP","crv":"X25519","x":"AA"}"#.into(),
        r#"{"kty":"OKP","crv":"Ed448","x":"AA","alg":"EdDSA"}"#.into(),
        r#"{"kty":"AKP","alg":"ML-DSA-65","pub":"AA"}"#.into(),
    ] {
        assert_eq!(flaw(&other), None, "{other}");
        assert_eq!(refusal(&format!(r#"{{"keys":[{other}]}}"#)), Some(TrustError::NoUsableKey), "{other}");
        assert_eq!(refusal(&other), Some(TrustError::NoUsableKey), "{other}");
    }
    let verifying = keys::jwk("RS256").replace(r#""use":"sig""#, r#""key_ops":["sign","verify"]"#);
    assert_eq!(refusal(&verifying), None);
}

#[test]
fn private_keys_are_refused() {
    for algorithm in ["EdDSA", "ES256", "RS256", "PS256"] {
        for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            let private = keys::jwk(algorithm).replacen('{', &format!(r#"{{"{member}":"AA","#), 1);
            let private = private.replace(r#""kid":"EdDSA","#, "");
            assert_eq!(flaw(&private), Some(KeyFlaw::Private), "{algorithm} {member}");
        }
    }
    let unused = keys::jwk("RS256").replace(r#""use":"sig""#, r#""use":"enc","d":"AA""#);
    assert_eq!(flaw(&unused), Some(KeyFlaw::Private), "even where the key would be passed over");
}

#[test]
fn weak_and_malformed_keys_are_refused() {
    let (n, e) = rsa_components();
    let mut even = n.clone();
    *even.last_mut().unwrap() &= 0xfe;
    let zero_in_front = [&[0][..], &n].concat();
    assert_eq!(flaw(&rsa(&n, &e)), None);
    assert_eq!(flaw(&rsa(&zero_in_front, &e)), None);
    assert_eq!(flaw(&rsa(&[0xff; 1024], &e)), None);
    let half = &n[..128];
    for (jwk, expected) in [
        (rsa(half, &e), KeyFlaw::RsaSize),
        (rsa(&[&[0x7f][..], &n[1..]].concat(), &e), KeyFlaw::RsaSize),
        (rsa(&[0xff; 1025], &e), KeyFlaw::RsaSize),
        (rsa(&[&[0; 256][..], half].concat(), &e), KeyFlaw::RsaSize),
        (rsa(&[], &e), KeyFlaw::RsaSize),
        (rsa(&even, &e), KeyFlaw::RsaModulus),
        (rsa(&n, &[1]), KeyFlaw::RsaExponent),
        (rsa(&n, &[3]), KeyFlaw::RsaExponent),
        (rsa(&n, &[1, 0, 0]), KeyFlaw::RsaExponent),
        (rsa(&n, &[0xff; 5]), KeyFlaw::RsaExponent),
        (rsa(&n, &[]), KeyFlaw::RsaExponent),
        (format!(r#"{{"kty":"RSA","n":"{}"}}"#, b64(&n)), KeyFlaw::Member("e")),
        (format!(r#"{{"kty":"RSA","n":"{}=","e":"AQAB"}}"#, b64(&n)), KeyFlaw::Member("n")),
        (format!(r#"{{"kty":"oct","k":"{}"}}"#, b64([7; 31])), KeyFlaw::SecretSize),
        (format!(r#"{{"kty":"oct","k":"{}"}}"#, b64([7; 32])), KeyFlaw::Placeholder),
        (r#"{"kty":"oct"}"#.into(), KeyFlaw::Member("k")),
        (format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, b64([0; 32])), KeyFlaw::Placeholder),
        (format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, b64([1; 31])), KeyFlaw::Coordinate),
        (r#"{"kty":"OKP","x":"AA"}"#.into(), KeyFlaw::Member("crv")),
        (r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#.into(), KeyFlaw::Coordinate),
        (r#"{"crv":"P-256"}"#.into(), KeyFlaw::Member("kty")),
        (r#"{"kty":1}"#.into(), KeyFlaw::Member("kty")),
        (keys::jwk("RS256").replace(r#""alg":"RS256""#, r#""alg":"HS256""#), KeyFlaw::Algorithm),
        (keys::jwk("HS256").replace(r#""alg":"HS256""#, r#""alg":"RS256""#), KeyFlaw::Algorithm),
        (keys::jwk("HS256").replace(r#""alg":"HS256""#, r#""alg":"PS256""#), KeyFlaw::Algorithm),
        (keys::jwk("ES256").replace(r#""alg":"ES256""#, r#""alg":"EdDSA""#), KeyFlaw::Algorithm),
        (keys::jwk("RS256").replace(r#""alg":"RS256""#, r#""alg":1"#), KeyFlaw::Member("alg")),
        (keys::jwk("RS256").replace(r#""use":"sig""#, r#""use":["sig"]"#), KeyFlaw::Member("use")),
        (keys::jwk("RS256").replace(r#""use":"sig""#, r#""key_ops":"verify""#), KeyFlaw::Member("key_ops")),
        (keys::jwk("RS256").replace(r#""kid":"RS256""#, r#""kid":7"#), KeyFlaw::Member("kid")),
        (
            keys::jwk("RS256").replace(r#""kid":"RS256""#, &format!(r#""kid":"{}""#, "k".repeat(257))),
            KeyFlaw::Member("kid"),
        ),
    ] {
        assert_eq!(flaw(&jwk), Some(expected), "{jwk}");
    }
}

#[test]
fn the_kind_of_key_is_the_default_algorithm() {
    for (algorithm, default) in
        [("EdDSA", "EdDSA"), ("ES256", "ES256"), ("RS256", "RS256"), ("HS256", "HS256"), ("PS256", "RS256")]
    {
        let bare = keys::jwk(algorithm).replace(&format!(r#""alg":"{algorithm}","#), "");
        let trusted = Issuers::new(vec![Issuer::new(&spec(&bare)).unwrap()]);
        let head = format!(r#"{{"alg":"{default}","kid":"{algorithm}"}}"#);
        assert!(check(&sign(default, head, claims_with("")), &trusted).is_ok(), "{algorithm}");
    }
    let bare = keys::jwk("PS256").replace(r#""alg":"PS256","#, "");
    let trusted = Issuers::new(vec![Issuer::new(&spec(&bare)).unwrap()]);
    let verdict = check(&sign("PS256", header("PS256"), claims_with("")), &trusted);
    assert_eq!(verdict, Err(TokenError::AlgorithmMismatch), "PS256 needs an alg");
}
