//! The queries of views.

use pgrx::pg_sys::{self, Oid};
use std::ffi::CStr;

/// The query of a view or materialized view, as SQL: names are looked up, and left without a schema, by the search path that
/// applies now. The caller has locked the view. `pg_get_viewdef` prints the same, but asks the catalogs by a query
/// whose operators are looked up in that path, too: with a path in which somebody else can create operators it would call
/// theirs.
pub fn query(view: Oid) -> Option<String> {
    // SAFETY: reads the rules that the relation's entry in the cache holds while it is open, prints a copy, which printing may
    // change, and copies the text.
    unsafe {
        let relation = pg_sys::relation_open(view, pg_sys::NoLock as i32);
        let mut found = None;
        let rules = (*relation).rd_rules;
        if !rules.is_null() {
            for number in 0..(*rules).numLocks as usize {
                let rule = *(*rules).rules.add(number);
                if (*rule).event == pg_sys::CmdType::CMD_SELECT {
                    let query = super::tree::elements::<pg_sys::Query>((*rule).actions).into_iter().next();
                    found = query.map(|query| {
                        let copy = pg_sys::copyObjectImpl(query.cast()).cast();
                        CStr::from_ptr(pg_sys::pg_get_querydef(copy, false)).to_string_lossy().into_owned()
                    });
                }
            }
        }
        pg_sys::relation_close(relation, pg_sys::NoLock as i32);
        found
    }
}
