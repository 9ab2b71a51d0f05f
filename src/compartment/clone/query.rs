//! Catalog queries. Their plans are not kept: PostgreSQL drops all of a backend's plans whenever a schema is created or dropped.

use crate::pg::error::{OrRaise, internal};
use crate::pg::{ext, role};
use crate::sys::setting;
use pgrx::datum::DatumWithOid;
use pgrx::spi::{Spi, SpiError, SpiHeapTupleData};
use std::ffi::{CStr, CString};

/// Where our queries look up their operators and functions.
const PINNED: &CStr = c"pg_catalog, pg_temp";

/// What else a query, or what it prints, depends on.
const SETTINGS: [(&CStr, &CStr); 7] = [
    (c"search_path", PINNED),
    (c"jit", c"off"),
    (c"quote_all_identifiers", c"off"),
    (c"standard_conforming_strings", c"on"),
    (c"datestyle", c"ISO"),
    (c"intervalstyle", c"postgres"),
    (c"extra_float_digits", c"1"),
];

/// Runs catalog queries as the extension's owner.
pub fn as_owner<R>(f: impl FnOnce() -> R) -> R {
    role::as_user(ext::owner(), || {
        SETTINGS.iter().for_each(|(name, value)| setting::set_local(name, value));
        f()
    })
}

/// All rows of a query (inside [`as_owner`]). It is analysed with a pinned search path and then run with another one, for
/// functions that print or look up names: nobody's operators come in place of PostgreSQL's, whatever is in that path.
pub fn rows<T>(
    text: &'static str,
    arguments: &[DatumWithOid],
    path: Option<&CStr>,
    read: impl Fn(&SpiHeapTupleData) -> Result<T, SpiError>,
) -> Vec<T> {
    let found: Result<Vec<T>, SpiError> = Spi::connect_mut(|client| match path {
        None => client.update(text, None, arguments)?.map(|row| read(&row)).collect(),
        Some(path) => {
            let mut cursor = client.try_open_cursor_mut(text, arguments)?;
            setting::set_local(c"search_path", path);
            let rows = cursor.fetch(i32::MAX.into())?.map(|row| read(&row)).collect();
            setting::set_local(c"search_path", PINNED);
            rows
        }
    });
    found.map_err(internal).or_raise()
}

/// Runs a statement that returns nothing (inside [`as_owner`]).
pub fn execute(text: &'static str, arguments: &[DatumWithOid]) {
    rows(text, arguments, None, |_| Ok(()));
}

/// A search path with a schema in front. PostgreSQL puts `pg_temp` and `pg_catalog` first where they are not named.
pub fn path(schema: &str) -> CString {
    let path = format!("{}, pg_catalog, pg_temp", watertight_core::sql::ident(schema));
    CString::new(path).unwrap_or_default()
}
