//! Searching for a text that is not sealed: `searchable = text`, as drivers say it that name the types of their parameters.
//!
//! The planner is given `searchable = searchable_probe(text)` instead, which is computed once and served by every index, join and hash
//! table of searchable values. Where there is no call to replace (`= ANY`), the operators work as they are, in indexes as well.

use super::compare::order;
use super::value::here;
use crate::keys::ring;
use crate::pg::error::{OrRaise, raise};
use crate::pg::found::Found;
use crate::sys::function::{Call, raw_function};
use crate::sys::operand::{self, Through};
use crate::sys::{lookup, varlena};
use pgrx::pg_sys::{self, Datum, Oid};
use watertight_core::keys::{
    BlindIndex, Kind, SEARCH_PREFIX, no_context, probe as probe_of, search_hash, search_hash_extended,
    search_key,
};
use watertight_core::{Code, Fault};

fn index_of(call: Call, argument: usize) -> Option<BlindIndex> {
    let text = call.content(argument)?;
    let Some(here) = here() else { raise(no_context(Kind::Searchable)) };
    Some(ring::index(here, text).or_raise())
}

fn key_of<'a>(call: Call, argument: usize) -> Option<&'a [u8]> {
    call.beginning(argument, SEARCH_PREFIX).map(search_key)
}

/// A value that cannot be opened, so nobody may have it: an INSERT would store it.
fn probe(call: Call) -> Datum {
    if !operand::is_put_in(call) {
        raise(
            Fault::new(Code::InsufficientPrivilege, "watertight.searchable_probe is not for you")
                .hint("Compare with the text: searchable = 'value'::text."),
        );
    }
    let Some(index) = index_of(call, 0) else { return call.null() };
    varlena::build(SEARCH_PREFIX, |out| out.copy_from_slice(&probe_of(&index))).0
}

/// `searchable` stands at this place, text at the other.
fn compare<const SEARCHABLE: usize, const TEXT: usize>(call: Call) -> Option<std::cmp::Ordering> {
    let index = index_of(call, TEXT)?;
    let ordering = key_of(call, SEARCHABLE)?.cmp(&index[..]);
    Some(if SEARCHABLE < TEXT { ordering } else { ordering.reverse() })
}

fn eq<const SEARCHABLE: usize, const TEXT: usize>(call: Call) -> Datum {
    compare::<SEARCHABLE, TEXT>(call).map_or_else(|| call.null(), |ordering| Datum::from(ordering.is_eq()))
}

fn ne<const SEARCHABLE: usize, const TEXT: usize>(call: Call) -> Datum {
    compare::<SEARCHABLE, TEXT>(call).map_or_else(|| call.null(), |ordering| Datum::from(ordering.is_ne()))
}

fn cmp<const SEARCHABLE: usize, const TEXT: usize>(call: Call) -> Datum {
    compare::<SEARCHABLE, TEXT>(call).map_or_else(|| call.null(), |ordering| Datum::from(order(ordering)))
}

/// Two texts in the order of their blind indexes: an index sorts the elements of `= ANY` by it.
fn cmp_texts(call: Call) -> Datum {
    match (index_of(call, 0), index_of(call, 1)) {
        (Some(one), Some(other)) => Datum::from(order(one.cmp(&other))),
        _ => call.null(),
    }
}

fn hash_text(call: Call) -> Datum {
    index_of(call, 0).map_or_else(|| call.null(), |index| Datum::from(search_hash(&index) as i32))
}

fn hash_text_extended(call: Call) -> Datum {
    let (Some(index), Some(seed)) = (index_of(call, 0), call.word(1)) else { return call.null() };
    Datum::from(search_hash_extended(&index, seed as u64) as i64)
}

raw_function!(wt_searchable_probe, pg_finfo_wt_searchable_probe, probe);
raw_function!(wt_searchable_eq_text, pg_finfo_wt_searchable_eq_text, eq::<0, 1>);
raw_function!(wt_searchable_ne_text, pg_finfo_wt_searchable_ne_text, ne::<0, 1>);
raw_function!(wt_searchable_cmp_text, pg_finfo_wt_searchable_cmp_text, cmp::<0, 1>);
raw_function!(wt_text_eq_searchable, pg_finfo_wt_text_eq_searchable, eq::<1, 0>);
raw_function!(wt_text_ne_searchable, pg_finfo_wt_text_ne_searchable, ne::<1, 0>);
raw_function!(wt_text_cmp_searchable, pg_finfo_wt_text_cmp_searchable, cmp::<1, 0>);
raw_function!(wt_searchable_cmp_texts, pg_finfo_wt_searchable_cmp_texts, cmp_texts);
raw_function!(wt_searchable_hash_text, pg_finfo_wt_searchable_hash_text, hash_text);
raw_function!(
    wt_searchable_hash_text_extended,
    pg_finfo_wt_searchable_hash_text_extended,
    hash_text_extended
);

/// One comparison of a searchable value with a text, and the comparison of two searchable values that stands for it.
#[derive(Clone, Copy)]
struct Form {
    function: Oid,
    through: Through,
}

static FORMS: Found<[Form; 4]> = Found::new();

fn through(function: Oid) -> Option<Through> {
    let of = |forms: &[Form; 4]| forms.iter().find(|form| form.function == function).map(|form| form.through);
    FORMS.with(find, of).flatten()
}

fn find() -> Option<[Form; 4]> {
    let schema = c"watertight";
    let searchable = lookup::type_in(schema, c"searchable_text")?;
    let text = pg_sys::TEXTOID;
    let probe = lookup::function(schema, c"searchable_probe", &[text])?;
    let form = |name, arguments: [Oid; 2], operator| {
        let operator = lookup::operator(c"pg_catalog", operator, searchable, searchable)?;
        Some(Form {
            function: lookup::function(schema, name, &arguments)?,
            through: Through {
                argument: usize::from(arguments[0] == searchable),
                function: probe,
                result: searchable,
                operator,
                operator_function: lookup::operator_function(operator),
            },
        })
    };
    Some([
        form(c"searchable_eq", [searchable, text], c"=")?,
        form(c"searchable_ne", [searchable, text], c"<>")?,
        form(c"searchable_eq", [text, searchable], c"=")?,
        form(c"searchable_ne", [text, searchable], c"<>")?,
    ])
}

fn support(call: Call) -> Datum {
    operand::simplify(call, through)
}

raw_function!(wt_searchable_support, pg_finfo_wt_searchable_support, support);
