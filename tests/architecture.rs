//! Guards the layering that `docs/design/architecture.md` promises.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};

/// No file is longer: one noun or verb a file.
const LONGEST: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// All Rust files below a folder of the repository, with their text.
fn rust_files(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![root().join(folder)];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "no Rust files below {folder}");
    found
}

/// The code without comments: a comment may speak of anything.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

fn offenders(folder: &str, but: &str, is_bad: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    rust_files(folder)
        .into_iter()
        .filter(|(path, text)| (but.is_empty() || !path.starts_with(root().join(but))) && is_bad(&code(text)))
        .map(|(path, _)| path)
        .collect()
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
}

#[test]
fn unsafe_stands_in_src_sys_only() {
    let is_unsafe = |code: &str| words(code).any(|word| word == "unsafe");
    assert_eq!(offenders("src", "src/sys", is_unsafe), Vec::<PathBuf>::new());
    assert_eq!(offenders("crates", "", is_unsafe), Vec::<PathBuf>::new());
}

#[test]
fn core_forbids_unsafe_and_knows_no_postgresql() {
    let library = fs::read_to_string(root().join("crates/core/src/lib.rs")).unwrap();
    assert!(library.contains("#![forbid(unsafe_code)]"));
    let manifest = fs::read_to_string(root().join("crates/core/Cargo.toml")).unwrap();
    assert!(!manifest.contains("pgrx"));
    assert_eq!(
        offenders("crates/core/src", "", |code| words(code).any(|word| word == "pgrx")),
        Vec::<PathBuf>::new()
    );
}

#[test]
fn sys_knows_no_domain_type() {
    let names_domain = |code: &str| {
        code.contains("watertight_core")
            || ["context", "guard", "pg", "protect", "registry", "trust"].iter().any(|room| {
                code.contains(&format!("crate::{room}::")) || code.contains(&format!("crate::{{{room}"))
            })
    };
    assert_eq!(offenders("src/sys", "", names_domain), Vec::<PathBuf>::new());
}

#[test]
fn pg_knows_no_capability() {
    let names_capability = |code: &str| {
        ["context", "guard", "protect", "registry", "trust"]
            .iter()
            .any(|room| code.contains(&format!("crate::{room}")))
    };
    assert_eq!(offenders("src/pg", "", names_capability), Vec::<PathBuf>::new());
}

#[test]
fn no_file_is_too_long() {
    for folder in ["src", "crates", "tests", "bench"] {
        let long: Vec<PathBuf> = rust_files(folder)
            .into_iter()
            .filter(|(_, text)| text.lines().count() > LONGEST)
            .map(|(path, _)| path)
            .collect();
        assert_eq!(long, Vec::<PathBuf>::new(), "longer than {LONGEST} lines");
    }
}

#[test]
fn every_sql_file_pins_the_search_path_of_definer_functions() {
    for entry in fs::read_dir(root().join("sql")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for statement in text.split(';').filter(|statement| statement.contains("SECURITY DEFINER")) {
            assert!(
                statement.contains("SET search_path = pg_catalog, pg_temp"),
                "{}: {statement}",
                path.display()
            );
        }
    }
}
