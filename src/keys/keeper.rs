//! The keeper: a process without a database that asks the provider for the master key, and keeps it in shared memory.

use super::provider::{self, Provider};
use super::stack;
use crate::pg::error::warn;
use crate::sys::process;
use crate::sys::provided::{self, State};
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
        Err(fault) => return fail(fault.detail.as_deref().unwrap_or(&fault.message), true),
    };
    provided::asking();
    let bytes = match &provider {
        Provider::None => {
            provided::replace(State::Absent, |_, _| None);
            return true;
        }
        // It is asked when a tenant's key is needed.
        Provider::Service(_) => {
            provided::replace(State::Present, |_, _| None);
            return true;
        }
        Provider::File(path) => provider::read_file(path),
        Provider::Command(command) => provider::run(command, &[]),
    };
    let keys =
        bytes.and_then(|bytes| parse_master(&bytes).map_err(|fault| fault.detail.unwrap_or(fault.message)));
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

fn fail(why: &str, answered: bool) -> bool {
    provided::failed(why);
    let left = provided::status().state == State::Present;
    let (detail, hint) = if left {
        (format!("{why}. What was loaded before stays in force."), "Mend it and reload the configuration.")
    } else {
        (
            format!("{why}. Nothing is encrypted or decrypted until it is."),
            "It is tried again. The rest of the server works.",
        )
    };
    warn(
        Fault::new(Code::NotInPrerequisiteState, "watertight could not load the master key")
            .detail(detail)
            .hint(hint),
    );
    answered
}
