//! `watertight.bounded(tsquery)`: its argument, unless it is too deep.

use crate::pg::error::raise;
use crate::sys::function::{Call, raw_function};
use crate::sys::lookup;
use pgrx::pg_sys::{self, Datum, Oid};
use watertight_core::search::{MAX_QUERY_NODES, When, catalogue, is_shallow};
use watertight_core::{Code, Fault};

fn bounded(call: Call) -> Datum {
    match (call.content(0), call.word(0)) {
        (Some(query), Some(argument)) if is_shallow(query) => Datum::from(argument),
        (Some(_), _) => raise(
            Fault::new(Code::ProgramLimitExceeded, "text search query is too large for a protected table")
                .detail(format!("A query may have {MAX_QUERY_NODES} words and operators.")),
        ),
        _ => call.null(),
    }
}

raw_function!(wt_bounded, pg_finfo_wt_bounded, bounded);

/// The function's oid.
pub fn function() -> Option<Oid> {
    lookup::function(c"watertight", c"bounded", &[pg_sys::TSQUERYOID])
}

/// Which argument of an operator's function has to be bounded, and with which function.
pub fn wrapper(of: Oid) -> Option<(usize, Oid)> {
    match catalogue::builtin(of.to_u32())?.when {
        When::ShallowQuery(argument) => Some((argument, function()?)),
        _ => None,
    }
}
