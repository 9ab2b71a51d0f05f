//! How far a clause may go, by every function in it.

use super::elements;
use super::entry::{Grade, When};
use super::modifier::is_point_with_reference;
use super::pattern::{is_harmless, is_plain_array, is_short};
use super::query::is_shallow;
use super::term::{Shape, Term};

/// What the server knows of the functions, collations and types in a term.
pub trait Examiner {
    /// Whether the server itself calls the function leakproof.
    fn is_leakproof(&self, function: u32) -> bool;
    /// What examination has shown of it.
    fn entry(&self, function: u32) -> Option<(Grade, When)>;
    /// Whether the collation finds two texts equal only if their bytes are.
    fn is_deterministic(&self, collation: u32) -> bool;
    /// The type of an array's elements; 0 for a type that is no array.
    fn element(&self, kind: u32) -> u32;
    /// Whether the function returns its tsquery as it is, and fails for one that is too deep.
    fn bounds_query(&self, function: u32) -> bool;
    /// Whether the expression is what an index scan is ordered by.
    fn is_ordering(&self) -> bool;
    /// Whether the table has an index of this operator family.
    fn has_index_of(&self, family: u32) -> bool;
}

/// What a clause may.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Examined {
    /// How far it may go.
    pub grade: Grade,
    /// The planner may estimate how many rows it finds with the help of the column's statistics: its estimator calls the
    /// clause's own function, and none inside, with values of all tenants.
    pub estimate: bool,
}

/// What a clause may; `None`: nothing before the tenant's predicate.
///
/// What calls a [`Grade::Derived`] function is only as good as the condition derived from it, and nothing is derived
/// from calls further in: there such a function counts as unexamined.
pub fn examine(clause: &Term, examiner: &dyn Examiner) -> Option<Examined> {
    match &clause.shape {
        Shape::Call { function, collation, arguments } if clause.has_columns() => {
            let own = grade_of_call(*function, *collation, arguments, examiner)?;
            let grade = own.max(examine_inner(arguments, examiner)?);
            Some(Examined { grade, estimate: own <= Grade::Long })
        }
        _ => Some(Examined { grade: examine_within(clause, examiner)?, estimate: false }),
    }
}

fn examine_within(term: &Term, examiner: &dyn Examiner) -> Option<Grade> {
    if !term.has_columns() {
        return Some(Grade::Total);
    }
    match &term.shape {
        Shape::Column(_) | Shape::Constant(_) | Shape::Value => Some(Grade::Total),
        Shape::Structure(parts) => examine_inner(parts, examiner),
        Shape::Call { function, collation, arguments } => {
            let own = grade_of_call(*function, *collation, arguments, examiner)?;
            if own == Grade::Derived {
                return None;
            }
            Some(own.max(examine_inner(arguments, examiner)?))
        }
        Shape::Unknown => None,
    }
}

fn examine_inner(terms: &[Term], examiner: &dyn Examiner) -> Option<Grade> {
    terms.iter().try_fold(Grade::Total, |worst, term| Some(worst.max(examine_within(term, examiner)?)))
}

fn grade_of_call(
    function: u32,
    collation: u32,
    arguments: &[Term],
    examiner: &dyn Examiner,
) -> Option<Grade> {
    if examiner.is_leakproof(function) {
        return Some(Grade::Total);
    }
    let (grade, when) = examiner.entry(function)?;
    holds(when, collation, arguments, examiner).then_some(grade)
}

fn holds(when: When, collation: u32, arguments: &[Term], examiner: &dyn Examiner) -> bool {
    let collated = || collation != 0 && examiner.is_deterministic(collation);
    let constant = |number: usize| match arguments.get(number).map(|term| &term.shape) {
        Some(Shape::Constant(texts)) => Some(texts),
        _ => None,
    };
    // A constant whose parts are all accepted.
    let every = |number: usize, accepts: fn(&[u8]) -> bool| {
        constant(number).and_then(Option::as_ref).is_some_and(|parts| parts.iter().all(|part| accepts(part)))
    };
    match when {
        When::Always => true,
        When::Collated => collated(),
        When::LikePattern => collated() && every(1, is_harmless),
        When::RegularExpression => collated() && constant(1).is_some(),
        When::Constant(number) => constant(number).is_some(),
        When::BuiltinElements => arguments.iter().all(|term| {
            let element = match examiner.element(term.kind) {
                0 => term.kind,
                element => element,
            };
            elements::is_examined(element) && (!elements::is_collatable(element) || collated())
        }),
        When::ShallowQuery(number) => match arguments.get(number).map(|term| &term.shape) {
            Some(Shape::Call { function, .. }) => examiner.bounds_query(*function),
            _ => every(number, is_shallow),
        },
        When::NoIndexOf(families) => !families.iter().any(|family| examiner.has_index_of(*family)),
        When::ShortPattern(number) => every(number, is_short),
        When::ShortPatterns(number) => every(number, |part| is_short(part) && is_plain_array(part)),
        When::PinnedColumn => columns(arguments).all(|column| column.modifier >= 0),
        When::PinnedPoint => columns(arguments).all(|column| is_point_with_reference(column.modifier)),
        When::Indexed => examiner.is_ordering(),
    }
}

fn columns(arguments: &[Term]) -> impl Iterator<Item = &Term> {
    arguments.iter().filter(|argument| argument.has_columns())
}
