//! The key decides the algorithm, and only its signature counts.

use super::*;

#[test]
fn every_algorithm_verifies() {
    let trusted = issuers(|_| {});
    for algorithm in ALGORITHMS {
        let facts = check(&sign(algorithm, header(algorithm), claims_with("")), &trusted).unwrap();
        assert_eq!(facts.issuer, ISSUER, "{algorithm}");
        assert_eq!(facts.tenant, TenantClaim::Name("acme".into()));
    }
}

#[test]
fn any_changed_character_is_refused() {
    let trusted = issuers(|_| {});
    for algorithm in ALGORITHMS {
        let token = sign(algorithm, header(algorithm), claims_with(""));
        for at in (0..token.len()).step_by(7) {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(check(&changed, &trusted).is_err(), "{algorithm}, position {at}");
        }
    }
}

#[test]
fn alg_none_is_refused() {
    let trusted = issuers(|_| {});
    for alg in ["none", "None", "NONE", "nOnE"] {
        for kid in ["", r#","kid":"HS256""#] {
            let message = format!("{}.{}", b64(format!(r#"{{"alg":"{alg}"{kid}}}"#)), b64(claims_with("")));
            for signature in ["", "AAAA"] {
                let verdict = check(&format!("{message}.{signature}"), &trusted);
                assert_eq!(verdict, Err(TokenError::UnsupportedAlgorithm), "{alg}");
            }
        }
    }
}

#[test]
fn rsa_public_key_as_hmac_secret_is_refused() {
    let rs = keys::jwk("RS256");
    let only_rsa = Issuers::new(vec![Issuer::new(&spec(&rs)).unwrap()]);
    let (n, _) = rsa_components();
    for secret in [rsa_der(), n, rs.clone().into_bytes()] {
        for (head, error) in [
            (r#"{"alg":"HS256","kid":"RS256"}"#, TokenError::AlgorithmMismatch),
            (r#"{"alg":"HS256"}"#, TokenError::AmbiguousKey),
        ] {
            let message = format!("{}.{}", b64(head), b64(claims_with("")));
            let token = format!("{message}.{}", b64(hmac(&secret, &message)));
            assert_eq!(check(&token, &only_rsa), Err(error));
        }
    }
}

#[test]
fn the_header_cannot_choose_another_algorithm() {
    let trusted = issuers(|_| {});
    for key in ALGORITHMS {
        for named in ALGORITHMS {
            let head = format!(r#"{{"alg":"{named}","kid":"{key}"}}"#);
            let verdict = check(&sign(key, head, claims_with("")), &trusted);
            if key == named {
                assert!(verdict.is_ok())
            } else {
                assert_eq!(verdict, Err(TokenError::AlgorithmMismatch))
            }
        }
    }
    for unsupported in
        ["HS384", "HS512", "RS384", "RS512", "PS512", "ES384", "ES256K", "Ed25519", "hs256", "", "HS256 "]
    {
        let head = format!(r#"{{"alg":"{unsupported}","kid":"HS256"}}"#);
        assert_eq!(
            check(&sign("HS256", head, claims_with("")), &trusted),
            Err(TokenError::UnsupportedAlgorithm)
        );
    }
}

#[test]
fn key_ids_select_exactly() {
    let trusted = issuers(|_| {});
    for kid in ["other", "HS256 ", "hs256", "", "../../etc/passwd", "' OR 1=1 --", "HS256\\u0020"] {
        let head = format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#);
        assert_eq!(
            check(&sign("HS256", head, claims_with("")), &trusted),
            Err(TokenError::UnknownKey),
            "{kid}"
        );
    }
    for kid in [r#"7"#, "null", r#"["HS256"]"#, "{}", &format!("\"{}\"", "k".repeat(257))] {
        let head = format!(r#"{{"alg":"HS256","kid":{kid}}}"#);
        assert_eq!(check(&sign("HS256", head, claims_with("")), &trusted), Err(TokenError::KeyId), "{kid}");
    }
}

#[test]
fn without_a_key_id_only_a_single_candidate_will_do() {
    let bare = r#"{"alg":"HS256"}"#;
    assert!(check(&sign("HS256", bare, claims_with("")), &issuers(|_| {})).is_ok());

    let second = keys::jwk("HS256").replace(r#""kid":"HS256""#, r#""kid":"second""#);
    let two = format!(r#"{{"keys":[{},{second}]}}"#, keys::jwk("HS256"));
    let two = Issuers::new(vec![Issuer::new(&spec(&two)).unwrap()]);
    assert_eq!(check(&sign("HS256", bare, claims_with("")), &two), Err(TokenError::AmbiguousKey));
    assert!(check(&sign("HS256", header("HS256"), claims_with("")), &two).is_ok());
}

#[test]
fn a_key_of_another_issuer_does_not_count() {
    let (a, b) = (keys::jwk("HS256"), keys::jwk("EdDSA"));
    let mut other = spec(&b);
    other.issuer = "https://other.example";
    let both = Issuers::new(vec![Issuer::new(&spec(&a)).unwrap(), Issuer::new(&other).unwrap()]);
    assert_eq!(check(&sign("EdDSA", header("EdDSA"), claims_with("")), &both), Err(TokenError::UnknownKey));
    let foreign = claims_with("").replace(ISSUER, "https://other.example");
    assert!(check(&sign("EdDSA", header("EdDSA"), &foreign), &both).is_ok());
    assert_eq!(check(&sign("HS256", header("HS256"), &foreign), &both), Err(TokenError::UnknownKey));
}

#[test]
fn a_cut_or_extended_signature_is_refused() {
    let trusted = issuers(|_| {});
    for algorithm in ALGORITHMS {
        let token = sign(algorithm, header(algorithm), claims_with(""));
        let (message, signature) = token.rsplit_once('.').unwrap();
        for changed in
            [String::new(), signature[..4].to_owned(), format!("{signature}AAAA"), signature.repeat(2)]
        {
            assert!(check(&format!("{message}.{changed}"), &trusted).is_err());
        }
    }
}
