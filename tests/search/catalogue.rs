//! The catalogue names the functions that this server has.

use std::collections::{BTreeMap, BTreeSet};

use watertight_core::search::{Function, catalogue, elements};
use watertight_tests::Session;

use crate::store::Store;

/// Functions of the catalogue that came after PostgreSQL 15, and with which version.
const LATER: [(u32, u32); 1] = [(6412, 18)];

fn pairs(admin: &mut Session, sql: &str) -> BTreeMap<String, String> {
    let pair = |row: Vec<Option<String>>| {
        let mut cells = row.into_iter().map(Option::unwrap_or_default);
        (cells.next().unwrap_or_default(), cells.next().unwrap_or_default())
    };
    admin.run(sql).into_iter().map(pair).collect()
}

#[test]
fn catalogue_matches_server() {
    let store = Store::new();
    let mut admin = store.db.admin();
    let major = store.db.cluster.major();
    admin.script("SET search_path = pg_catalog");
    let signatures = pairs(&mut admin, "SELECT oid::text, oid::regprocedure::text FROM pg_proc");
    let leakproof = pairs(&mut admin, "SELECT oid::text, '' FROM pg_proc WHERE proleakproof");
    let mut wrong = Vec::new();
    let mut builtins = 0;
    for entry in catalogue::entries() {
        let Function::Builtin(oid, signature) = entry.function else { continue };
        builtins += 1;
        let later = LATER.iter().any(|(one, since)| *one == oid && *since > major);
        match signatures.get(&oid.to_string()) {
            None if later => {}
            Some(_) if later => wrong.push(format!("{oid} {signature} is here already")),
            Some(found) if found == signature => {}
            found => wrong.push(format!("{oid} {signature} is {found:?}")),
        }
        if leakproof.contains_key(&oid.to_string()) {
            wrong.push(format!("{oid} {signature} is leakproof anyway"));
        }
    }
    let types = pairs(&mut admin, "SELECT oid::text, typname FROM pg_type");
    for (oid, name) in elements::all() {
        let found = types.get(&oid.to_string()).map(String::as_str);
        if found != Some(name.trim_matches('"')) {
            wrong.push(format!("type {oid} {name} is {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{builtins} functions of PostgreSQL {major}");
}

#[test]
fn catalogue_matches_extensions() {
    let store = Store::new();
    let mut admin = store.db.admin();
    let there: BTreeSet<(String, String)> = libraries(&mut admin);
    let mut wrong = Vec::new();
    let mut found = BTreeMap::new();
    for entry in catalogue::entries() {
        let Function::Library(library, symbol) = entry.function else { continue };
        // PostGIS puts its version into the library's name.
        let extension = if library.starts_with("postgis") { "postgis" } else { library };
        if !store.extensions.contains(&extension) {
            continue;
        }
        *found.entry(library).or_insert(0) += 1;
        if !there.contains(&(library.to_owned(), symbol.to_owned())) {
            wrong.push(format!("{symbol} is not in {library}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("C functions by library: {found:?}");
}

fn libraries(admin: &mut Session) -> BTreeSet<(String, String)> {
    let sql = "SELECT regexp_replace(probin, '^\\$libdir/', ''), prosrc FROM pg_proc
               WHERE probin IS NOT NULL AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')";
    let cell = |cell: &Option<String>| cell.clone().unwrap_or_default();
    admin.run(sql).iter().map(|row| (cell(&row[0]), cell(&row[1]))).collect()
}

#[test]
fn no_entry_hides_another() {
    let mut seen = BTreeSet::new();
    for entry in catalogue::entries() {
        assert!(seen.insert(format!("{:?}", entry.function)), "twice: {:?}", entry.function);
    }
}
