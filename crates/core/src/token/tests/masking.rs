//! No token in a text that others read.

use super::*;
use proptest::prelude::*;

#[test]
fn tokens_are_overwritten() {
    let token = sign("EdDSA", header("EdDSA"), claims_with(""));
    let stars = "*".repeat(token.len());
    for (before, after) in [
        ("", ""),
        ("set watertight.token = '", "'"),
        ("select watertight.begin(E'\\'", "'); -- \u{e9}"),
        ("-c watertight.token=", " -c x=y"),
        ("http://x/?t%3D", "&u=1"),
        ("Bearer_", ""),
        ("eyJ eyJx ", "\n"),
        ("surveyJson.eyJ", ""),
    ] {
        let masked = mask(&format!("{before}{token}{after}")).unwrap();
        assert!(masked == format!("{before}{stars}{after}") || !masked.contains(&token[..20]), "{masked}");
        assert_eq!(masked.len(), before.len() + token.len() + after.len());
    }
    let both = mask(&format!("'{token}', '{token}'")).unwrap();
    assert_eq!(both, format!("'{stars}', '{stars}'"));
}

#[test]
fn cut_off_tokens_are_overwritten() {
    let token = sign("EdDSA", header("EdDSA"), claims_with(""));
    for cut in 16..token.len() {
        let masked = mask(&format!("set watertight.token = '{}", &token[..cut])).unwrap();
        assert!(masked.ends_with(&"*".repeat(cut)), "{cut}: {masked}");
    }
    let (_, without_header) = token.split_once('.').unwrap();
    assert!(mask(without_header).unwrap().starts_with("****"));
}

#[test]
fn every_accepted_header_is_found() {
    let trusted = issuers(|_| {});
    for first in ["alg", "a\\\"b", "\\u0061", "x y", "A\u{e9}", "Zz", &"k".repeat(2000)] {
        for space in ["", " ", "\r\n\t "] {
            let alg = if first == "alg" { "HS256\",\"typ\":\"JWT" } else { "x\",\"alg\":\"HS256" };
            let head = format!(r#"{{"{first}"{space}:"{alg}"}}"#);
            let token = sign("HS256", &head, claims_with(""));
            match check(&token, &trusted) {
                Ok(_) => assert_eq!(mask(&token), Some("*".repeat(token.len())), "{head}"),
                Err(error) => assert_eq!(error, TokenError::NotCompact, "{head}"),
            }
        }
    }
}

#[test]
fn other_texts_are_left_alone() {
    for text in [
        "",
        "select 1",
        "select \"surveyJson\".\"heyJude\" from t",
        "select surveyJsonColumnWithALongName.anotherColumn from surveyJson",
        "eyJ",
        "select 'eyJhbGciOiJub25lIn0' as header_alone",
        "eyJh.eyJh",
        "\u{65}yJ\u{e9}",
    ] {
        assert_eq!(mask(text), None, "{text}");
    }
}

#[test]
fn hostile_texts_take_no_longer() {
    for text in
        ["eyJ".repeat(1 << 17), "eyJh".repeat(1 << 17), "eyJ.".repeat(1 << 17), "eyJ ".repeat(1 << 17)]
    {
        assert_eq!(mask(&text).map_or(text.len(), |masked| masked.len()), text.len());
    }
}

proptest! {
    #[test]
    fn length_and_characters_stay(text in "(eyJ|[a-zA-Z0-9_.'-]|\\PC|eyJhbGciOiJub25lIn0\\.){0,60}") {
        if let Some(masked) = mask(&text) {
            prop_assert_eq!(masked.len(), text.len());
            for (a, b) in masked.bytes().zip(text.bytes()) {
                prop_assert!(a == b || (a == b'*' && b.is_ascii()));
            }
            prop_assert_eq!(mask(&masked), None);
        }
    }
}
