//! No token in a text that others read.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use std::ops::Range;

/// As the server overwrites what is found.
pub(super) fn mask(text: &str) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let mut token = find(&bytes, 0)?;
    loop {
        bytes[token.clone()].fill(b'*');
        match find(&bytes, token.end) {
            Some(next) => token = next,
            None => return Some(String::from_utf8(bytes).unwrap()),
        }
    }
}

/// The definition, one character after another.
fn first_by_definition(text: &str) -> Option<Range<usize>> {
    let of_a_token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let mut at = 0;
    while let Some(found) = text[at..].find("eyJ") {
        let start = at + found;
        let end = text[start..].find(|c| !of_a_token(c)).map_or(text.len(), |length| start + length);
        let needed =
            if end == text.len() { Some(end) } else { text[start..end].rfind('.').map(|dot| start + dot) };
        for begin in start..needed.unwrap_or(start) {
            if text[begin..needed.unwrap()].starts_with("eyJ") && names_a_member(&text[begin..end]) {
                return Some(begin..end);
            }
        }
        at = end;
    }
    None
}

fn names_a_member(run: &str) -> bool {
    let segment: String = run.chars().take_while(|c| *c != '.').take(4 * 128).collect();
    let whole = segment.len() / 4 * 4;
    let decoded = URL_SAFE_NO_PAD.decode(&segment[..whole]).unwrap();
    let mut bytes = decoded.into_iter().skip(2);
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next() {
                Some(0..0x20) => return false,
                _ => continue,
            },
            0..0x20 => return false,
            b'"' => {
                return match bytes.find(|byte| !b" \t\r\n".contains(byte)) {
                    Some(byte) => byte == b':',
                    None => whole == 4 * 128 && run.len() >= whole + 4,
                };
            }
            _ => {}
        }
    }
    whole == 4 * 128 && run.len() >= whole + 4
}

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

    #[test]
    fn what_is_found_is_what_is_defined(
        text in "(eyJ|eyJh|eyJhbGciOiJub25lIn0|eyJhIjoi|eyJhIiA6|eyJcIiI6|[a-zA-Z0-9_-]{4}|[ey=J'.@\\[`{/:^]|\\PC|[A-Za-z0-9]{500,520}){0,12}"
    ) {
        prop_assert_eq!(find(text.as_bytes(), 0), first_by_definition(&text));
    }
}
