//! The certificate of destruction: what was destroyed, when, and by whom, signed by the installation.

use super::id::KeyId;
use super::signing::{SigningKey, is_signed_by};
use super::state::Purpose;
use crate::token::is_unambiguous;
use crate::{Code, Fault};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use uuid::Uuid;

const FORMAT: &str = "watertight.destruction.v1";
const ALGORITHM: &str = "Ed25519";
/// What is signed begins with this, so that no other signature of the same key is one of a certificate.
const DOMAIN: &str = "watertight certificate of destruction\n";

/// Whose keys were destroyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// All of a tenant.
    Tenant {
        /// Its id.
        id: Uuid,
        /// Its name.
        name: String,
    },
    /// A compartment's.
    Compartment {
        /// Its id.
        id: Uuid,
        /// Its name.
        name: String,
        /// The tenant.
        tenant: Uuid,
    },
}

/// One key that was destroyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestroyedKey {
    /// Its id.
    pub id: KeyId,
    /// What it was for.
    pub purpose: Purpose,
    /// Where in the tenant; nil for global.
    pub compartment: Uuid,
    /// Its version, for keys that have one.
    pub version: Option<u32>,
    /// Its check value; `None` if it could not be opened any more.
    pub check: Option<String>,
}

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The installation.
    pub installation: Uuid,
    /// Whose keys.
    pub subject: Subject,
    /// When, in RFC 3339.
    pub destroyed_at: String,
    /// The role that asked for it.
    pub destroyed_by: String,
    /// The keys.
    pub keys: Vec<DestroyedKey>,
}

/// What a certificate that was verified says, as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCertificate(pub Value);

impl Certificate {
    fn content(&self) -> Value {
        let subject = match &self.subject {
            Subject::Tenant { id, name } => json!({ "tenant": id.to_string(), "name": name }),
            Subject::Compartment { id, name, tenant } => {
                json!({ "tenant": tenant.to_string(), "compartment": id.to_string(), "name": name })
            }
        };
        let mut keys: Vec<&DestroyedKey> = self.keys.iter().collect();
        keys.sort_unstable_by_key(|key| key.id);
        let keys: Vec<Value> = keys
            .into_iter()
            .map(|key| {
                json!({
                    // A number of 63 bits is not one that every JSON reader keeps.
                    "id": key.id.to_string(),
                    "purpose": key.purpose.as_str(),
                    "compartment": key.compartment.to_string(),
                    "version": key.version,
                    "check": key.check,
                })
            })
            .collect();
        json!({
            "format": FORMAT,
            "installation": self.installation.to_string(),
            "subject": subject,
            "destroyed_at": self.destroyed_at,
            "destroyed_by": self.destroyed_by,
            "keys": keys,
        })
    }

    /// The signed certificate, as JSON: the same bytes for the same content and key.
    pub fn sign(&self, key: &SigningKey) -> String {
        let content = self.content();
        let signature = key.sign(message(&content).as_bytes());
        let document = json!({
            "certificate": content,
            "signature": {
                "algorithm": ALGORITHM,
                "public_key": key.public().as_ref().map(encode_public_key),
                "value": URL_SAFE_NO_PAD.encode(signature),
            },
        });
        canonical(&document)
    }
}

/// A public key as certificates have it.
pub fn encode_public_key(key: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

/// The public key that a certificate, or whoever checks one, names.
pub fn public_key(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text.trim()).ok()?.try_into().ok()
}

impl VerifiedCertificate {
    /// What a certificate says, if the key with this public part has signed it. Spaces and the order of names do not matter, so a
    /// certificate may have been stored as `jsonb`.
    ///
    /// # Errors
    /// 22023 for everything else.
    pub fn verify(document: &str, public: &[u8; 32]) -> Result<Self, Fault> {
        let refuse = |detail: &str| {
            Fault::new(Code::InvalidParameter, "the certificate is not genuine").detail(detail.to_owned())
        };
        if !is_unambiguous(document) {
            return Err(refuse("It is not JSON that every reader reads alike."));
        }
        let mut document: Value =
            serde_json::from_str(document).map_err(|_| refuse("It is not a certificate of destruction."))?;
        let content = document.get_mut("certificate").map(Value::take).unwrap_or_default();
        let signature = document.get("signature").unwrap_or(&Value::Null);
        let text = |name: &str| signature.get(name).and_then(Value::as_str).unwrap_or_default();
        if content.get("format").and_then(Value::as_str) != Some(FORMAT) || text("algorithm") != ALGORITHM {
            return Err(refuse("It is not a certificate of destruction."));
        }
        let value = URL_SAFE_NO_PAD.decode(text("value")).unwrap_or_default();
        if public_key(text("public_key")) != Some(*public) {
            return Err(refuse("It says that another key has signed it than the one it is checked with."));
        }
        if !is_signed_by(public, message(&content).as_bytes(), &value) {
            return Err(refuse(
                "Its signature is not that key's on what it says: it was changed, or somebody else has made it.",
            ));
        }
        Ok(VerifiedCertificate(content))
    }
}

fn message(content: &Value) -> String {
    format!("{DOMAIN}{}", canonical(content))
}

/// Without spaces, names in the order of their bytes: what RFC 8785 makes of JSON whose numbers are small integers.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            let members: Vec<String> = members
                .into_iter()
                .map(|(name, value)| format!("{}:{}", Value::String(name.clone()), canonical(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(elements) => {
            format!("[{}]", elements.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        scalar => scalar.to_string(),
    }
}
