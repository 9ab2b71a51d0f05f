//! A literal is sealed when it is parsed: for one context, and for as long as the parsed statement is kept.
//!
//! Statements that a backend keeps are analysed again when the context has become another one. What is kept for all contexts, in a
//! catalog, must hold no such literal.

use crate::context;
use crate::pg::error::raise;
use crate::pg::found::Found;
use crate::sys::analysis::{self, Watch};
use crate::sys::local::Local;
use crate::sys::lookup;
use crate::sys::query::forget_plans;
use pgrx::pg_sys::Oid;
use watertight_core::keys::{Kind, literal_kept};

/// The context in which a statement with such a literal was analysed.
static ANALYSED: Local<Option<u64>> = Local::new(None);

/// Starts looking at statements; called once, while the library is loaded.
pub fn install() {
    analysis::install(Watch { found, is_sealed, refuse });
}

/// An input function seals a value, or takes a sealed one: perhaps a literal.
pub fn sealed(kind: Kind) {
    if analysis::is_storing() {
        raise(literal_kept(kind));
    }
    analysis::expect();
}

/// The body of a function is looked at, and what becomes of its literals does not matter: it needs no context.
pub fn is_for_nobody() -> bool {
    analysis::is_checking()
}

fn refuse(kind: Oid) {
    raise(literal_kept(kind_of(kind).unwrap_or(Kind::Text)));
}

fn found() {
    ANALYSED.set(Some(context::mark()));
}

/// Another token is in force, or none. Must not raise.
pub fn context_changed() {
    if let Some(mark) = ANALYSED.get()
        && mark != context::mark()
    {
        ANALYSED.set(None);
        forget_plans();
    }
}

static TYPES: Found<[Oid; 4]> = Found::new();

const TYPE_KINDS: [Kind; 4] = [Kind::Text, Kind::Bytea, Kind::Jsonb, Kind::Searchable];

fn find() -> Option<[Oid; 4]> {
    let find = |name| lookup::type_in(c"watertight", name).unwrap_or(Oid::INVALID);
    Some([c"encrypted_text", c"encrypted_bytea", c"encrypted_jsonb", c"searchable_text"].map(find))
}

/// Which of our types this is, or an array of such.
fn kind_of(kind: Oid) -> Option<Kind> {
    TYPES.with(find, |types| {
        let plain = lookup::plain_type(kind);
        let at = types.iter().position(|known| *known == plain && plain != Oid::INVALID);
        at.and_then(|at| TYPE_KINDS.get(at).copied())
    })?
}

/// Whether values of a type are sealed, or arrays of such.
pub(super) fn is_sealed(kind: Oid) -> bool {
    kind_of(kind).is_some()
}
