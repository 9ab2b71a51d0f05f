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
use std::cmp::Ordering;
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

/// A searchable value before a text.
fn with_text(call: Call) -> Option<Ordering> {
    Some(key_of(call, 0)?.cmp(&index_of(call, 1)?[..]))
}

/// A text before a searchable value.
fn text_with(call: Call) -> Option<Ordering> {
    Some(index_of(call, 0)?[..].cmp(key_of(call, 1)?))
}

/// Two texts in the order of their blind indexes: an index sorts the elements of `= ANY` by it.
fn texts(call: Call) -> Option<Ordering> {
    Some(index_of(call, 0)?.cmp(&index_of(call, 1)?))
}

/// What is made of the order of two operands.
macro_rules! comparisons {
    ($operands:ident: $($name:ident $symbol:ident $finfo:ident $what:path;)*) => {$(
        fn $name(call: Call) -> Datum {
            $operands(call).map_or_else(|| call.null(), |ordering| Datum::from($what(ordering)))
        }
        raw_function!($symbol, $finfo, $name);
    )*};
}

comparisons! { with_text:
    eq_text wt_searchable_eq_text pg_finfo_wt_searchable_eq_text Ordering::is_eq;
    ne_text wt_searchable_ne_text pg_finfo_wt_searchable_ne_text Ordering::is_ne;
    lt_text wt_searchable_lt_text pg_finfo_wt_searchable_lt_text Ordering::is_lt;
    le_text wt_searchable_le_text pg_finfo_wt_searchable_le_text Ordering::is_le;
    ge_text wt_searchable_ge_text pg_finfo_wt_searchable_ge_text Ordering::is_ge;
    gt_text wt_searchable_gt_text pg_finfo_wt_searchable_gt_text Ordering::is_gt;
    cmp_text wt_searchable_cmp_text pg_finfo_wt_searchable_cmp_text order;
}
comparisons! { text_with:
    text_eq wt_text_eq_searchable pg_finfo_wt_text_eq_searchable Ordering::is_eq;
    text_ne wt_text_ne_searchable pg_finfo_wt_text_ne_searchable Ordering::is_ne;
    text_lt wt_text_lt_searchable pg_finfo_wt_text_lt_searchable Ordering::is_lt;
    text_le wt_text_le_searchable pg_finfo_wt_text_le_searchable Ordering::is_le;
    text_ge wt_text_ge_searchable pg_finfo_wt_text_ge_searchable Ordering::is_ge;
    text_gt wt_text_gt_searchable pg_finfo_wt_text_gt_searchable Ordering::is_gt;
    text_cmp wt_text_cmp_searchable pg_finfo_wt_text_cmp_searchable order;
}
comparisons! { texts:
    eq_texts wt_searchable_eq_texts pg_finfo_wt_searchable_eq_texts Ordering::is_eq;
    lt_texts wt_searchable_lt_texts pg_finfo_wt_searchable_lt_texts Ordering::is_lt;
    le_texts wt_searchable_le_texts pg_finfo_wt_searchable_le_texts Ordering::is_le;
    ge_texts wt_searchable_ge_texts pg_finfo_wt_searchable_ge_texts Ordering::is_ge;
    gt_texts wt_searchable_gt_texts pg_finfo_wt_searchable_gt_texts Ordering::is_gt;
    cmp_texts wt_searchable_cmp_texts pg_finfo_wt_searchable_cmp_texts order;
}

fn hash_text(call: Call) -> Datum {
    index_of(call, 0).map_or_else(|| call.null(), |index| Datum::from(search_hash(&index) as i32))
}

fn hash_text_extended(call: Call) -> Datum {
    let (Some(index), Some(seed)) = (index_of(call, 0), call.word(1)) else { return call.null() };
    Datum::from(search_hash_extended(&index, seed as u64) as i64)
}

raw_function!(wt_searchable_probe, pg_finfo_wt_searchable_probe, probe);
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
