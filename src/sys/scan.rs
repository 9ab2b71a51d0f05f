//! Reading a table of our own without SQL: no parser, no privileges, no row security, and it works inside a
//! setting's check hook and on a standby.

use pgrx::pg_sys::{self, Oid};
use pgrx::{FromDatum, IntoDatum};

/// One row while the scan stands on it.
pub struct Row {
    values: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
}

impl Row {
    /// The value of a column (counted from 1), `None` for NULL. `T` must be the Rust type of that column's SQL type.
    pub fn get<T: FromDatum>(&self, column: usize) -> Option<T> {
        let index = column.checked_sub(1)?;
        let (value, null) = (*self.values.get(index)?, *self.nulls.get(index)?);
        // SAFETY: the datum belongs to the row the scan stands on; `T` matches the column by the caller's table
        // definition, which `sql/registry.sql` fixes.
        unsafe { T::from_datum(value, null) }
    }
}

impl Row {
    /// The value of a column of type `name`.
    pub fn name(&self, column: usize) -> Option<String> {
        self.get::<&std::ffi::CStr>(column).and_then(|name| name.to_str().ok()).map(str::to_owned)
    }
}

/// What an index is searched for: column number in the *table*, and a value.
pub enum Key<'a> {
    /// A uuid column.
    Uuid(i16, [u8; 16]),
    /// A text column with collation "C".
    Text(i16, &'a str),
    /// A bigint column.
    Bigint(i16, i64),
    /// An integer column.
    Integer(i16, i32),
}

impl Key<'_> {
    fn build(&self) -> pg_sys::ScanKeyData {
        let (column, function, datum) = match self {
            Key::Uuid(column, bytes) => {
                (*column, pg_sys::F_UUID_EQ, pgrx::Uuid::from_bytes(*bytes).into_datum())
            }
            Key::Text(column, text) => (*column, pg_sys::F_TEXTEQ, text.into_datum()),
            Key::Bigint(column, number) => (*column, pg_sys::F_INT8EQ, number.into_datum()),
            Key::Integer(column, number) => (*column, pg_sys::F_INT4EQ, number.into_datum()),
        };
        let mut key = pg_sys::ScanKeyData::default();
        // SAFETY: the key is ours, the function exists in every server and fits the strategy and the datum; the
        // datum lives in the current memory context. ScanKeyInit takes the collation "C".
        unsafe {
            pg_sys::ScanKeyInit(
                &mut key,
                column,
                pg_sys::BTEqualStrategyNumber as u16,
                pg_sys::Oid::from(function),
                datum.unwrap_or(pg_sys::Datum::null()),
            );
        }
        key
    }
}

struct Scan {
    relation: pg_sys::Relation,
    scan: pg_sys::SysScanDesc,
}

impl Drop for Scan {
    fn drop(&mut self) {
        // After an error PostgreSQL's resource owner releases both, and calling into it while unwinding
        // could raise again.
        if std::thread::panicking() {
            return;
        }
        // SAFETY: both were opened by `each` and are closed once, here.
        unsafe {
            pg_sys::systable_endscan(self.scan);
            pg_sys::table_close(self.relation, pg_sys::AccessShareLock as i32);
        }
    }
}

/// Calls `visit` for each row of `table` that matches `index` (index oid and key; all rows without one), as of now:
/// with a snapshot of its own, so a row committed a moment ago is seen in a transaction of any isolation level.
/// `visit` returns whether to go on.
pub fn each(table: Oid, index: Option<(Oid, Key<'_>)>, visit: impl FnMut(&Row) -> bool) {
    match index {
        Some((index, key)) => each_of(table, index, &[key], visit),
        None => each_of(table, Oid::INVALID, &[], visit),
    }
}

/// The same for an index of several columns; the keys are in the index's order.
pub fn each_of(table: Oid, index: Oid, keys: &[Key<'_>], mut visit: impl FnMut(&Row) -> bool) {
    let mut built: Vec<pg_sys::ScanKeyData> = keys.iter().map(Key::build).collect();
    // SAFETY: the relation is locked and stays open until `Scan` drops; a null snapshot means a fresh catalog
    // snapshot, registered by systable_beginscan.
    let scan = unsafe {
        let relation = pg_sys::table_open(table, pg_sys::AccessShareLock as i32);
        let scan = pg_sys::systable_beginscan(
            relation,
            index,
            index != Oid::INVALID,
            std::ptr::null_mut(),
            built.len() as i32,
            built.as_mut_ptr(),
        );
        Scan { relation, scan }
    };
    // SAFETY: the open relation's descriptor is valid while it is open.
    let descriptor = unsafe { (*scan.relation).rd_att };
    // SAFETY: as above.
    let columns = unsafe { (*descriptor).natts as usize };
    let mut row = Row { values: vec![pg_sys::Datum::null(); columns], nulls: vec![true; columns] };
    loop {
        // SAFETY: the scan is open.
        let tuple = unsafe { pg_sys::systable_getnext(scan.scan) };
        if tuple.is_null() {
            return;
        }
        // SAFETY: both arrays have one place for each attribute of the descriptor.
        unsafe {
            pg_sys::heap_deform_tuple(tuple, descriptor, row.values.as_mut_ptr(), row.nulls.as_mut_ptr());
        }
        if !visit(&row) {
            return;
        }
    }
}
