//! A signing key: made, kept as PKCS #8 (or a bare secret for HS256), and used.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use aws_lc_rs::{hmac, rsa};
use serde_json::{Value, json};

use crate::{Algorithm, MintError, b64};

/// A signing key with its algorithm and key id.
pub struct Key {
    algorithm: Algorithm,
    kid: String,
    secret: Secret,
}

enum Secret {
    Ed25519 { pair: Ed25519KeyPair, pkcs8: Vec<u8> },
    P256 { pair: EcdsaKeyPair, pkcs8: Vec<u8> },
    Rsa { pair: RsaKeyPair, pkcs8: Vec<u8> },
    Hmac(Vec<u8>),
}

impl Key {
    /// Makes a new key. RSA keys have 2048 bits, HS256 secrets 32 bytes.
    ///
    /// # Panics
    /// When the machine has no random numbers to give.
    #[allow(
        clippy::expect_used,
        reason = "a development tool: without random numbers there is nothing to do"
    )]
    pub fn generate(algorithm: Algorithm, kid: &str) -> Key {
        let private = fresh_private(algorithm).expect("key generation");
        Key::from_private(algorithm, kid, &private).expect("a key just made is well-formed")
    }

    /// A key from what [`Key::private`] gave.
    ///
    /// # Errors
    /// [`MintError::Crypto`] when the bytes are no key of that algorithm.
    pub fn from_private(algorithm: Algorithm, kid: &str, private: &[u8]) -> Result<Key, MintError> {
        let bytes = private.to_vec();
        let secret = match algorithm {
            Algorithm::EdDsa => {
                let pair =
                    Ed25519KeyPair::from_pkcs8(private).map_err(|_| MintError::Crypto("Ed25519 key"))?;
                Secret::Ed25519 { pair, pkcs8: bytes }
            }
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, private)
                    .map_err(|_| MintError::Crypto("P-256 key"))?;
                Secret::P256 { pair, pkcs8: bytes }
            }
            Algorithm::Rs256 | Algorithm::Ps256 => {
                let pair = RsaKeyPair::from_pkcs8(private).map_err(|_| MintError::Crypto("RSA key"))?;
                Secret::Rsa { pair, pkcs8: bytes }
            }
            Algorithm::Hs256 => Secret::Hmac(bytes),
        };
        Ok(Key { algorithm, kid: kid.to_owned(), secret })
    }

    /// The algorithm the key signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key id.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The same key material under another key id.
    ///
    /// # Errors
    /// [`MintError::Crypto`], which does not happen for a key that exists.
    pub fn renamed(&self, kid: &str) -> Result<Key, MintError> {
        Key::from_private(self.algorithm, kid, self.private())
    }

    /// PKCS #8, or the bare secret of an HS256 key.
    pub fn private(&self) -> &[u8] {
        match &self.secret {
            Secret::Ed25519 { pkcs8, .. } | Secret::P256 { pkcs8, .. } | Secret::Rsa { pkcs8, .. } => pkcs8,
            Secret::Hmac(secret) => secret,
        }
    }

    /// The JWK a verifier is given. For HS256 that is the secret itself.
    pub fn jwk(&self) -> Value {
        let mut jwk = match &self.secret {
            Secret::Ed25519 { pair, .. } => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": b64(pair.public_key())})
            }
            Secret::P256 { pair, .. } => {
                // An uncompressed point: 0x04, x, y.
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..65])})
            }
            Secret::Rsa { pair, .. } => {
                let public = pair.public_key();
                json!({"kty": "RSA", "n": b64(public.modulus().big_endian_without_leading_zero()),
                       "e": b64(public.exponent().big_endian_without_leading_zero())})
            }
            Secret::Hmac(secret) => json!({"kty": "oct", "k": b64(secret)}),
        };
        jwk["kid"] = json!(self.kid);
        jwk["alg"] = json!(self.algorithm.name());
        jwk["use"] = json!("sig");
        jwk
    }

    /// The public key as X.509 SubjectPublicKeyInfo; an empty list for HS256, which has none.
    ///
    /// # Errors
    /// [`MintError::Crypto`] when the library cannot write it.
    pub fn public_der(&self) -> Result<Vec<u8>, MintError> {
        let der = match &self.secret {
            Secret::Ed25519 { pair, .. } => pair.public_key().as_der(),
            Secret::P256 { pair, .. } => pair.public_key().as_der(),
            Secret::Rsa { pair, .. } => pair.public_key().as_der(),
            Secret::Hmac(_) => return Ok(Vec::new()),
        };
        der.map(|d| d.as_ref().to_vec()).map_err(|_| MintError::Crypto("public key"))
    }

    /// The header [`Key::sign`] writes.
    pub fn header(&self) -> Value {
        json!({"typ": "JWT", "alg": self.algorithm.name(), "kid": self.kid})
    }

    /// A token with the usual header.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(&self.header(), claims)
    }

    /// A token with a header of the caller's choice; the signature is still made with this key's algorithm.
    pub fn sign_with(&self, header: &Value, claims: &Value) -> String {
        self.sign_bytes(header.to_string().as_bytes(), claims.to_string().as_bytes())
    }

    /// A token of raw header and payload bytes: JSON or not, with duplicate members or none.
    pub fn sign_bytes(&self, header: &[u8], payload: &[u8]) -> String {
        let signed = format!("{}.{}", b64(header), b64(payload));
        let signature = self.signature(signed.as_bytes());
        format!("{signed}.{}", b64(signature))
    }

    /// The signature of a message.
    ///
    /// # Panics
    /// When the machine has no random numbers to give.
    #[allow(
        clippy::expect_used,
        reason = "a development tool: without random numbers there is nothing to do"
    )]
    pub fn signature(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.secret {
            Secret::Ed25519 { pair, .. } => pair.sign(message).as_ref().to_vec(),
            Secret::P256 { pair, .. } => {
                pair.sign(&random, message).expect("ECDSA signature").as_ref().to_vec()
            }
            Secret::Rsa { pair, .. } => {
                let padding: &dyn signature::RsaEncoding = match self.algorithm {
                    Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut out = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut out).expect("RSA signature");
                out
            }
            Secret::Hmac(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::sign(&key, message).as_ref().to_vec()
            }
        }
    }
}

fn fresh_private(algorithm: Algorithm) -> Result<Vec<u8>, aws_lc_rs::error::Unspecified> {
    let random = SystemRandom::new();
    Ok(match algorithm {
        Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&random)?.as_ref().to_vec(),
        Algorithm::Es256 => {
            EcdsaKeyPair::generate_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &random)?
                .as_ref()
                .to_vec()
        }
        Algorithm::Rs256 | Algorithm::Ps256 => {
            rsa::KeyPair::generate(rsa::KeySize::Rsa2048)?.as_der()?.as_ref().to_vec()
        }
        Algorithm::Hs256 => {
            let mut secret = vec![0; 32];
            random.fill(&mut secret)?;
            secret
        }
    })
}
