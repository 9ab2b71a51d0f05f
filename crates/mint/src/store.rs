//! Keys in a directory: one file a key, and `jwks.json` with what verifiers may know.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::{Key, MintError, b64, jwks, unb64};

/// The name of the JWK set's file.
pub const JWKS: &str = "jwks.json";

/// Writes the key to `dir/<kid>` (mode 0600) and renews `dir/jwks.json`.
///
/// # Errors
/// [`MintError::Input`] for a key id that cannot be a file name, [`MintError::File`] when writing fails.
pub fn save(dir: &Path, key: &Key) -> Result<(), MintError> {
    let kid = key.kid();
    if kid.is_empty() || kid.starts_with('.') || kid.contains('/') || kid == JWKS {
        return Err(MintError::Input(format!("a key id that cannot be a file name: {kid}")));
    }
    fs::create_dir_all(dir).map_err(|e| MintError::File(dir.display().to_string(), e))?;
    let text = json!({"alg": key.algorithm().name(), "kid": kid, "private": b64(key.private())}).to_string();
    write_private(&dir.join(kid), &text)?;
    write_private(&dir.join(JWKS), &format!("{:#}\n", directory_jwks(dir)?))
}

/// Reads a key file.
///
/// # Errors
/// [`MintError::File`] when it cannot be read, [`MintError::Input`] when it is no key.
pub fn load(path: &Path) -> Result<Key, MintError> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|e| MintError::File(name.clone(), e))?;
    let file: Value =
        serde_json::from_str(&text).map_err(|_| MintError::Input(format!("{name}: not a key file")))?;
    let member = |m: &str| {
        file[m].as_str().ok_or_else(|| MintError::Input(format!("{name}: no member \"{m}\" in the key file")))
    };
    Key::from_private(member("alg")?.parse()?, member("kid")?, &unb64(member("private")?)?)
}

/// The JWK set of every key in the directory, in the order of their names.
///
/// # Errors
/// [`MintError::File`] when the directory cannot be read, [`MintError::Input`] when a file in it is no key.
pub fn directory_jwks(dir: &Path) -> Result<Value, MintError> {
    let here = |e| MintError::File(dir.display().to_string(), e);
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(here)? {
        let path = entry.map_err(here)?.path();
        if path.is_file() && path.file_name().is_some_and(|n| n != JWKS) {
            paths.push(path);
        }
    }
    paths.sort();
    let keys = paths.iter().map(|p| load(p)).collect::<Result<Vec<_>, _>>()?;
    Ok(jwks(&keys.iter().collect::<Vec<_>>()))
}

/// Also the JWK set is private: it holds the secrets of HS256 keys.
fn write_private(path: &Path, text: &str) -> Result<(), MintError> {
    let mut options = fs::OpenOptions::new();
    let opened = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    opened
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|e| MintError::File(path.display().to_string(), e))
}
