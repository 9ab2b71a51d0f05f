use crate::keys::{
    KEY_PREFIX, KeyId, Kind, Nonce, Nonces, Purpose, Sealed, Sealer, Secret, TEXT_PREFIX, Wrapped,
    decode_text, decoded_text_len, encode_text, encoded_text_len, is_text_form, sealed_len, unwrap, wrap,
};
use proptest::prelude::*;
use uuid::Uuid;

fn secret() -> impl Strategy<Value = Secret> {
    any::<[u8; 32]>().prop_map(|bytes| Secret::copied(&bytes).unwrap())
}

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![Kind::Text, Kind::Bytea, Kind::Jsonb, Kind::Searchable, Kind::Function])
}

fn key_id() -> impl Strategy<Value = KeyId> {
    (1..=i64::MAX).prop_map(|number| KeyId::new(number).unwrap())
}

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

prop_compose! {
    fn sealer()(id in key_id(), tenant in uuid(), compartment in uuid(), key in secret()) -> (Sealer, Secret) {
        (Sealer::new(id, tenant, compartment, &key), key)
    }
}

fn seal(sealer: &Sealer, kind: Kind, context: &[u8], nonce: [u8; 12], plaintext: &[u8]) -> Vec<u8> {
    let mut out = vec![0; sealed_len(kind, plaintext.len())];
    let index = [5; 16];
    let index = (kind == Kind::Searchable).then_some(&index);
    assert!(sealer.seal_into(kind, index, context, Nonce::given(nonce), plaintext, &mut out));
    out
}

fn open(sealer: &Sealer, context: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let sealed = Sealed::parse(bytes).ok()?;
    let mut out = vec![0xaa; sealed.plaintext_len()];
    let opened = sealer.open_into(&sealed, context, &mut out);
    assert!(opened.is_ok() || out.iter().all(|byte| *byte == 0), "a refused value leaves nothing");
    opened.ok().map(|()| out)
}

proptest! {
    #[test]
    fn what_is_sealed_opens(
        (sealer, _) in sealer(), kind in kind(), nonce in any::<[u8; 12]>(),
        plaintext in prop::collection::vec(any::<u8>(), 0..3000), context in prop::collection::vec(any::<u8>(), 0..500),
    ) {
        let sealed = seal(&sealer, kind, &context, nonce, &plaintext);
        prop_assert_eq!(Sealed::parse(&sealed).unwrap().plaintext_len(), plaintext.len());
        prop_assert_eq!(Sealed::index_of(&sealed), Sealed::parse(&sealed).unwrap().index);
        prop_assert_eq!(Sealed::key_of(&sealed[..KEY_PREFIX]), Some(sealer.id()));
        prop_assert_eq!(open(&sealer, &context, &sealed), Some(plaintext));
    }

    #[test]
    fn any_changed_bit_is_refused(
        (sealer, _) in sealer(), kind in kind(), nonce in any::<[u8; 12]>(),
        plaintext in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let sealed = seal(&sealer, kind, b"", nonce, &plaintext);
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(open(&sealer, b"", &changed), None, "bit {}", bit);
        }
        for length in 0..sealed.len() {
            prop_assert_eq!(open(&sealer, b"", &sealed[..length]), None);
        }
        prop_assert_eq!(open(&sealer, b"", &[&sealed[..], &[0]].concat()), None);
    }

    #[test]
    fn nothing_opens_elsewhere(
        id in key_id(), other_id in key_id(), tenant in uuid(), other in uuid(), compartment in uuid(),
        key in secret(), other_key in secret(), kind in kind(), nonce in any::<[u8; 12]>(), context in any::<[u8; 8]>(),
    ) {
        prop_assume!(tenant != other && compartment != other && id != other_id && key.expose() != other_key.expose());
        let sealed = seal(&Sealer::new(id, tenant, compartment, &key), kind, &context, nonce, b"value");
        let opens = |sealer: Sealer, context: &[u8]| open(&sealer, context, &sealed).is_some();
        prop_assert!(opens(Sealer::new(id, tenant, compartment, &key), &context));
        prop_assert!(!opens(Sealer::new(id, tenant, compartment, &other_key), &context));
        prop_assert!(!opens(Sealer::new(other_id, tenant, compartment, &key), &context));
        prop_assert!(!opens(Sealer::new(id, other, compartment, &key), &context));
        prop_assert!(!opens(Sealer::new(id, tenant, other, &key), &context));
        prop_assert!(!opens(Sealer::new(id, compartment, tenant, &key), &context) || tenant == compartment);
        prop_assert!(!opens(Sealer::new(id, tenant, compartment, &key), b""));
        prop_assert!(!opens(Sealer::new(id, tenant, compartment, &key), &context[..7]));
    }

    #[test]
    fn a_value_has_one_text_form(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut text = vec![0; encoded_text_len(bytes.len()).unwrap()];
        prop_assert!(encode_text(&bytes, &mut text));
        prop_assert!(is_text_form(&text));
        prop_assert_eq!(decoded_text_len(&text), Ok(bytes.len()));
        let mut back = vec![0; bytes.len()];
        prop_assert_eq!(decode_text(&text, &mut back), Ok(()));
        prop_assert_eq!(&back, &bytes);
        // Any other text of the same length is other bytes, or none.
        for at in TEXT_PREFIX.len()..text.len() {
            for byte in [b'A', b'_', b'+', b'/', b'=', b' ', b'9', 0xc3] {
                let mut other = text.clone();
                other[at] = byte;
                let read = decode_text(&other, &mut back);
                prop_assert!(other == text || read.is_err() || back != bytes);
            }
        }
    }

    #[test]
    fn any_bytes_may_claim_to_be_sealed(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        if let Ok(sealed) = Sealed::parse(&bytes) {
            prop_assert_eq!(sealed_len(sealed.kind, sealed.plaintext_len()), bytes.len());
        }
        let _ = Sealed::index_of(&bytes);
        let _ = Sealed::key_of(&bytes);
        let mut out = vec![0; decoded_text_len(&bytes).unwrap_or(0)];
        let _ = decode_text(&bytes, &mut out);
    }

    #[test]
    fn a_wrapped_key_opens_as_what_it_is(
        wrapping in secret(), key in secret(), id in key_id(), tenant in uuid(), compartment in uuid(), version in 1_u32..,
    ) {
        let mut nonces = Nonces::new();
        let nonce = nonces.next(|bytes| aws_lc_rs::rand::fill(bytes).is_ok()).unwrap();
        let what = Wrapped { purpose: Purpose::Data, id, tenant, compartment, version };
        let wrapped = wrap(&wrapping, &what, &key, nonce);
        let opens = |what: Wrapped, bytes: &[u8]| unwrap(&wrapping, &what, bytes).is_ok();
        prop_assert!(unwrap(&wrapping, &what, &wrapped).is_ok_and(|opened| opened.expose() == key.expose()));
        prop_assert!(unwrap(&key, &what, &wrapped).is_err());
        let flip = |id: Uuid| Uuid::from_u128(id.as_u128() ^ 1);
        let other_id = KeyId::new(id.get() ^ 1).or(KeyId::new(2)).unwrap();
        for other in [
            Wrapped { purpose: Purpose::Index, ..what },
            Wrapped { id: other_id, ..what },
            Wrapped { tenant: flip(tenant), ..what },
            Wrapped { compartment: flip(compartment), ..what },
            Wrapped { version: version ^ 1, ..what },
        ] {
            prop_assert!(!opens(other, &wrapped));
        }
        for bit in 0..wrapped.len() * 8 {
            let mut changed = wrapped.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!opens(what, &changed));
        }
        prop_assert!(!opens(what, &wrapped[..wrapped.len() - 1]));
        prop_assert!(!opens(what, &[]));
    }
}
