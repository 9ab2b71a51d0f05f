//! Keys and tokens for the demo, the tests and the benchmarks. Not part of the product: no server loads this.
//!
//! ```
//! use watertight_mint::{Algorithm, Claims, Key, jwks};
//!
//! let key = Key::generate(Algorithm::EdDsa, "k1");
//! let trust_this = jwks(&[&key]);
//! let token = key.sign(&Claims::new("https://id.example").tenant("acme").user("alice").build());
//! assert_eq!(token.split('.').count(), 3);
//! assert_eq!(trust_this["keys"][0]["kid"], "k1");
//! ```
#![forbid(unsafe_code)]

mod algorithm;
mod claims;
mod error;
pub mod hostile;
mod jwk;
mod key;
pub mod store;

pub use algorithm::Algorithm;
pub use claims::Claims;
pub use error::MintError;
pub use jwk::jwks;
pub use key::Key;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Base64url without padding, as every part of a token is written.
pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The inverse of [`b64`].
///
/// # Errors
/// [`MintError::Input`] when the text is not base64url without padding.
pub fn unb64(text: &str) -> Result<Vec<u8>, MintError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| MintError::Input("not base64url without padding".into()))
}

/// Seconds since 1970 by the clock of this machine.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
}
