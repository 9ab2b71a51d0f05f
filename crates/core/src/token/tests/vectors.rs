//! The examples of the RFCs.

use super::algorithm::Algorithm;
use super::jwks::KeySet;
use super::*;

const PAYLOAD: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

fn joe(jwk: &str, head: &str, signature: &str) {
    let mut spec = spec(jwk);
    (spec.issuer, spec.claims) = ("joe", r#"{"tenant":"iss"}"#);
    let trusted = Issuers::new(vec![Issuer::new(&spec).unwrap()]);
    let token = format!("{head}.{PAYLOAD}.{signature}");
    let facts = verify(&token, &trusted, LIMITS, Clock::At(1_300_819_379)).unwrap();
    assert_eq!(facts.tenant, TenantClaim::Name("joe".into()));
    let late = verify(&token, &trusted, LIMITS, Clock::At(1_300_819_410));
    assert_eq!(late, Err(TokenError::Expired { seconds: 30 }));
}

#[test]
fn rfc_7515_a1_hs256() {
    joe(
        r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    );
}

#[test]
fn rfc_7515_a2_rs256() {
    joe(
        concat!(
            r#"{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPM"#,
            "EzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-",
            "KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkM",
            r#"Ls91kzk2PAcDTW9gb54h4FRWyuXpoQ"}"#,
        ),
        "eyJhbGciOiJSUzI1NiJ9",
        concat!(
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZ",
            "cAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-e",
            "OkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        ),
    );
}

#[test]
fn rfc_7515_a3_es256() {
    joe(
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
        "eyJhbGciOiJFUzI1NiJ9",
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    );
}

#[test]
fn rfc_7515_a5_unsecured() {
    let trusted = issuers(|_| {});
    let token = format!("eyJhbGciOiJub25lIn0.{PAYLOAD}.");
    assert_eq!(check(&token, &trusted), Err(TokenError::UnsupportedAlgorithm));
}

/// Its payload is a sentence, not claims, so the signature is checked by itself.
#[test]
fn rfc_8037_a4_ed25519() {
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let keys = KeySet::parse(jwk).unwrap();
    let key = keys.select(None, Algorithm::EdDsa).unwrap();
    let verdict = jsonwebtoken::crypto::verify(
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
        &key.verifier,
        key.algorithm.backend(),
    );
    assert!(verdict.unwrap());
}
