//! What this server says of functions, collations and types.

use super::{bounded, known, trusted};
use crate::sys::lookup::{self, Implementation};
use crate::sys::paths::Indexes;
use pgrx::pg_sys::Oid;
use watertight_core::search::{Examiner, Grade, When, catalogue};

/// The server, and the table's indexes.
pub struct Server {
    /// The table's.
    pub indexes: Indexes,
    /// The expression is what an index scan is ordered by.
    pub ordering: bool,
}

impl Examiner for Server {
    fn is_leakproof(&self, function: u32) -> bool {
        known::function(function, of_function).leakproof
    }

    fn entry(&self, function: u32) -> Option<(Grade, When)> {
        known::function(function, of_function).entry
    }

    fn is_deterministic(&self, collation: u32) -> bool {
        lookup::is_deterministic(Oid::from(collation))
    }

    fn element(&self, kind: u32) -> u32 {
        lookup::element_type(Oid::from(kind)).to_u32()
    }

    fn bounds_query(&self, function: u32) -> bool {
        bounded::function() == Some(Oid::from(function))
    }

    fn is_ordering(&self) -> bool {
        self.ordering
    }

    fn has_index_of(&self, family: u32) -> bool {
        self.indexes.any_of_family(Oid::from(family))
    }
}

/// The grade of a call of the function, whatever its arguments are.
pub fn unconditional(function: Oid) -> Option<Grade> {
    let known = known::function(function.to_u32(), of_function);
    match known.entry {
        _ if known.leakproof => Some(Grade::Total),
        Some((grade, When::Always)) => Some(grade),
        _ => None,
    }
}

fn of_function(function: u32) -> known::Function {
    known::Function { leakproof: lookup::is_leakproof(Oid::from(function)), entry: entry(function) }
}

fn entry(function: u32) -> Option<(Grade, When)> {
    let entry = match lookup::implementation(Oid::from(function))? {
        Implementation::Internal => catalogue::builtin(function),
        Implementation::Library { library, symbol } => {
            let symbol = (library, symbol);
            if trusted::contains(&symbol) {
                return Some((Grade::Total, When::Always));
            }
            catalogue::library(&symbol.0, &symbol.1)
        }
    }?;
    Some((entry.grade, entry.when))
}
