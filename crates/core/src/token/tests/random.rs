//! Whatever is not the signed token is refused, and nothing panics.

use super::*;
use proptest::prelude::*;
use std::sync::LazyLock;

static TRUSTED: LazyLock<Issuers> = LazyLock::new(|| issuers(|_| {}));
static TOKENS: LazyLock<[String; 5]> = LazyLock::new(|| {
    ALGORITHMS.map(|algorithm| sign(algorithm, header(algorithm), claims_with(r#""sub":"u""#)))
});

proptest! {
    #[test]
    fn arbitrary_text(text in any::<String>()) {
        prop_assert!(check(&text, &TRUSTED).is_err());
        let _ = (find(text.as_bytes(), 0), payload(&text));
    }

    #[test]
    fn arbitrary_segments(text in "eyJ[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,80}") {
        prop_assert!(check(&text, &TRUSTED).is_err());
    }

    #[test]
    fn arbitrary_unsigned_claims(payload in "\\{\"iss\":\"https://id.example\",\"tenant\":\"a\",\"exp\":[0-9]{10}(,\"[a-z]{1,4}\":[0-9\"a-z{}\\[\\]]{0,9}){0,4}\\}") {
        for algorithm in ALGORITHMS {
            let message = format!("{}.{}", b64(header(algorithm)), b64(&payload));
            let forged = check(&format!("{message}.{}", "A".repeat(86)), &TRUSTED);
            prop_assert!(forged.is_err());
        }
        // Signed, it may be good or bad, but never a panic.
        let _ = check(&sign("HS256", header("HS256"), &payload), &TRUSTED);
    }

    #[test]
    fn mutated_tokens(which in 0usize..5, at in any::<prop::sample::Index>(), with in "[A-Za-z0-9_.-]{0,3}", cut in 0usize..3) {
        let token = &TOKENS[which];
        let start = at.index(token.len());
        let end = (start + cut).min(token.len());
        let mutated = format!("{}{with}{}", &token[..start], &token[end..]);
        prop_assert!(mutated == *token || check(&mutated, &TRUSTED).is_err());
    }

    #[test]
    fn arbitrary_key_sets(text in "\\{\"keys\":\\[(\\{(\"(kty|crv|alg|use|kid|n|e|x|y|k|d)\":\"(RSA|EC|OKP|oct|P-256|Ed25519|[A-Za-z0-9_-]{0,50})\",?){0,5}\\},?){0,3}\\]\\}", any in any::<String>()) {
        let _ = Issuer::new(&spec(&text));
        let _ = Issuer::new(&spec(&any));
        let jwk = keys::jwk("HS256");
        let mut with_claims = spec(&jwk);
        with_claims.claims = &any;
        let _ = Issuer::new(&with_claims);
    }
}
