//! What sealing costs over the bare cipher: `cargo bench -p watertight-core --bench seal`.
//!
//! *bare*: the aes-gcm crate on a cached key schedule, with a fresh nonce of the system for each value, into one reused buffer and with
//! associated data of the same length. Rounds of all candidates are interleaved, so that a change of the machine's speed meets all; the
//! medians are printed.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit};
use std::hint::black_box;
use support::interleaved;
use uuid::Uuid;
use watertight_core::keys::{IndexKey, KeyId, Kind, Nonces, Sealed, Sealer, Secret, sealed_len};

/// Kind, key, tenant, compartment.
const ADDITIONAL: [u8; 41] = [7; 41];

fn main() {
    let key = Secret::copied(&(1..33).collect::<Vec<u8>>()).unwrap();
    let sealer = Sealer::new(KeyId::new(42).unwrap(), Uuid::from_u128(1), Uuid::nil(), &key);
    let index_key = IndexKey::new(&key);
    let cipher = Aes256Gcm::new(key.expose().into());
    println!(
        "bytes   bare seal   bare, no nonce      seal   ratio   searchable   bare open      open   ratio"
    );
    for length in [0, 16, 32, 64, 128, 256, 1024, 65_536] {
        let plaintext = vec![b'x'; length];
        let mut bare_out = vec![0; length];
        let mut fixed_out = vec![0; length];
        let mut out = vec![0; sealed_len(Kind::Text, length)];
        let mut searchable = vec![0; sealed_len(Kind::Searchable, length)];
        let (mut nonces, mut more_nonces) = (Nonces::new(), Nonces::new());
        let seal = |nonces: &mut Nonces, out: &mut [u8]| {
            let nonce = nonces.next(|bytes| getrandom::fill(bytes).is_ok()).unwrap();
            assert!(sealer.seal_into(Kind::Text, None, b"", nonce, black_box(&plaintext), out));
        };
        let mut sealed = vec![0; sealed_len(Kind::Text, length)];
        seal(&mut nonces, &mut sealed);
        let mut ciphertext = vec![0; length];
        let fixed = [5; 12];
        let buffer = InOutBuf::new(&plaintext, &mut ciphertext).unwrap();
        let tag = cipher.encrypt_inout_detached(&fixed.into(), &ADDITIONAL, buffer).unwrap();
        let mut opened = vec![0; length];
        let mut bare_opened = vec![0; length];
        let [bare, fixed_nonce, ours, with_index, bare_open, open] = interleaved([
            &mut || {
                let mut nonce = [0; 12];
                getrandom::fill(&mut nonce).unwrap();
                let buffer = InOutBuf::new(black_box(&plaintext), &mut bare_out).unwrap();
                black_box(cipher.encrypt_inout_detached(&nonce.into(), &ADDITIONAL, buffer).unwrap());
            },
            &mut || {
                let buffer = InOutBuf::new(black_box(&plaintext), &mut fixed_out).unwrap();
                black_box(cipher.encrypt_inout_detached(&fixed.into(), &ADDITIONAL, buffer).unwrap());
            },
            &mut || seal(&mut nonces, &mut out),
            &mut || {
                let nonce = more_nonces.next(|bytes| getrandom::fill(bytes).is_ok()).unwrap();
                let index = index_key.of(black_box(&plaintext));
                let kind = Kind::Searchable;
                assert!(sealer.seal_into(kind, Some(&index), b"", nonce, &plaintext, &mut searchable));
            },
            &mut || {
                let buffer = InOutBuf::new(black_box(&ciphertext), &mut bare_opened).unwrap();
                cipher.decrypt_inout_detached(&fixed.into(), &ADDITIONAL, buffer, &tag).unwrap();
            },
            &mut || {
                let sealed = Sealed::parse(black_box(&sealed)).unwrap();
                sealer.open_into(&sealed, b"", &mut opened).unwrap();
            },
        ]);
        println!(
            "{length:5} {bare:8.0} ns {fixed_nonce:13.0} ns {ours:6.0} ns {:7.2} {with_index:9.0} ns {bare_open:8.0} ns {open:6.0} ns {:7.2}",
            ours / bare,
            open / bare_open
        );
    }
}
