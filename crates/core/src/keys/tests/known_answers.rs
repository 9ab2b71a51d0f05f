//! Known answers, through the very functions that ship.

use crate::keys::gcm::Schedule;
use crate::keys::{IndexKey, KeyId, Kind, Nonce, Sealed, Sealer, Secret, check_value, sealed_len};
use hmac::Mac;
use uuid::Uuid;

pub fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "{text}");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

struct Vector {
    key: Secret,
    nonce: [u8; 12],
    plaintext: Vec<u8>,
    additional: Vec<u8>,
    /// With the tag.
    sealed: Vec<u8>,
}

fn vectors() -> Vec<Vector> {
    let text = include_str!("gcmEncryptExtIV256.rsp");
    let blocks = text.split("\n\n").filter(|block| block.contains("Key = "));
    blocks
        .map(|block| {
            let field = |name: &str| {
                let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" ="));
                unhex(line.unwrap().trim())
            };
            Vector {
                key: Secret::copied(&field("Key")).unwrap(),
                nonce: field("IV").try_into().unwrap(),
                plaintext: field("PT"),
                additional: field("AAD"),
                sealed: [field("CT"), field("Tag")].concat(),
            }
        })
        .collect()
}

fn open(schedule: &Schedule, vector: &Vector, sealed: &[u8], additional: &[u8]) -> Option<Vec<u8>> {
    let (ciphertext, tag) = sealed.split_last_chunk().unwrap();
    let mut out = vec![0xaa; ciphertext.len()];
    let opened = schedule.open(&vector.nonce, additional, ciphertext, tag, &mut out);
    assert!(opened.is_some() || out.iter().all(|byte| *byte == 0), "a refused value leaves nothing");
    opened.map(|()| out)
}

#[test]
fn nist_cavp_seals_and_opens() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 375);
    for vector in &vectors {
        let schedule = Schedule::new(&vector.key);
        let mut out = vec![0; vector.sealed.len()];
        schedule.seal(&vector.nonce, &vector.additional, &vector.plaintext, &mut out).unwrap();
        assert_eq!(out, vector.sealed);
        assert_eq!(
            open(&schedule, vector, &vector.sealed, &vector.additional).as_ref(),
            Some(&vector.plaintext)
        );
    }
}

#[test]
fn nist_cavp_with_one_bit_changed_is_refused() {
    for vector in &vectors() {
        let schedule = Schedule::new(&vector.key);
        for bit in 0..vector.sealed.len() * 8 {
            let mut changed = vector.sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&schedule, vector, &changed, &vector.additional), None);
        }
        let longer = [&vector.additional[..], &[0]].concat();
        assert_eq!(open(&schedule, vector, &vector.sealed, &longer), None);
        if let Some((_, shorter)) = vector.additional.split_last() {
            assert_eq!(open(&schedule, vector, &vector.sealed, shorter), None);
        }
    }
}

/// What a sealed value consists of, against the bare cipher: the design page's format, byte by byte.
#[test]
fn a_sealed_value_is_what_the_design_says() {
    use aes_gcm::aead::{AeadInOut, KeyInit};
    let key = Secret::copied(&(0..32).collect::<Vec<u8>>()).unwrap();
    let (tenant, compartment) = (Uuid::from_u128(0x1111), Uuid::from_u128(0x2222));
    let sealer = Sealer::new(KeyId::new(0x0102_0304).unwrap(), tenant, compartment, &key);
    let bare = aes_gcm::Aes256Gcm::new(key.expose().into());
    let index = [9; 16];
    for (kind, index, context) in [
        (Kind::Text, None, &b""[..]),
        (Kind::Bytea, None, b""),
        (Kind::Jsonb, None, b""),
        (Kind::Searchable, Some(&index), b""),
        (Kind::Function, None, b"patients.ssn"),
        (Kind::Function, None, &[7; 1000]),
    ] {
        let mut out = vec![0; sealed_len(kind, 5)];
        assert!(sealer.seal_into(kind, index, context, Nonce::given([3; 12]), b"hello", &mut out));
        let mut header = vec![kind as u8, 0, 0, 0, 0, 1, 2, 3, 4];
        header.extend(index.into_iter().flatten());
        let mut additional = header.clone();
        additional.extend(tenant.as_bytes());
        additional.extend(compartment.as_bytes());
        additional.extend(context);
        let mut body = b"hello".to_vec();
        let tag =
            bare.encrypt_inout_detached(&[3; 12].into(), &additional, body.as_mut_slice().into()).unwrap();
        assert_eq!(out, [header, vec![3; 12], body, tag.to_vec()].concat());
        let sealed = Sealed::parse(&out).unwrap();
        assert_eq!((sealed.kind, sealed.key, sealed.index), (kind, sealer.id(), index));
    }
}

/// RFC 4231, sections 4.2 to 4.8.
#[test]
fn rfc_4231() {
    let cases: [(&[u8], &[u8], &str); 6] = [
        (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (
            &[
                1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
            ],
            &[0xcd; 50],
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
        ),
        (
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            &[0xaa; 131],
            b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ];
    for (key, data, expected) in cases {
        let mut mac = <hmac::Hmac<sha2::Sha256> as hmac::KeyInit>::new_from_slice(key).unwrap();
        mac.update(data);
        assert_eq!(mac.finalize().into_bytes().as_slice(), unhex(expected));
    }
}

/// The path that ships takes keys of 32 bytes only, which RFC 4231 has none of: another implementation says what is right.
#[test]
fn blind_indexes_are_hmac_sha_256() {
    use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
    for seed in 0..50_u8 {
        let key: Vec<u8> = (0..32).map(|byte: u8| byte.wrapping_mul(7).wrapping_add(seed)).collect();
        let secret = Secret::copied(&key).unwrap();
        let other = Key::new(HMAC_SHA256, &key);
        let data: Vec<u8> = (0..usize::from(seed) * 5).map(|at| at as u8).collect();
        let index = IndexKey::new(&secret);
        assert_eq!(index.of(&data), sign(&other, &data).as_ref()[..16]);
        assert_eq!(index.of(&data), index.of(&data));
        let check: String = sign(&other, b"watertight check value").as_ref()[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(check_value(&secret), check);
    }
}
