//! What can go wrong while minting.

use std::fmt;

/// A failure of the tool: said once, to the person who runs it.
#[derive(Debug)]
pub enum MintError {
    /// An argument, a file or a text that cannot be used.
    Input(String),
    /// The cryptographic library refused.
    Crypto(&'static str),
    /// A file could not be read or written.
    File(String, std::io::Error),
}

impl fmt::Display for MintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MintError::Input(what) => f.write_str(what),
            MintError::Crypto(what) => write!(f, "the cryptographic library refused: {what}"),
            MintError::File(path, cause) => write!(f, "{path}: {cause}"),
        }
    }
}

impl std::error::Error for MintError {}
