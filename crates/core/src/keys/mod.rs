//! Keys: what is sealed under which key, in which form, and what remains of a key that is destroyed.
//!
//! * **Keys never leave by accident.** [`Secret`], [`Sealer`] and [`IndexKey`] are zeroised on drop, cannot be copied, have no
//!   `Display`, and a `Debug` that says nothing.
//! * **A nonce seals once.** [`Nonces`] is the only source of a [`Nonce`], and sealing consumes it.
//! * **A value names its key**, and the tag covers everything around the ciphertext: kind, key, blind index, tenant, compartment.
//!
//! `docs/design/keys.md` has the reasons.

mod certificate;
mod check;
mod gcm;
mod id;
mod index;
mod master;
mod nonces;
mod rules;
mod sealed;
mod sealer;
mod secret;
mod signing;
mod state;
#[cfg(test)]
mod tests;
mod text_form;
pub mod uses;
mod wrap;

pub use certificate::{
    Certificate, DestroyedKey, Subject, VerifiedCertificate, encode_public_key, public_key,
};
pub use check::check_value;
pub use id::KeyId;
pub use index::{BLIND_INDEX_BYTES, BlindIndex, IndexKey};
pub use master::{MAX_MASTER_BYTES, MAX_MASTER_VERSIONS, MasterKey, MasterState, parse_master};
pub use nonces::{NONCE_BYTES, Nonce, Nonces};
pub use rules::{
    Called, Holder, Keeper, Opening, in_alter_table, invalid, literal_kept, malformed, may_open, no_context,
    not_genuine, not_sealed, opened_for_all, opened_value_kept, sealed_form_only, sealed_form_refused,
    shredded, unknown_key,
};
pub use sealed::{
    KEY_PREFIX, Kind, Malformed, SEARCH_PREFIX, Sealed, TAG_BYTES, probe, sealed_len, search_hash,
    search_hash_extended, search_key,
};
pub use sealer::{NotGenuine, Sealer};
pub use secret::{SECRET_BYTES, Secret};
pub use signing::SigningKey;
pub use state::{Purpose, State};
pub use text_form::{
    TEXT_PREFIX, decode_text, decoded_text_len, encode_text, encoded_text_len, is_text_form,
};
pub use wrap::{WRAPPED_BYTES, Wrapped, unwrap, wrap};
