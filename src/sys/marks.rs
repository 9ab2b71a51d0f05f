//! Marks on disk: they outlive a rolled-back transaction and a crash, as no row and no shared memory does.
//!
//! Each is an empty file in the data directory. It is on disk when [`set`] returns.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// In the data directory, which is every process's working directory.
const DIRECTORY: &str = "pg_watertight";

fn path(name: &str) -> PathBuf {
    Path::new(DIRECTORY).join(name)
}

/// # Errors
/// The system's, where it could not be written.
pub fn set(name: &str) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(DIRECTORY) {
        Ok(()) => File::open(".")?.sync_all()?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path(name))?.sync_all()?;
    File::open(DIRECTORY)?.sync_all()
}

/// Whether it is there. What cannot be found out counts as yes.
pub fn is_set(name: &str) -> bool {
    path(name).try_exists().unwrap_or(true)
}

/// Takes it away. (It may come back after a crash; what cannot be taken away is still there the next time somebody looks.)
pub fn clear(name: &str) {
    let _ = fs::remove_file(path(name));
}

/// All there are.
pub fn all() -> Vec<String> {
    let Ok(entries) = fs::read_dir(DIRECTORY) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}
