//! What only the database's worker can do: it must last, whatever becomes of the transaction that needs it.

use super::hear;
use crate::pg::{ext, spi};
use crate::sys::deaf::Deaf;
use crate::sys::wishes::{self, Failure, Wish};
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
        process: process::id(),
        firm: false,
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
            firm: true,
            ..plain
        },
    }
}

/// The next wish of this database. Who may not go on sealing comes first: that is quickly done, and asks nobody else.
pub fn next() -> Option<Kind> {
    let wish = wishes::take(user::database(), RESERVE)?;
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

/// A wish to destroy something is granted now. False if it is not wanted any more.
pub fn begin(kind: Kind) -> bool {
    wishes::begin(&encode(kind))
}

/// It is, or has failed.
pub fn done(kind: Kind) {
    wishes::done(&encode(kind));
}

/// What errors there are on the worker's side.
const CODES: [Code; 3] =
    [Code::NotInPrerequisiteState, Code::ConfigurationLimitExceeded, Code::UndefinedObject];

/// Tells who waits for it why it is not granted.
pub fn fail(kind: Kind, why: &Fault) {
    let text = |text: &Option<String>| Text::new(text.as_deref().unwrap_or_default());
    let code = CODES.iter().position(|code| *code == why.code).unwrap_or_default();
    let failure =
        Failure { code, message: Text::new(&why.message), detail: text(&why.detail), hint: text(&why.hint) };
    wishes::fail(encode(kind), failure);
}

fn failed(wish: &Wish, since: i64) -> Option<Fault> {
    let why = wishes::failure(wish, since)?;
    let text = |text: Text| text.get().map(str::to_owned);
    let code = CODES.get(why.code).copied().unwrap_or(Code::NotInPrerequisiteState);
    Some(Fault { detail: text(why.detail), hint: text(why.hint), ..Fault::new(code, text(why.message)?) })
}

/// Somebody who waits.
struct Waiting {
    wish: Wish,
    begun: i64,
    asked: i64,
}

impl Waiting {
    fn new(kind: Kind) -> Waiting {
        Waiting { wish: encode(kind), begun: process::now(), asked: i64::MIN }
    }

    /// Asks again now and then, and waits a little. True when it has waited for long enough.
    fn wait(&mut self, kind: Kind) -> bool {
        let now = process::now();
        if now.saturating_sub(self.asked) >= REMIND {
            make(kind);
            self.asked = now;
        }
        attempt::pause(PAUSE);
        // What it waits for may be that everybody lets go of something.
        hear::check();
        now.saturating_sub(self.begun) >= PATIENCE * 1_000
    }
}

/// Makes a wish, and waits until `look` finds that it was granted.
///
/// # Errors
/// 55000 if nobody grants it in time, why it cannot be granted, or what `look` has to say.
pub fn grant<R>(kind: Kind, mut look: impl FnMut() -> Option<R>) -> Result<R, Fault> {
    // It cannot wait for itself; the wish is granted after what it is doing now.
    if process::is_worker() {
        make(kind);
        return Err(not_granted());
    }
    let mut waiting = Waiting::new(kind);
    loop {
        let over = waiting.wait(kind);
        if let Some(result) = look() {
            return Ok(result);
        }
        if let Some(fault) = failed(&waiting.wish, waiting.begun) {
            return Err(fault);
        }
        if over {
            return Err(not_granted());
        }
    }
}

/// The same for what does not come back: who is told that it was not done can rely on that. `is_done` looks whether it was, where `look`
/// waits for more.
///
/// # Errors
/// As for [`grant`]; it may have been done.
pub fn destroy<R>(
    kind: Kind,
    mut look: impl FnMut() -> Option<R>,
    is_done: impl Fn() -> bool,
) -> Result<R, Fault> {
    let mut waiting = Waiting::new(kind);
    let wish = waiting.wish;
    // Whatever error leaves this.
    let _withdrawn = Withdrawn(wish);
    let deaf = Deaf::new();
    let mut blockers = Vec::new();
    loop {
        let over = waiting.wait(kind);
        if let Some(result) = look() {
            return Ok(result);
        }
        if let Some(fault) = failed(&wish, waiting.begun) {
            wishes::withdraw(&wish);
            return Err(fault);
        }
        blockers = in_the_way(&wish).unwrap_or(blockers);
        if (over || deaf.is_cancelled()) && wishes::withdraw(&wish) {
            if deaf.is_cancelled() {
                if is_done() {
                    // It comes too late.
                    deaf.forget();
                } else {
                    drop(deaf);
                    attempt::pause(0);
                }
            }
            return look().ok_or_else(|| blocked(&blockers).unwrap_or_else(not_granted));
        }
    }
}

/// For whom the worker waits with this wish at this moment; `None` if it does not. A prepared transaction is 0.
fn in_the_way(wish: &Wish) -> Option<Vec<i32>> {
    let worker = wishes::taker(wish)?;
    let blockers = spi::one::<Vec<i32>>("SELECT pg_catalog.pg_blocking_pids($1)", &[worker.into()])?;
    // It may have been at something else before, or afterwards.
    (!blockers.is_empty() && wishes::taker(wish) == Some(worker)).then_some(blockers)
}

fn blocked(blockers: &[i32]) -> Option<Fault> {
    let mut who: Vec<_> = blockers
        .iter()
        .map(|process| match process {
            0 => "a prepared transaction".to_owned(),
            process => format!("process {process}"),
        })
        .collect();
    who.sort();
    who.dedup();
    (!who.is_empty()).then(|| {
        Fault::new(Code::NotInPrerequisiteState, format!("the tenant is locked by {}", who.join(", ")))
            .detail("Nothing was destroyed: the background worker did not get the lock in time.")
            .hint(
                "End that transaction, with pg_terminate_backend() or ROLLBACK PREPARED, and try again. If others follow, suspend the tenant first.",
            )
    })
}

struct Withdrawn(Wish);

impl Drop for Withdrawn {
    fn drop(&mut self) {
        wishes::withdraw(&self.0);
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
