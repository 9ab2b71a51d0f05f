//! What is known of a function that has been examined.

/// An examined function.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Which function.
    pub function: Function,
    /// How far it may go.
    pub grade: Grade,
    /// With which arguments.
    pub when: When,
    /// What its source shows, in a sentence.
    pub because: &'static str,
}

/// A function by what it runs, never by its name alone: a name can be taken by somebody else's function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Function {
    /// One of PostgreSQL's own, by its number, which never changes; the signature is for readers, and a test compares
    /// it with the server's.
    Builtin(u32, &'static str),
    /// A C function of a library in PostgreSQL's library directory, by symbol. Only a superuser can declare one.
    Library(&'static str, &'static str),
}

/// How far a function may be trusted with values that the session must not see.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Grade {
    /// It returns without error, notice or side effect for every value that can be stored. It may look at any row.
    Total,
    /// Only a value longer than a kilobyte can make it report or fail. PostgreSQL keeps no such values in statistics, so
    /// the planner may estimate with them; otherwise as `Guarded`.
    Long,
    /// For some values it reports or fails: a text so long that its copy does not fit, a word too long to be indexed.
    /// Its condition may be answered by an index, but never be evaluated on a row before the tenant's predicate.
    Guarded,
    /// Its planner support function derives lossy index conditions from it, all of them `Total`; the function itself
    /// stays in the filter, behind the tenant's predicate.
    Derived,
}

/// What must hold of a call for its grade to count. Arguments are numbered from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// Nothing.
    Always,
    /// Its collation is known and deterministic.
    Collated,
    /// As `Collated`, and argument 1 is a constant LIKE pattern that does not end in a lone backslash, which is an
    /// error for the rows whose text matches up to it.
    LikePattern,
    /// As `Collated`, and argument 1 is a constant regular expression.
    RegularExpression,
    /// This argument is a constant.
    Constant(usize),
    /// Every argument's type, or that of its elements, is one whose comparison has been examined; as `Collated` where it
    /// has a collation.
    BuiltinElements,
    /// This argument is a tsquery of at most [`MAX_QUERY_NODES`](super::MAX_QUERY_NODES): a constant, or one that is
    /// counted when the statement runs. Deeper ones fail for the rows that make the search go all the way down.
    ShallowQuery(usize),
    /// The table has no index of these operator families, which fail, or lose rows, for some stored keys.
    NoIndexOf(&'static [u32]),
    /// This argument is a constant of at most 1 kB: recursion over it stays shallow.
    ShortPattern(usize),
    /// As `ShortPattern`, and it is an array of at most one dimension without nulls.
    ShortPatterns(usize),
    /// The column's type modifier is set: all its values have the same number of dimensions.
    PinnedColumn,
    /// The column's type modifier is PostGIS's, for points in a reference system other than 0.
    PinnedPoint,
    /// It orders an index scan by a key of the index: what fails for the value failed when it was inserted.
    Indexed,
}

impl Entry {
    /// Returns normally whatever is stored.
    pub const fn total(function: Function, because: &'static str) -> Self {
        Entry { function, grade: Grade::Total, when: When::Always, because }
    }

    /// May report or fail for long values.
    pub const fn long(function: Function, because: &'static str) -> Self {
        Entry { function, grade: Grade::Long, when: When::Always, because }
    }

    /// May report or fail for some values.
    pub const fn guarded(function: Function, because: &'static str) -> Self {
        Entry { function, grade: Grade::Guarded, when: When::Always, because }
    }

    /// Only what is derived from it is answered by an index.
    pub const fn derived(function: Function, because: &'static str) -> Self {
        Entry { function, grade: Grade::Derived, when: When::Always, because }
    }

    /// The same under a condition.
    pub const fn when(self, when: When) -> Self {
        Entry { when, ..self }
    }
}
