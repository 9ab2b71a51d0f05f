//! An expression of a query, as far as it matters who sees what.

/// An expression.
#[derive(Clone, PartialEq, Debug)]
pub struct Term {
    /// The oid of its type.
    pub kind: u32,
    /// Its type modifier; negative when there is none.
    pub modifier: i32,
    /// What it is.
    pub shape: Shape,
}

/// What an expression is.
#[derive(Clone, PartialEq, Debug)]
pub enum Shape {
    /// A column of a table in the query, by number.
    Column(i16),
    /// A constant: its bytes where its type has values of variable length, those of each element where it is an array of
    /// texts or byteas, and `None` where it is of a type of fixed length. A NULL has none.
    Constant(Option<Vec<Vec<u8>>>),
    /// Something without columns, known when the statement runs.
    Value,
    /// A call, written as a function or as an operator. `x op ANY (array)` is a call with the array for its element.
    Call {
        /// The function's oid.
        function: u32,
        /// The collation it is called with; 0 for none.
        collation: u32,
        /// Its arguments.
        arguments: Vec<Term>,
    },
    /// A node that calls nothing itself: AND, IS NULL, CASE, a row.
    Structure(Vec<Term>),
    /// A node nobody has looked at, with columns in it.
    Unknown,
}

impl Term {
    /// Whether a value of a row comes into it.
    pub fn has_columns(&self) -> bool {
        match &self.shape {
            Shape::Column(_) | Shape::Unknown => true,
            Shape::Constant(_) | Shape::Value => false,
            Shape::Call { arguments: parts, .. } | Shape::Structure(parts) => {
                parts.iter().any(Term::has_columns)
            }
        }
    }
}
