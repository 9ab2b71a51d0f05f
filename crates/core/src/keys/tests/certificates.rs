use crate::keys::{
    Certificate, DestroyedKey, KeyId, Purpose, Secret, SigningKey, Subject, VerifiedCertificate,
    encode_public_key, public_key,
};
use uuid::Uuid;

fn key(byte: u8) -> SigningKey {
    SigningKey::from_seed(&Secret::copied(&[byte; 32]).unwrap()).unwrap()
}

fn certificate() -> Certificate {
    let destroyed = |id, purpose, version| DestroyedKey {
        id: KeyId::new(id).unwrap(),
        purpose,
        compartment: Uuid::nil(),
        version,
        check: (id != 2).then(|| "00112233445566ff".to_owned()),
    };
    Certificate {
        installation: Uuid::from_u128(1),
        subject: Subject::Tenant { id: Uuid::from_u128(2), name: "acme \"&\" söhne".to_owned() },
        destroyed_at: "2026-11-22T10:00:00.000000Z".to_owned(),
        destroyed_by: "alice".to_owned(),
        keys: vec![destroyed(9, Purpose::Tenant, Some(2)), destroyed(2, Purpose::Data, None)],
    }
}

#[test]
fn whoever_has_the_public_key_can_verify() {
    let signed = certificate().sign(&key(1));
    let verified = VerifiedCertificate::verify(&signed, &key(1).public().unwrap()).unwrap().0;
    assert_eq!(verified["subject"]["name"], "acme \"&\" söhne");
    assert_eq!(verified["keys"][0]["id"], "2");
    assert_eq!(verified["keys"][1]["version"], 2);
    let named = signed.split("\"public_key\":\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(public_key(named), key(1).public());
    let detail = |document: &str, by: u8| {
        VerifiedCertificate::verify(document, &key(by).public().unwrap()).unwrap_err().detail.unwrap()
    };
    assert!(detail(&signed, 2).contains("another key"));
    let passed_off = signed.replace(named, &encode_public_key(&key(2).public().unwrap()));
    assert!(detail(&passed_off, 2).contains("somebody else has made it"));
    assert!(detail(&passed_off, 1).contains("another key"));
    for text in ["", "x", &named[1..], &format!("{named}="), &named.replace('A', "+")] {
        assert!(text == named || public_key(text).is_none(), "{text}");
    }
}

#[test]
fn the_same_content_is_the_same_bytes() {
    let mut other = certificate();
    other.keys.reverse();
    assert_eq!(certificate().sign(&key(1)), other.sign(&key(1)));
    assert!(!certificate().sign(&key(1)).contains("public_key\":null"));
}

/// As `jsonb` puts it out: names by length, a space after each colon.
#[test]
fn what_was_stored_as_jsonb_verifies() {
    let signed = certificate().sign(&key(1));
    let value: serde_json::Value = serde_json::from_str(&signed).unwrap();
    let stored =
        format!("{{\"signature\": {:#}, \"certificate\": {:#}}}", value["signature"], value["certificate"]);
    assert!(VerifiedCertificate::verify(&stored, &key(1).public().unwrap()).is_ok());
}

#[test]
fn nothing_can_be_changed() {
    let public = key(1).public().unwrap();
    let signed = certificate().sign(&key(1));
    for (from, to) in [
        ("alice", "mallory"),
        ("\"2\"", "\"3\""),
        ("watertight.destruction.v1", "watertight.destruction.v2"),
        ("Ed25519", "none"),
        ("\"destroyed_by\"", "\"destroyed_by\":\"mallory\",\"destroyed_by\""),
        ("{\"certificate\"", "{\"certificate\":{},\"certificate\""),
        ("\"version\":2", "\"version\":2.0"),
        ("10:00:00", "10:00:01"),
    ] {
        let changed = signed.replacen(from, to, 1);
        assert_ne!(changed, signed, "{from}");
        assert!(VerifiedCertificate::verify(&changed, &public).is_err(), "{from}");
    }
    for text in ["", "{}", "[]", "null", "{\"certificate\": null, \"signature\": null}"] {
        assert!(VerifiedCertificate::verify(text, &public).is_err(), "{text}");
    }
}
