//! Comparing searchable values: by their blind indexes, without any key.

use crate::sys::function::{Call, raw_function};
use pgrx::pg_sys::Datum;
use std::cmp::Ordering;
use watertight_core::keys::{SEARCH_PREFIX, search_hash, search_hash_extended, search_key};

/// What is made of two values. `fast` where they lie there plainly, as nearly all do.
macro_rules! comparison {
    ($symbol:ident, $finfo:ident, $fast:ident, $slow:ident, |$one:ident, $other:ident| $result:expr) => {
        #[inline(always)]
        fn $fast(call: Call) -> Option<Datum> {
            let ($one, $other) = (search_key(call.plain_content(0)?), search_key(call.plain_content(1)?));
            Some(Datum::from($result))
        }
        fn $slow(call: Call) -> Datum {
            let key = |argument| call.beginning(argument, SEARCH_PREFIX).map(search_key);
            let (Some($one), Some($other)) = (key(0), key(1)) else { return call.null() };
            Datum::from($result)
        }
        raw_function!($symbol, $finfo, fast = $fast, slow = $slow);
    };
}

comparison!(wt_searchable_eq, pg_finfo_wt_searchable_eq, eq_fast, eq_slow, |one, other| one == other);
comparison!(wt_searchable_ne, pg_finfo_wt_searchable_ne, ne_fast, ne_slow, |one, other| one != other);
comparison!(wt_searchable_lt, pg_finfo_wt_searchable_lt, lt_fast, lt_slow, |one, other| one < other);
comparison!(wt_searchable_le, pg_finfo_wt_searchable_le, le_fast, le_slow, |one, other| one <= other);
comparison!(wt_searchable_ge, pg_finfo_wt_searchable_ge, ge_fast, ge_slow, |one, other| one >= other);
comparison!(wt_searchable_gt, pg_finfo_wt_searchable_gt, gt_fast, gt_slow, |one, other| one > other);
comparison!(wt_searchable_cmp, pg_finfo_wt_searchable_cmp, cmp_fast, cmp_slow, |one, other| order(
    one.cmp(other)
));

/// As PostgreSQL's comparison functions tell it.
pub(super) fn order(ordering: Ordering) -> i32 {
    ordering as i32
}

fn key(call: Call) -> Option<&'static [u8]> {
    call.beginning(0, SEARCH_PREFIX).map(search_key)
}

fn hash(call: Call) -> Datum {
    key(call).map_or_else(|| call.null(), |key| Datum::from(search_hash(key) as i32))
}

fn hash_extended(call: Call) -> Datum {
    let (Some(key), Some(seed)) = (key(call), call.word(1)) else { return call.null() };
    Datum::from(search_hash_extended(key, seed as u64) as i64)
}

raw_function!(wt_searchable_hash, pg_finfo_wt_searchable_hash, hash);
raw_function!(wt_searchable_hash_extended, pg_finfo_wt_searchable_hash_extended, hash_extended);
