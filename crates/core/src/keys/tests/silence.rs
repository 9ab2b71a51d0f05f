use crate::keys::{IndexKey, KeyId, Nonce, Nonces, Sealer, Secret, SigningKey, parse_master};
use uuid::Uuid;

/// What `{:?}` and `{:#?}` say of anything that holds a key: its type, and ids.
#[test]
fn debug_says_nothing() {
    let bytes = [0xab_u8; 32];
    let secret = || Secret::copied(&bytes).unwrap();
    let sealer = Sealer::new(KeyId::new(5).unwrap(), Uuid::nil(), Uuid::nil(), &secret());
    let mut nonces = Nonces::new();
    let nonce = nonces
        .next(|bytes| {
            bytes.fill(0xab);
            true
        })
        .unwrap();
    let master = parse_master(format!("7 {}", "ab".repeat(31) + "aa").as_bytes()).unwrap();
    let said = [
        format!("{:?} {:#?}", secret(), secret()),
        format!("{:?} {:?}", sealer, IndexKey::new(&secret())),
        format!("{:?} {:?} {:?}", nonces, nonce, Nonce::given([0xab; 12])),
        format!("{:?} {:?}", SigningKey::from_seed(&secret()), master),
    ];
    assert_eq!(
        said,
        [
            "Secret Secret",
            "Sealer { id: KeyId(5), .. } IndexKey",
            "Nonces { left: 339, .. } Nonce Nonce",
            "Some(SigningKey) [MasterKey { version: 7, key: Secret }]",
        ]
    );
}

#[test]
fn a_secret_has_its_length() {
    assert!(Secret::copied(&[0; 31]).is_none() && Secret::copied(&[0; 33]).is_none());
    assert!(Secret::filled(|_| false).is_none());
    assert!(Secret::copied(&[3; 32]).is_some_and(|secret| secret.is_placeholder()));
}
