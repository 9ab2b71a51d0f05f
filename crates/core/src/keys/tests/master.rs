use crate::Code;
use crate::keys::{MAX_MASTER_BYTES, MasterState, check_value, parse_master};

const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const BASE64: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER: &str = "//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=";

fn versions(text: &str) -> Result<Vec<(u32, String)>, String> {
    let keys = parse_master(text.as_bytes())?;
    Ok(keys.into_iter().map(|key| (key.version, check_value(&key.key))).collect())
}

#[test]
fn a_key_is_read_in_every_spelling() {
    let expected = versions(HEX).unwrap();
    assert_eq!(expected.len(), 1);
    assert_eq!(expected[0].0, 1);
    for text in [
        BASE64.to_owned(),
        format!("{BASE64}\n"),
        format!("{BASE64}\r\n"),
        format!("  1\t{}  ", HEX.to_uppercase()),
        format!("# made for the test\n\n1 {}\n#2 {OTHER}", BASE64.trim_end_matches('=')),
    ] {
        assert_eq!(versions(&text), Ok(expected.clone()), "{text}");
    }
    let url = OTHER.replace('+', "-").replace('/', "_");
    assert_eq!(versions(OTHER), versions(&url));
}

#[test]
fn the_newest_version_comes_first() {
    let text = format!("1 {HEX}\n12 {OTHER}\n3 {}", "ab".repeat(31) + "cd");
    let order: Vec<u32> = versions(&text).unwrap().into_iter().map(|(version, _)| version).collect();
    assert_eq!(order, [12, 3, 1]);
}

#[test]
fn garbage_is_refused_and_not_repeated() {
    let secret = &HEX[..62];
    for text in [
        String::new(),
        "# only a comment".to_owned(),
        secret.to_owned(),
        format!("{secret}zz"),
        format!("{HEX}00"),
        format!("1 {HEX} trailing"),
        format!("0 {HEX}"),
        format!("01 {HEX}"),
        format!("-1 {HEX}"),
        format!("+1 {HEX}"),
        format!("one {HEX}"),
        format!("4294967296 {HEX}"),
        format!("2147483648 {HEX}"),
        format!("{HEX}\n{OTHER}"),
        format!("1 {HEX}\n{OTHER}"),
        format!("{HEX}\n2 {OTHER}"),
        format!("1 {HEX}\n1 {OTHER}"),
        format!("1 {HEX}\n1 {HEX}"),
        format!("1 {HEX}\n2 {BASE64}"),
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=".to_owned(),
        BASE64[..40].to_owned(),
        "00".repeat(32),
        "aa".repeat(32),
        format!("1 \u{e9}{HEX}"),
        (1..=17).map(|version| format!("{version} {version:064x}\n")).collect(),
        "#".repeat(MAX_MASTER_BYTES + 1),
    ] {
        let error = versions(&text).unwrap_err();
        for word in text.split_whitespace().filter(|word| word.len() > 12) {
            assert!(!error.contains(&word[..12]), "{error}");
        }
    }
    assert!(
        versions(&(1..=16).map(|version| format!("{version} {version:064x}\n")).collect::<String>()).is_ok()
    );
    assert!(parse_master(&[0xff; 64]).is_err());
}

#[test]
fn what_is_there_stays() {
    use MasterState::{Absent, Failed, Loading, Present};
    for state in [Absent, Loading, Failed] {
        assert_eq!(state.asked(true), Loading);
        assert_eq!(state.asked(false), Absent);
        assert_eq!((state.answered(true), state.answered(false)), (Present, Failed));
        assert_eq!(state.required().map_err(|fault| fault.code), Err(Code::NotInPrerequisiteState));
    }
    assert_eq!((Present.asked(false), Present.answered(false)), (Present, Present));
    assert_eq!(Present.required(), Ok(()));
}
