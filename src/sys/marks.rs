//! Marks on disk: they outlive a rolled-back transaction and a crash, as no row and no shared memory does.
//!
//! Each is an empty file in the data directory, named by its database and a key. It is on disk when [`set`] returns.

use pgrx::pg_sys::Oid;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// In the data directory, which is every process's working directory.
const DIRECTORY: &str = "pg_watertight";

/// What a mark is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its database.
    pub database: Oid,
    /// Its key.
    pub key: [u8; 16],
}

impl Mark {
    fn path(&self) -> PathBuf {
        let key: String = self.key.iter().map(|byte| format!("{byte:02x}")).collect();
        Path::new(DIRECTORY).join(format!("{}.{key}", self.database.to_u32()))
    }

    fn read(name: &str) -> Option<Mark> {
        let (database, digits) = name.split_once('.')?;
        let mut key = [0; 16];
        if digits.len() != 2 * key.len() {
            return None;
        }
        for (at, byte) in key.iter_mut().enumerate() {
            *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Mark { database: Oid::from_u32(database.parse().ok()?), key })
    }

    /// # Errors
    /// The system's, where it could not be written.
    pub fn set(&self) -> io::Result<()> {
        match fs::DirBuilder::new().mode(0o700).create(DIRECTORY) {
            Ok(()) => File::open(".")?.sync_all()?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.path())?
            .sync_all()?;
        File::open(DIRECTORY)?.sync_all()
    }

    /// Whether it is there. What cannot be found out counts as yes.
    pub fn is_set(&self) -> bool {
        self.path().try_exists().unwrap_or(true)
    }

    /// Takes it away. (It may come back after a crash.)
    pub fn clear(&self) {
        // Whoever set it again meanwhile has it on disk; what stays is cleared the next time.
        let _ = fs::remove_file(self.path());
    }
}

/// All there are.
pub fn all() -> Vec<Mark> {
    let Ok(entries) = fs::read_dir(DIRECTORY) else { return Vec::new() };
    entries.filter_map(|entry| Mark::read(entry.ok()?.file_name().to_str()?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_it_is_for() {
        let mark = Mark { database: Oid::from_u32(16_384), key: *b"0123456789abcdef" };
        let path = mark.path();
        assert_eq!(path.file_name().and_then(|name| Mark::read(name.to_str()?)), Some(mark));
        for other in
            ["", ".", "1.", "x.00", "1.0g000000000000000000000000000000", "1.é0000000000000000000000000000"]
        {
            assert_eq!(Mark::read(other), None, "{other}");
        }
    }
}
