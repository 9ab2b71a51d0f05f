//! Facts as bytes.

use super::*;
use proptest::option::of;
use proptest::prelude::*;
use uuid::Uuid;

fn tenant() -> impl Strategy<Value = TenantClaim> {
    prop_oneof![
        any::<[u8; 16]>().prop_map(|bytes| TenantClaim::Id(Uuid::from_bytes(bytes))),
        ".*".prop_map(TenantClaim::Name),
        any::<i64>().prop_map(TenantClaim::Key),
    ]
}

fn facts() -> impl Strategy<Value = Facts> {
    let texts = (of(".*"), of(".*"), of(".*"), of(".*"), of(".*"), of(".*"));
    let times = (of(any::<i64>()), of(any::<i64>()), any::<i64>(), any::<i64>());
    (".*", tenant(), texts, of(any::<[u8; 16]>()), times).prop_map(
        |(issuer, tenant, texts, session, times)| Facts {
            issuer,
            tenant,
            user: texts.0,
            email: texts.1,
            role: texts.2,
            compartment: texts.3,
            jti: texts.4,
            scopes: texts.5,
            session: session.map(Uuid::from_bytes),
            issued_at: times.0,
            not_before: times.1,
            expires_at: times.2,
            leeway: times.3,
        },
    )
}

proptest! {
    #[test]
    fn round_trip(facts in facts(), now in any::<i64>()) {
        let bytes = facts.encode();
        prop_assert_eq!(Facts::decode(&bytes), Some(facts.clone()));
        let view = FactsView::new(&bytes).unwrap();
        prop_assert_eq!(view.tenant().to_owned(), facts.tenant);
        let _ = view.is_current(now);
    }

    #[test]
    fn nothing_else_decodes(facts in facts(), cut in any::<prop::sample::Index>()) {
        let bytes = facts.encode();
        prop_assert_eq!(Facts::decode(&bytes[..cut.index(bytes.len())]), None);
        prop_assert_eq!(Facts::decode(&[bytes, vec![0]].concat()), None);
    }

    #[test]
    fn any_bytes_are_safe(bytes in prop::collection::vec(any::<u8>(), 0..200), head in 0u8..8, kind in 0u8..4) {
        let _ = Facts::decode(&bytes);
        let framed = [&[1, head, head, kind][..], &bytes].concat();
        // What decodes is what encodes: one form only.
        if let Some(facts) = Facts::decode(&framed) {
            prop_assert_eq!(facts.encode(), framed);
        }
    }
}

#[test]
fn current_to_the_microsecond() {
    let payload = claims_with(&format!(r#""nbf":{NOW}"#));
    let bytes = check_payload(payload).unwrap().encode();
    let view = FactsView::new(&bytes).unwrap();
    let (from, until) = ((NOW - 30) * 1_000_000, (NOW + 330) * 1_000_000);
    assert!(!view.is_current(from - 1) && view.is_current(from));
    assert!(view.is_current(until - 1) && !view.is_current(until));
    assert!(!view.is_current(i64::MIN) && !view.is_current(i64::MAX));
}
