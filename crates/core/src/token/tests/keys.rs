//! Keys made for one test run.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::LazyLock;

pub const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

pub static ED: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::generate().unwrap());
pub static EC: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());
pub static RSA: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

pub const ALGORITHMS: [&str; 5] = ["EdDSA", "ES256", "RS256", "PS256", "HS256"];

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Modulus and exponent of the RSA key.
pub fn rsa_components() -> (Vec<u8>, Vec<u8>) {
    let public: PublicKeyComponents<Vec<u8>> = RSA.public_key().into();
    (public.n, public.e)
}

/// The DER form of the RSA public key: what an attacker would use as an HMAC secret.
#[allow(dead_code)]
pub fn rsa_der() -> Vec<u8> {
    let der: aws_lc_rs::encoding::PublicKeyX509Der = RSA.public_key().as_der().unwrap();
    der.as_ref().to_vec()
}

/// The public JWK for an algorithm; its `kid` is the algorithm's name.
pub fn jwk(algorithm: &str) -> String {
    let material = match algorithm {
        "EdDSA" => format!(r#""kty":"OKP","crv":"Ed25519","x":"{}""#, b64(ED.public_key())),
        "ES256" => {
            let point = EC.public_key().as_ref();
            format!(r#""kty":"EC","crv":"P-256","x":"{}","y":"{}""#, b64(&point[1..33]), b64(&point[33..]))
        }
        "RS256" | "PS256" => {
            let (n, e) = rsa_components();
            format!(r#""kty":"RSA","n":"{}","e":"{}""#, b64(n), b64(e))
        }
        "HS256" => format!(r#""kty":"oct","k":"{}""#, b64(SECRET)),
        other => unreachable!("{other}"),
    };
    format!(r#"{{{material},"alg":"{algorithm}","kid":"{algorithm}","use":"sig"}}"#)
}

/// A key set with a key for each algorithm.
pub fn jwks() -> String {
    format!(r#"{{"keys":[{}]}}"#, ALGORITHMS.map(jwk).join(","))
}

/// Signs any header and payload.
pub fn sign(algorithm: &str, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    let message = format!("{}.{}", b64(header), b64(payload));
    let rng = SystemRandom::new();
    let rsa = |encoding: &'static dyn RsaEncoding| {
        let mut signature = vec![0; RSA.public_modulus_len()];
        RSA.sign(encoding, &rng, message.as_bytes(), &mut signature).unwrap();
        signature
    };
    let signature = match algorithm {
        "EdDSA" => ED.sign(message.as_bytes()).as_ref().to_vec(),
        "ES256" => EC.sign(&rng, message.as_bytes()).unwrap().as_ref().to_vec(),
        "RS256" => rsa(&RSA_PKCS1_SHA256),
        "PS256" => rsa(&RSA_PSS_SHA256),
        "HS256" => hmac(SECRET, &message),
        other => unreachable!("{other}"),
    };
    format!("{message}.{}", b64(signature))
}

pub fn hmac(secret: &[u8], message: &str) -> Vec<u8> {
    use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
    sign(&Key::new(HMAC_SHA256, secret), message.as_bytes()).as_ref().to_vec()
}

/// A header for an algorithm.
pub fn header(algorithm: &str) -> String {
    format!(r#"{{"alg":"{algorithm}","typ":"JWT","kid":"{algorithm}"}}"#)
}
