use super::secret::{SECRET_BYTES, Secret};
use crate::{Code, Fault};
use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// A provider has no more to say than this.
pub const MAX_MASTER_BYTES: usize = 64 * 1024;

/// So many versions may be in use at once: the one in force, and those that rows still name.
pub const MAX_MASTER_VERSIONS: usize = 16;

const EITHER: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const ENGINES: [GeneralPurpose; 2] =
    [GeneralPurpose::new(&STANDARD, EITHER), GeneralPurpose::new(&URL_SAFE, EITHER)];

/// One version of the master key.
#[derive(Debug)]
pub struct MasterKey {
    /// Its number, from 1.
    pub version: u32,
    /// The key.
    pub key: Secret,
}

/// Reads what a provider says: lines `VERSION KEY`, a key being 32 bytes in base64 or hexadecimal; empty lines and lines that begin
/// with `#` are for people. One key alone needs no version, and has 1. The newest comes first: it is the one in force.
///
/// # Errors
/// What is wrong with anything else, in words for the log: the line, and never what stands there.
pub fn parse_master(text: &[u8]) -> Result<Vec<MasterKey>, String> {
    if text.len() > MAX_MASTER_BYTES {
        return Err(format!("it is longer than {MAX_MASTER_BYTES} bytes"));
    }
    let mut keys: Vec<MasterKey> = Vec::new();
    let mut without_version = false;
    let lines = text.split(|byte| *byte == b'\n').zip(1_usize..);
    for (line, number) in lines.map(|(line, number)| (line.trim_ascii(), number)) {
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let (version, key) = match (words.next(), words.next(), words.next()) {
            (Some(version), Some(key), None) => (parse_version(version), key),
            (Some(key), None, _) => {
                without_version = true;
                (Some(1), key)
            }
            _ => return Err(format!("line {number} is not of the form VERSION KEY")),
        };
        let version = version
            .ok_or_else(|| format!("the version in line {number} is not a number from 1 to {}", i32::MAX))?;
        let key = parse_key(key).ok_or_else(|| {
            format!("the key in line {number} is not {SECRET_BYTES} bytes in base64 or hexadecimal")
        })?;
        if key.is_placeholder() {
            return Err(format!("the key in line {number} is one byte repeated"));
        }
        if keys.iter().any(|other| other.version == version) && !without_version {
            return Err(format!("version {version} stands there twice"));
        }
        keys.push(MasterKey { version, key });
    }
    if without_version && keys.len() > 1 {
        return Err("several keys need a version each".to_owned());
    }
    if keys.is_empty() {
        return Err("there is no key in it".to_owned());
    }
    if keys.len() > MAX_MASTER_VERSIONS {
        return Err(format!("it has more than {MAX_MASTER_VERSIONS} versions"));
    }
    if keys
        .iter()
        .enumerate()
        .any(|(at, one)| keys[..at].iter().any(|other| other.key.expose() == one.key.expose()))
    {
        return Err("two versions are the same key".to_owned());
    }
    keys.sort_unstable_by_key(|key| std::cmp::Reverse(key.version));
    Ok(keys)
}

fn parse_version(word: &[u8]) -> Option<u32> {
    let digits = word.iter().all(u8::is_ascii_digit) && word.first() != Some(&b'0');
    let version: i32 = std::str::from_utf8(word).ok().filter(|_| digits)?.parse().ok()?;
    u32::try_from(version).ok()
}

fn parse_key(word: &[u8]) -> Option<Secret> {
    if word.len() == 2 * SECRET_BYTES {
        return Secret::filled(|out| {
            let (pairs, _) = word.as_chunks::<2>();
            out.iter_mut().zip(pairs).all(|(out, [high, low])| {
                let byte = digit(*high).zip(digit(*low)).map(|(high, low)| high << 4 | low);
                *out = byte.unwrap_or_default();
                byte.is_some()
            })
        });
    }
    ENGINES
        .iter()
        .find_map(|engine| Secret::filled(|out| matches!(engine.decode_slice(word, out), Ok(SECRET_BYTES))))
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// What there is of the master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MasterState {
    /// None is configured.
    Absent,
    /// The provider was asked, and has not answered yet.
    Loading,
    /// There is one.
    Present,
    /// The provider has failed, and there is none from before.
    Failed,
}

impl MasterState {
    /// As views show it.
    pub const fn as_str(self) -> &'static str {
        match self {
            MasterState::Absent => "absent",
            MasterState::Loading => "loading",
            MasterState::Present => "present",
            MasterState::Failed => "failed",
        }
    }

    /// The state after the provider was asked again. What is there stays until something better comes.
    pub const fn asked(self, configured: bool) -> Self {
        match self {
            MasterState::Present => MasterState::Present,
            _ if configured => MasterState::Loading,
            _ => MasterState::Absent,
        }
    }

    /// The state after the provider has answered.
    pub const fn answered(self, usable: bool) -> Self {
        match self {
            MasterState::Present => MasterState::Present,
            _ if usable => MasterState::Present,
            _ => MasterState::Failed,
        }
    }

    /// Why a key cannot be unwrapped now.
    ///
    /// # Errors
    /// 55000 in every state but `Present`.
    pub fn required(self) -> Result<(), Fault> {
        let fault = |message, detail, hint| {
            Err(Fault::new(Code::NotInPrerequisiteState, message).detail(detail).hint(hint))
        };
        match self {
            MasterState::Present => Ok(()),
            MasterState::Absent => fault(
                "there is no master key",
                "Values are encrypted under keys of their tenant, which the master key wraps. None is configured.",
                "Set watertight.master_key_file, watertight.master_key_command, or both watertight.key_wrap_command and watertight.key_unwrap_command, and reload the configuration.",
            ),
            MasterState::Loading => fault(
                "the master key is not there yet",
                "Its provider was asked and has not answered.",
                "Try again; if this lasts, see the server log.",
            ),
            MasterState::Failed => fault(
                "the master key could not be loaded",
                "Its provider failed. Nothing is encrypted or decrypted without it.",
                "The server log says why. Mend it and reload the configuration.",
            ),
        }
    }
}
