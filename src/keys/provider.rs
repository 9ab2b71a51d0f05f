//! Asking the provider of the master key: a file or a command.

use crate::pg::key_settings::{self, Configured};
use crate::sys::command::{self, Failure};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use watertight_core::keys::MAX_MASTER_BYTES;
use watertight_core::{Code, Fault};
use zeroize::Zeroizing;

/// Who has the master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provider {
    /// Nobody: there is none.
    None,
    /// We, in shared memory, from this file.
    File(String),
    /// We, from this command.
    Command(String),
    /// A service that wraps and unwraps for us.
    Service(Service),
}

/// A service that wraps and unwraps for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The command that wraps.
    pub wrap: String,
    /// The command that unwraps.
    pub unwrap: String,
    /// The name of its key, for what is wrapped now.
    pub name: String,
}

/// The provider that is configured.
///
/// # Errors
/// 55000 for settings that contradict each other.
pub fn configured() -> Result<Provider, Fault> {
    let conflict = |what: &str| {
        Err(Fault::new(Code::NotInPrerequisiteState, "the provider of the master key is not clear")
            .detail(what)
            .hint("Set one of watertight.master_key_file, watertight.master_key_command, or both watertight.key_wrap_command and watertight.key_unwrap_command."))
    };
    let Configured { file, command, wrap, unwrap, name } = key_settings::configured();
    match (file, command, wrap, unwrap) {
        (None, None, None, None) => Ok(Provider::None),
        (Some(file), None, None, None) => Ok(Provider::File(file)),
        (None, Some(command), None, None) => Ok(Provider::Command(command)),
        (None, None, Some(wrap), Some(unwrap)) => {
            if is_plain(&name) {
                Ok(Provider::Service(Service { wrap, unwrap, name }))
            } else {
                conflict("watertight.key_name has a character that a shell could take for something else.")
            }
        }
        (None, None, ..) => conflict("Only one of the commands that wrap and unwrap is set."),
        _ => conflict("More than one provider is set."),
    }
}

/// Whether a name may stand in a command without being quoted.
pub fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('-')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/:@=+,".contains(&byte))
}

/// The bytes that a file holds.
///
/// # Errors
/// What is wrong with it, in words for the log: never its content.
pub fn read_file(path: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let failed = |error: std::io::Error| format!("the file cannot be read: {}", error.kind());
    const IRREGULAR: &str = "it is not a regular file";
    // Opening a pipe would wait for somebody to write.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(IRREGULAR.to_owned());
    }
    let file = std::fs::File::open(path).map_err(failed)?;
    let facts = file.metadata().map_err(failed)?;
    // The data directory is where every process of the server is, and belongs to its user.
    let user = std::fs::metadata(".").map_err(failed)?.uid();
    if !facts.is_file() {
        return Err(IRREGULAR.to_owned());
    }
    if facts.uid() != user {
        return Err("the file does not belong to the user that runs the server".to_owned());
    }
    if facts.mode() & 0o077 != 0 {
        return Err(format!(
            "others may access the file (its mode is {:04o}, not 0600)",
            facts.mode() & 0o7777
        ));
    }
    // Never larger than that: a buffer that grows leaves a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_MASTER_BYTES + 1));
    file.take(MAX_MASTER_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// What a command prints.
///
/// # Errors
/// How it failed, in words for the log: never what it printed.
pub fn run(command: &str, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
    let seconds = key_settings::command_timeout();
    command::run(command, input, seconds).map(Zeroizing::new).map_err(|failure| match failure {
        Failure::NotStarted(why) => format!("the command could not be started: {why}"),
        Failure::TimedOut => format!("the command did not end within {seconds} s"),
        Failure::Status(code) => format!("the command ended with status {code}"),
        Failure::Signal => "the command was ended by a signal".to_owned(),
        Failure::TooMuch => "the command printed too much".to_owned(),
        Failure::Broken(why) => format!("the command could not be talked to: {why}"),
    })
}
