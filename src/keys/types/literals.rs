//! A literal is sealed when it is parsed: for one context, and for as long as the parsed statement is kept.
//!
//! Statements that a backend keeps are analysed again when the context has become another one. What is kept for all contexts, in a
//! catalog, must hold no such literal.

use crate::context;
use crate::pg::error::raise;
use crate::pg::ext;
use crate::pg::found::Found;
use crate::sys::analysis::{self, Watch};
use crate::sys::function::Call;
use crate::sys::local::Local;
use crate::sys::query::{forget_plans, forget_plans_later};
use crate::sys::{epoch, lookup};
use pgrx::pg_sys::{FirstNormalObjectId, Oid};
use watertight_core::keys::{Kind, literal_kept};

/// The context in which a statement with such a literal was analysed.
static ANALYSED: Local<Option<u64>> = Local::new(None);
/// How often the context has become another one since a value was made in this transaction, or the keys have become others.
static CHANGES: Local<u64> = Local::new(0);
/// The context in which the first value of this transaction was made of a text, and [`CHANGES`] then.
static SINCE: Local<(u64, u64)> = Local::new((0, 0));
/// The epoch and the generation of keys that were last seen.
static KEYS: Local<(u64, u64)> = Local::new((0, 0));

/// Starts looking at statements; called once, while the library is loaded.
pub fn install() {
    analysis::install(Watch { found, may_hold, is_sealed, refuse });
}

/// An input function seals a value, or takes a sealed one: perhaps a literal.
pub fn sealed(kind: Kind) {
    if analysis::is_storing() {
        raise(literal_kept(kind));
    }
    if analysis::expect() {
        SINCE.set((context::mark(), CHANGES.get()));
    }
}

/// The body of a function is looked at, and what becomes of its literals does not matter: they need no context. Not so those inside of
/// others: the input of a domain runs a user's function, which could keep the value.
pub fn is_for_nobody(call: Call) -> bool {
    analysis::is_checking() && call.is_single()
}

fn refuse(kind: Oid) {
    raise(literal_kept(kind_of(kind).unwrap_or(Kind::Text)));
}

fn found() {
    ANALYSED.set(Some(context::mark()));
    // The constant may be from before: the statement's own analysis has run something that changed the context.
    if SINCE.get().1 != CHANGES.get() {
        forget_plans_later();
    }
}

/// Another token is in force, or none. Must not raise.
pub fn context_changed() {
    let (analysed, expected) = (ANALYSED.get(), analysis::is_expected());
    if analysed.is_none() && !expected {
        return;
    }
    let mark = context::mark();
    if expected && SINCE.get().0 != mark {
        CHANGES.set(CHANGES.get().wrapping_add(1));
    }
    if analysed.is_some_and(|analysed| analysed != mark) {
        ANALYSED.set(None);
        forget_plans();
    }
}

/// Keys may have changed: if they have, a saved literal may be of one that is gone. Must not raise, allocate or read a catalog.
pub fn look_at_keys() {
    let keys = (epoch::now(), ext::keys_generation());
    if KEYS.replace(keys) != keys {
        keys_changed();
    }
}

/// Keys have changed, or those that were made never came to be. As [`look_at_keys`].
pub fn keys_changed() {
    CHANGES.set(CHANGES.get().wrapping_add(1));
    if ANALYSED.replace(None).is_some() {
        forget_plans();
    }
}

static TYPES: Found<[(Oid, Kind); 4]> = Found::new();

fn find() -> Option<[(Oid, Kind); 4]> {
    let find = |(name, kind)| (lookup::type_in(c"watertight", name).unwrap_or(Oid::INVALID), kind);
    Some(
        [
            (c"encrypted_text", Kind::Text),
            (c"encrypted_bytea", Kind::Bytea),
            (c"encrypted_jsonb", Kind::Jsonb),
            (c"searchable_text", Kind::Searchable),
        ]
        .map(find),
    )
}

/// Our types; none where the extension is not installed.
pub fn types() -> Vec<Oid> {
    TYPES.with(find, |types| types.map(|(kind, _)| kind).to_vec()).unwrap_or_default()
}

/// Which of our types this is.
pub fn type_of(kind: Oid) -> Option<Kind> {
    let is = |known: &&(Oid, Kind)| known.0 == kind && kind != Oid::INVALID;
    TYPES.with(find, |types| types.iter().find(is).map(|known| known.1))?
}

/// Which of our types this is, or an array of such.
fn kind_of(kind: Oid) -> Option<Kind> {
    type_of(lookup::plain_type(kind))
}

/// Whether a value of a type may have one of ours inside.
fn may_hold(mut kind: Oid) -> bool {
    if kind.to_u32() < FirstNormalObjectId {
        return false;
    }
    loop {
        match lookup::plain_type(kind) {
            plain if plain == kind => return is_sealed(kind) || lookup::has_parts(kind),
            plain => kind = plain,
        }
    }
}

/// Whether values of a type are sealed, or arrays of such.
pub(super) fn is_sealed(kind: Oid) -> bool {
    kind_of(kind).is_some()
}
