//! Asking the provider of the master key: a file or a command.

use crate::pg::key_settings::{self, Configured};
use crate::sys::command::{self, Failure};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use watertight_core::keys::MAX_MASTER_BYTES;
use watertight_core::{Code, Fault};
use zeroize::Zeroizing;

/// Who has the master key. One of the two wraps; where there are both, the other one still unwraps what it has wrapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// We, in shared memory.
    pub lines: Option<Lines>,
    /// A service that wraps and unwraps for us.
    pub service: Option<Service>,
}

/// Where we have it from: lines of a version and a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lines {
    /// This file.
    File(String),
    /// What this command prints.
    Command(String),
}

/// A service that wraps and unwraps for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The command that wraps; without one, our own key does.
    pub wrap: Option<String>,
    /// The command that unwraps.
    pub unwrap: String,
    /// The name of its key, for what is wrapped now.
    pub name: String,
}

impl Provider {
    /// The service and its command, where it is a service that wraps.
    pub fn wrapping(&self) -> Option<(&Service, &str)> {
        self.service.as_ref().and_then(|service| service.wrap.as_deref().map(|wrap| (service, wrap)))
    }
}

/// The provider that is configured.
///
/// # Errors
/// 55000 for settings that contradict each other.
pub fn configured() -> Result<Provider, Fault> {
    let conflict = |what: &str, hint: &str| {
        Err(Fault::new(Code::NotInPrerequisiteState, "the provider of the master key is not clear")
            .detail(what)
            .hint(hint))
    };
    let Configured { file, command, wrap, unwrap, name } = key_settings::configured();
    let lines = match (file, command) {
        (Some(_), Some(_)) => {
            return conflict(
                "Both watertight.master_key_file and watertight.master_key_command are set.",
                "Set one of them to an empty string and reload the configuration.",
            );
        }
        (file, command) => file.map(Lines::File).or_else(|| command.map(Lines::Command)),
    };
    let both = "Set both watertight.key_wrap_command and watertight.key_unwrap_command, and reload the configuration.";
    let service = match (wrap, unwrap) {
        (None, None) => None,
        (Some(_), None) => {
            return conflict(
                "watertight.key_wrap_command is set, and watertight.key_unwrap_command is not.",
                both,
            );
        }
        (None, Some(_)) if lines.is_none() => {
            return conflict("watertight.key_unwrap_command is set, and nothing that wraps is.", both);
        }
        (Some(_), Some(_)) if !is_plain(&name) => {
            return conflict(
                "The name in watertight.key_name has a character that a shell could take for something else.",
                "A name consists of letters, digits and ._-/:@=+, and does not begin with a hyphen.",
            );
        }
        (wrap, Some(unwrap)) => Some(Service { wrap, unwrap, name }),
    };
    Ok(Provider { lines, service })
}

/// Whether a name may stand in a command without being quoted.
pub fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('-')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/:@=+,".contains(&byte))
}

/// Why a provider gave no key, in words for the log: never what it gave.
pub struct Trouble {
    /// The reason.
    pub why: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl From<String> for Trouble {
    fn from(why: String) -> Self {
        Trouble { why, hint: None }
    }
}

/// A reason as a sentence.
pub fn sentence(why: &str) -> String {
    let mut letters = why.trim_end_matches('.').chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

/// The bytes that a file holds.
///
/// # Errors
/// What is wrong with it.
pub fn read_file(path: &str) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => format!("file {path} cannot be read: no such file"),
        kind => format!("file {path} cannot be read: {kind}"),
    };
    let irregular = || format!("{path} is not a regular file");
    // Opening a pipe would wait for somebody to write.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(irregular().into());
    }
    let file = std::fs::File::open(path).map_err(failed)?;
    let facts = file.metadata().map_err(failed)?;
    // The data directory is where every process of the server is, and belongs to its user.
    let user = std::fs::metadata(".").map_err(failed)?.uid();
    if !facts.is_file() {
        return Err(irregular().into());
    }
    if facts.uid() != user {
        let why = format!("file {path} must belong to the user that runs the server, and belongs to another");
        return Err(Trouble {
            why,
            hint: Some(format!("As root: chown that user {path}; chmod 600 {path}")),
        });
    }
    if facts.mode() & 0o077 != 0 {
        let mode = facts.mode() & 0o7777;
        let why = format!("others may access file {path} (its mode is {mode:04o}, and must be 0600 or 0400)");
        return Err(Trouble { why, hint: Some(format!("chmod 600 {path}")) });
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
        // What a shell means by these. Everything else that it has to say may quote what it was given.
        Failure::Status(126) => "the command ended with status 126 (cannot be executed)".to_owned(),
        Failure::Status(127) => "the command ended with status 127 (command not found)".to_owned(),
        Failure::Status(code) => format!("the command ended with status {code}"),
        Failure::Signal => "the command was ended by a signal".to_owned(),
        Failure::TooMuch => "the command printed too much".to_owned(),
        Failure::Broken(why) => format!("the command could not be talked to: {why}"),
    })
}
