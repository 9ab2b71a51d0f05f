//! What only the database's worker can do: it must last, whatever becomes of the transaction that needs it.

use super::hear;
use crate::pg::ext;
use crate::sys::wishes::{self, Wish};
use crate::sys::workers::{self, Text};
use crate::sys::{attempt, process, slots, user};
use uuid::Uuid;
use watertight_core::keys::KeyId;
use watertight_core::{Code, Fault};

/// How long a backend waits for what it has wished, in milliseconds, and how long it waits before it looks again.
pub const PATIENCE: i64 = 15_000;
const PAUSE: u32 = 4;
/// How often it asks again, in microseconds: the worker may have failed, or be another one by now.
const REMIND: i64 = 1_000_000;

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The keys of a tenant and one of its compartments.
    Make {
        /// The tenant.
        tenant: Uuid,
        /// The compartment; nil for global.
        compartment: Uuid,
    },
    /// The key that signs the installation's certificates.
    Signing,
    /// That a key may be used more often.
    Reserve {
        /// The key.
        id: KeyId,
    },
    /// That all keys of a tenant are destroyed.
    Shred {
        /// The tenant.
        tenant: Uuid,
        /// The id that the certificate is to have.
        certificate: Uuid,
        /// Who wants it.
        by: Name,
        /// Not after that moment, in PostgreSQL's microseconds: who wants it was told by then that it was not done.
        until: i64,
    },
}

/// The name of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    bytes: [u8; 64],
    length: u8,
}

impl Name {
    /// A name as PostgreSQL has them: shorter than 64 bytes.
    pub fn new(name: &str) -> Name {
        let mut bytes = [0; 64];
        let length = name.len().min(bytes.len());
        bytes[..length].copy_from_slice(&name.as_bytes()[..length]);
        Name { bytes, length: length as u8 }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

const MAKE: u32 = 1;
const RESERVE: u32 = 2;
const SHRED: u32 = 3;
const SIGNING: u32 = 4;

fn encode(kind: Kind) -> Wish {
    let plain = Wish {
        database: user::database(),
        kind: MAKE,
        first: [0; 16],
        second: [0; 16],
        number: 0,
        text: Text::new(""),
    };
    match kind {
        Kind::Make { tenant, compartment } => {
            Wish { first: *tenant.as_bytes(), second: *compartment.as_bytes(), ..plain }
        }
        Kind::Signing => Wish { kind: SIGNING, ..plain },
        Kind::Reserve { id } => Wish { kind: RESERVE, number: id.get(), ..plain },
        Kind::Shred { tenant, certificate, by, until } => Wish {
            kind: SHRED,
            first: *tenant.as_bytes(),
            second: *certificate.as_bytes(),
            number: until,
            text: Text::new(by.as_str()),
            ..plain
        },
    }
}

/// The next wish of this database.
pub fn next() -> Option<Kind> {
    let wish = wishes::take(user::database())?;
    let (first, second) = (Uuid::from_bytes(wish.first), Uuid::from_bytes(wish.second));
    match wish.kind {
        MAKE => Some(Kind::Make { tenant: first, compartment: second }),
        SIGNING => Some(Kind::Signing),
        RESERVE => Some(Kind::Reserve { id: KeyId::new(wish.number)? }),
        _ => Some(Kind::Shred {
            tenant: first,
            certificate: second,
            by: Name::new(wish.text.get().unwrap_or_default()),
            until: wish.number,
        }),
    }
}

/// Makes a wish, and does not wait.
pub fn make(kind: Kind) {
    if !wishes::make(encode(kind)) {
        return;
    }
    match workers::get(user::database()) {
        // It can be repeated.
        Some(worker) if worker.state == workers::State::Vacuuming => slots::interrupt(worker.process, false),
        _ => {}
    }
    workers::wake(user::database());
}

/// Makes a wish, and waits until `look` finds that it was granted.
///
/// # Errors
/// 55000 if nobody grants it in time, or what `look` has to say.
pub fn grant<R>(kind: Kind, mut look: impl FnMut() -> Option<R>) -> Result<R, Fault> {
    // It cannot wait for itself; the wish is granted after what it is doing now.
    if process::is_worker() {
        make(kind);
        return Err(not_granted());
    }
    let begun = process::now();
    let mut asked = i64::MIN;
    loop {
        let now = process::now();
        if now.saturating_sub(asked) >= REMIND {
            make(kind);
            asked = now;
        }
        attempt::pause(PAUSE);
        // What it waits for may be that everybody lets go of something.
        hear::check();
        if let Some(result) = look() {
            return Ok(result);
        }
        if now.saturating_sub(begun) >= PATIENCE * 1_000 {
            return Err(not_granted());
        }
    }
}

fn not_granted() -> Fault {
    let worker = workers::get(user::database());
    let fault = Fault::new(
        Code::NotInPrerequisiteState,
        "the background worker did not make or change a key in time",
    );
    match worker {
        Some(worker) if workers::is_alive(worker.process) => {
            fault.hint("Try again. watertight.worker_status says what the worker does, and what failed.")
        }
        _ if ext::tables().is_none() => fault,
        _ => fault
            .detail("This database has no background worker now.")
            .hint("Raise max_worker_processes if the server has no free place for one; see watertight.worker_status."),
    }
}
