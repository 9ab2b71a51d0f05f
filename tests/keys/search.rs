//! A search for a text in files, in the clear and in the spellings that a program may give it.

use watertight_tests::tools::Tools;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 of `bytes`, which begin `shift` bytes into a group of three: the digits that depend on them alone.
fn base64(bytes: &[u8], shift: usize) -> String {
    let padded = [&vec![0; shift][..], bytes].concat();
    let digits: String = padded
        .chunks_exact(3)
        .flat_map(|three| {
            let word = u32::from_be_bytes([0, three[0], three[1], three[2]]);
            [18, 12, 6, 0].map(|at| char::from(DIGITS[(word >> at & 63) as usize]))
        })
        .collect();
    digits[[0, 2, 3][shift]..].to_owned()
}

/// How a text can stand in a file.
pub fn spellings(text: &str) -> Vec<String> {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut all = vec![text.to_owned(), hex.to_uppercase(), hex];
    for shift in 0..3 {
        let digits = base64(text.as_bytes(), shift);
        all.push(digits.replace('+', "-").replace('/', "_"));
        all.push(digits);
    }
    all
}

/// The files below these paths that have a text in any spelling.
pub fn files_with(text: &str, paths: &[&str]) -> Vec<String> {
    let mut grep = Tools::find().system("grep");
    grep.args(["-rlaF"]);
    for spelling in spellings(text) {
        grep.args(["-e", &spelling]);
    }
    let output = grep.arg("--").args(paths).output().expect("grep");
    assert!(output.status.code() != Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn the_search_finds_every_spelling() {
    let text = "Straße 17";
    for (spelled, shift) in [("U3RyYcOfZSAx", 0), ("N0cmHDn2Ug", 1), ("TdHJhw59lIDE3", 2)] {
        assert!(base64(text.as_bytes(), shift).starts_with(spelled), "{}", base64(text.as_bytes(), shift));
    }
    assert!(spellings(text).contains(&"53747261c39f65203137".to_owned()));
}
