use crate::keys::{
    KeyId, Kind, Malformed, Nonce, SEARCH_PREFIX, Sealed, Sealer, Secret, decode_text, decoded_text_len,
    encode_text, encoded_text_len, is_text_form, probe, sealed_len, search_hash, search_hash_extended,
    search_key,
};
use uuid::Uuid;

fn sealer() -> Sealer {
    let key = Secret::copied(&(0..32).collect::<Vec<u8>>()).unwrap();
    Sealer::new(KeyId::new(1).unwrap(), Uuid::nil(), Uuid::nil(), &key)
}

#[test]
fn a_value_has_exactly_its_parts() {
    assert_eq!(sealed_len(Kind::Text, 0), 37);
    assert_eq!(sealed_len(Kind::Searchable, 9), 62);
    let smallest = [&[1, 0, 0, 0, 0, 0, 0, 0, 1][..], &[0; 28]].concat();
    assert_eq!(Sealed::parse(&smallest).map(|sealed| sealed.plaintext_len()), Ok(0));
    assert_eq!(Sealed::parse(&smallest[..36]).err(), Some(Malformed));
    // No kind 0, no kind 6, no key 0, no negative key.
    for (at, byte) in [(0, 0), (0, 6), (8, 0), (1, 0x80)] {
        let mut other = smallest.clone();
        other[at] = byte;
        assert_eq!(Sealed::parse(&other).err(), Some(Malformed), "{at}");
    }
    // A searchable one of that length has no room for its index.
    let mut searchable = smallest;
    searchable[0] = 4;
    assert_eq!(Sealed::parse(&searchable).err(), Some(Malformed));
}

#[test]
fn the_index_goes_with_its_kind() {
    let mut out = vec![0; sealed_len(Kind::Searchable, 0)];
    assert!(!sealer().seal_into(Kind::Searchable, None, b"", Nonce::given([0; 12]), b"", &mut out));
    assert!(sealer().seal_into(Kind::Searchable, Some(&[1; 16]), b"", Nonce::given([0; 12]), b"", &mut out));
    let mut out = vec![0; sealed_len(Kind::Text, 0)];
    assert!(!sealer().seal_into(Kind::Text, Some(&[1; 16]), b"", Nonce::given([0; 12]), b"", &mut out));
    assert!(sealer().seal_into(Kind::Text, None, b"", Nonce::given([0; 12]), b"", &mut out));
    // Room for more or less than the value.
    let mut out = vec![0; sealed_len(Kind::Text, 1)];
    assert!(!sealer().seal_into(Kind::Text, None, b"", Nonce::given([0; 12]), b"", &mut out));
}

#[test]
fn room_for_another_length_is_refused() {
    let mut out = vec![0; sealed_len(Kind::Text, 3)];
    assert!(sealer().seal_into(Kind::Text, None, b"", Nonce::given([0; 12]), b"abc", &mut out));
    let sealed = Sealed::parse(&out).unwrap();
    for length in [0, 2, 4] {
        assert!(sealer().open_into(&sealed, b"", &mut vec![0; length]).is_err());
    }
}

#[test]
fn the_text_form_is_spelled_one_way() {
    let mut text = [0; 19];
    assert_eq!(encoded_text_len(3), Some(18));
    assert_eq!(encoded_text_len(usize::MAX), None);
    assert!(!encode_text(b"\xff\xff\xff", &mut text));
    assert!(encode_text(b"\xff\xff\xff", &mut text[..18]));
    assert_eq!(&text[..18], b"watertight:v1:____");
    let read = |text: &str, length| decode_text(text.as_bytes(), &mut vec![0; length]);
    assert_eq!(read("watertight:v1:AA", 1), Ok(()));
    // Bits that no byte has, padding, the other alphabet, space, another version, a length of its own.
    for text in [
        "watertight:v1:AB",
        "watertight:v1:AA==",
        "watertight:v1:A/",
        "watertight:v1:A ",
        "watertight:v2:AA",
        "AA",
    ] {
        for length in 0..6 {
            assert_eq!(read(text, length), Err(Malformed), "{text}");
        }
    }
    assert_eq!(read("watertight:v1:AA", 2), Err(Malformed));
    assert_eq!(decoded_text_len(b"watertight:v1:A"), Err(Malformed));
    assert_eq!(decoded_text_len(b"watertight:v1:"), Ok(0));
    assert!(is_text_form(b"watertight:v1:anything") && !is_text_form(b"Watertight:v1:"));
}

#[test]
fn searchable_values_are_compared_by_their_index() {
    let seal = |index: &[u8; 16], nonce| {
        let mut out = vec![0; sealed_len(Kind::Searchable, 2)];
        assert!(sealer().seal_into(
            Kind::Searchable,
            Some(index),
            b"",
            Nonce::given([nonce; 12]),
            b"hi",
            &mut out
        ));
        out
    };
    let index: [u8; 16] = std::array::from_fn(|at| at as u8 + 1);
    let (one, other) = (seal(&index, 1), seal(&index, 2));
    assert_ne!(one, other);
    assert_eq!(search_key(&one), search_key(&other));
    assert_eq!(search_key(&one[..SEARCH_PREFIX]), index);
    assert_eq!(search_key(&probe(&index)), index);
    assert!(Sealed::parse(&probe(&index)).is_err());
    assert_eq!(search_hash(&index), 0x0403_0201);
    assert_eq!(search_hash_extended(&index, 0) as u32, search_hash(&index));
    assert_ne!(search_hash_extended(&index, 1), search_hash_extended(&index, 2));
    // What is no searchable value is compared as a whole.
    for bytes in [&b""[..], b"\x01abc", &one[..SEARCH_PREFIX - 1]] {
        assert_eq!(search_key(bytes), bytes);
        let _ = search_hash_extended(bytes, 7);
    }
}
