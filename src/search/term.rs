//! Expressions of the planner in the words of the rules.

use crate::sys::clause::{Clause, Fold, Kind};
use pgrx::pg_sys::Oid;
use watertight_core::search::{Shape, Term};

/// Reads an expression.
pub fn read(clause: Clause) -> Term {
    clause.fold(&mut Reader)
}

struct Reader;

impl Fold for Reader {
    type Out = Term;

    fn column(&mut self, kind: Kind, number: i16) -> Term {
        term(kind, Shape::Column(number))
    }

    fn constant(&mut self, kind: Kind, bytes: Option<Vec<Vec<u8>>>) -> Term {
        term(kind, Shape::Constant(bytes))
    }

    fn value(&mut self, kind: Kind) -> Term {
        term(kind, Shape::Value)
    }

    fn call(&mut self, kind: Kind, function: Oid, collation: Oid, arguments: Vec<Term>) -> Term {
        let (function, collation) = (function.to_u32(), collation.to_u32());
        term(kind, Shape::Call { function, collation, arguments })
    }

    fn structure(&mut self, kind: Kind, parts: Vec<Term>) -> Term {
        term(kind, Shape::Structure(parts))
    }

    fn unknown(&mut self, kind: Kind) -> Term {
        term(kind, Shape::Unknown)
    }
}

fn term(kind: Kind, shape: Shape) -> Term {
    Term { kind: kind.0.to_u32(), modifier: kind.1, shape }
}
