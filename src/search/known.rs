//! What has been looked up of functions and operators: every planning of a search asks again.
//!
//! A function may be replaced or dropped, and its oid may then be another's. So nothing here is older than what
//! PostgreSQL's own cache of its catalogs holds, or than the last change of `watertight.trusted_operators`.

use crate::pg::ext;
use crate::sys::inval;
use crate::sys::local::LocalRef;
use watertight_core::numbers::{NumberMap, number_map};
use watertight_core::search::{Grade, When};

/// A function.
#[derive(Clone, Copy)]
pub struct Function {
    /// The server calls it leakproof.
    pub leakproof: bool,
    /// What examination has shown of it.
    pub entry: Option<(Grade, When)>,
}

/// More than any session's searches need; then it starts anew.
const MOST: usize = 1000;

struct Known {
    at: (u64, u64),
    functions: NumberMap<u32, Function>,
    /// Whether a superuser owns the operator.
    operators: NumberMap<u32, bool>,
}

static KNOWN: LocalRef<Known> =
    LocalRef::new(Known { at: (0, 0), functions: number_map(), operators: number_map() });

/// A function; `look_up` may raise.
pub fn function(oid: u32, look_up: fn(u32) -> Function) -> Function {
    get(oid, |known| &mut known.functions, look_up)
}

/// Whether a superuser owns an operator.
pub fn operator(oid: u32, look_up: fn(u32) -> bool) -> bool {
    get(oid, |known| &mut known.operators, look_up)
}

fn get<T: Copy>(oid: u32, of: fn(&mut Known) -> &mut NumberMap<u32, T>, look_up: fn(u32) -> T) -> T {
    let at = now();
    let held = KNOWN.with_mut(|known| if known.at == at { of(known).get(&oid).copied() } else { None });
    held.unwrap_or_else(|| {
        let found = look_up(oid);
        // Under the state it began in: what changed meanwhile is looked up again.
        KNOWN.with_mut(|known| {
            if known.at != at || of(known).len() >= MOST {
                *known = Known { at, functions: number_map(), operators: number_map() };
            }
            of(known).insert(oid, found);
        });
        found
    })
}

fn now() -> (u64, u64) {
    (inval::functions_generation(), ext::trusted_generation())
}
