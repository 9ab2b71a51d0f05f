//! The keeper: a process without a database that asks the provider for the master key, and keeps it in shared memory.

use super::provider::{self, Lines, Trouble};
use super::stack;
use crate::pg::error::warn;
use crate::sys::process;
use crate::sys::provided::{self, Stage, State};
use watertight_core::keys::parse_master;
use watertight_core::{Code, Fault};

/// How long to wait before a provider that has failed is asked again, in milliseconds.
const AGAIN: u64 = 10_000;
const LONG: u64 = 3_600_000;

/// Until the server stops.
pub fn run() {
    loop {
        let answered = load();
        stack::wipe();
        let asked = process::reloads();
        while process::reloads() == asked {
            if !process::wait(if answered { LONG } else { AGAIN }) {
                return;
            }
            if !answered {
                break;
            }
        }
    }
}

/// Asks the provider. False if it is worth asking again without being told to.
fn load() -> bool {
    let provider = match provider::configured() {
        Ok(provider) => provider,
        Err(fault) => {
            let why = fault.detail.unwrap_or(fault.message);
            return fail(&Trouble { why, hint: fault.hint }, true);
        }
    };
    provided::asking();
    let bytes = match &provider.lines {
        None => {
            // A service is asked when a tenant's key is needed.
            let state = if provider.service.is_some() { State::Present } else { State::Absent };
            provided::replace(state, |_, _| None);
            return true;
        }
        Some(Lines::File(path)) => {
            provider::read_file(path).map(|bytes| (bytes, format!("file {path} cannot be used")))
        }
        Some(Lines::Command(command)) => provider::run(command, &[])
            .map(|bytes| (bytes, "what the command printed cannot be used".to_owned()))
            .map_err(Trouble::from),
    };
    let keys = bytes.and_then(|(bytes, unusable)| {
        parse_master(&bytes).map_err(|why| Trouble {
            why: format!("{unusable}: {why}"),
            hint: Some("A key is made with: openssl rand -base64 32".to_owned()),
        })
    });
    match keys {
        Ok(keys) => {
            provided::replace(State::Present, |index, place| {
                let key = keys.get(index)?;
                place.copy_from_slice(key.key.expose());
                i32::try_from(key.version).ok()
            });
            true
        }
        Err(why) => fail(&why, false),
    }
}

fn fail(trouble: &Trouble, answered: bool) -> bool {
    let why = provider::sentence(&trouble.why);
    provided::failed(Stage::Loading, &why);
    let left = provided::status().state == State::Present;
    let (consequence, general) = if left {
        ("What was loaded before stays in force.", "Mend it and reload the configuration.")
    } else {
        (
            "Nothing is encrypted or decrypted until it is.",
            "It is tried again every ten seconds. The rest of the server works.",
        )
    };
    let detail = format!("{why} {consequence}");
    let hint = trouble.hint.as_ref().map_or_else(|| general.to_owned(), |hint| format!("{general} {hint}"));
    warn(
        Fault::new(Code::NotInPrerequisiteState, "watertight could not load the master key")
            .detail(detail)
            .hint(hint),
    );
    answered
}
