//! Putting other bytes into values of a table that say the same as before.
//!
//! A new version of a row is written as CLUSTER and VACUUM FULL write theirs: below the planner and the executor. Nothing changes that
//! triggers, foreign keys, CHECK constraints or policies could have something to say about, so none is asked, and no other code of the
//! table's owner runs but what its indexes and stored generated columns consist of. The caller sees to it that this runs as the owner,
//! in a security-restricted operation, and not for ever.

use super::elements::{self, Rebuilt};
use super::version::Writer;
use super::{lookup, varlena};
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::varatt_is_1b_e;

/// What is to become of a value, as its first bytes say.
pub enum Look {
    /// It stays.
    Keep,
    /// It should not stay, and must: counted as left.
    Leave,
    /// It should not stay, and cannot be replaced now: counted as passed over.
    Later,
    /// It is to be replaced.
    Replace,
}

/// A value that was to be replaced.
pub enum Renewed {
    /// By this one, made in the current memory context.
    By(Datum),
    /// Counted as left.
    Left,
    /// Counted as passed over.
    Later,
    /// The scan stops before this row.
    Stop,
}

/// Who replaces values.
pub trait Replace {
    /// So many bytes of a value are looked at.
    const LOOKS_AT: usize;
    /// Looks at the beginning of a value.
    fn look(&mut self, beginning: &[u8]) -> Look;
    /// Replaces a value.
    fn renew(&mut self, value: &[u8]) -> Renewed;
    /// Asked before each row once one was replaced: whether to go on.
    fn goes_on(&self) -> bool;
}

/// A column whose values are looked at.
#[derive(Clone, Copy)]
pub struct Column {
    place: usize,
    /// It is of an array of this type.
    element: Option<Oid>,
}

/// What was done.
#[derive(Clone, Copy, Default)]
pub struct Tally {
    /// The block to go on with.
    pub next: u32,
    /// So many rows have a new version.
    pub replaced: u64,
    /// So many were in use, or not to be replaced now.
    pub passed_over: u64,
    /// So many values cannot be replaced.
    pub left: u64,
}

/// Why a table is not gone through.
pub enum Refused {
    /// Somebody has it to himself, or waits for that.
    Busy,
    /// It is not there.
    Gone,
    /// It is no plain table with rows that others can see.
    Unfit,
}

/// A table that nobody else alters meanwhile. It stays locked until the transaction ends.
pub struct Table {
    relation: pg_sys::Relation,
}

impl Drop for Table {
    fn drop(&mut self) {
        // After an error PostgreSQL's resource owner closes it.
        if !std::thread::panicking() {
            // SAFETY: opened by `open`, closed once; the lock stays.
            unsafe { pg_sys::relation_close(self.relation, pg_sys::NoLock as i32) }
        }
    }
}

impl Table {
    /// Opens a table by its oid, and waits for nobody.
    ///
    /// # Errors
    /// If it is not to be had, or not fit.
    pub fn open(table: Oid) -> Result<Table, Refused> {
        // SAFETY: the lock comes first, so what is looked at afterwards stays so; opening does not raise where the table is gone.
        unsafe {
            if !pg_sys::ConditionalLockRelationOid(table, pg_sys::RowExclusiveLock as i32) {
                return Err(Refused::Busy);
            }
            let relation = pg_sys::try_relation_open(table, pg_sys::NoLock as i32);
            if relation.is_null() {
                return Err(Refused::Gone);
            }
            let table = Table { relation };
            if is_fit(relation) { Ok(table) } else { Err(Refused::Unfit) }
        }
    }

    /// Its owner.
    pub fn owner(&self) -> Oid {
        // SAFETY: the relation is open.
        unsafe { (*(*self.relation).rd_rel).relowner }
    }

    /// How many blocks it has now.
    pub fn blocks(&self) -> u32 {
        // SAFETY: the relation is open.
        unsafe { pg_sys::RelationGetNumberOfBlocksInFork(self.relation, pg_sys::ForkNumber::MAIN_FORKNUM) }
    }

    /// Its columns that are of one of these types, arrays of one, or domains over either.
    pub fn columns(&self, types: &[Oid]) -> Vec<Column> {
        // SAFETY: the relation is open.
        let (id, count) = unsafe { ((*self.relation).rd_id, (*(*self.relation).rd_att).natts) };
        (0..count)
            .filter_map(|place| {
                // Of a dropped column there is none.
                let kind = Some(lookup::attribute_type(id, place as i16 + 1).0)
                    .filter(|kind| *kind != Oid::INVALID)?;
                let element =
                    Some(lookup::element_type(lookup::base_type(kind))).filter(|kind| *kind != Oid::INVALID);
                let value = lookup::base_type(element.unwrap_or(kind));
                types.contains(&value).then_some(Column { place: place as usize, element })
            })
            .collect()
    }

    /// Goes through some blocks. Rows that others are at are passed over.
    pub fn replace(&self, columns: &[Column], from: u32, count: u32, by: &mut impl Replace) -> Tally {
        let blocks = self.blocks();
        if columns.is_empty() || from >= blocks {
            return Tally { next: blocks.max(from), ..Tally::default() };
        }
        let to = blocks.min(from.saturating_add(count));
        // SAFETY: the relation is open, and locked for writing.
        let mut rows = unsafe { Rows::new(self.relation) };
        let mut scan = Scan::begin(self.relation, from, to - from);
        let mut done = Tally { next: from, ..Tally::default() };
        let mut here = done;
        while let Some(mut found) = scan.next() {
            if found.block() != here.next {
                here.next = found.block();
                done = here;
            }
            if here.replaced > 0 && !by.goes_on() {
                // What has been replaced of this block is found replaced; the rest is counted the next time.
                return Tally { replaced: here.replaced, ..done };
            }
            match rows.visit(&mut found, columns, by) {
                Some(row) => here.add(row),
                None => return Tally { replaced: here.replaced, ..done },
            }
        }
        Tally { next: to, ..here }
    }
}

impl Tally {
    fn add(&mut self, row: Tally) {
        self.replaced += row.replaced;
        self.passed_over += row.passed_over;
        self.left += row.left;
    }
}

/// # Safety
/// The relation must be open.
unsafe fn is_fit(relation: pg_sys::Relation) -> bool {
    // SAFETY: by the caller.
    unsafe {
        let form = (*relation).rd_rel;
        (*form).relkind as u8 == pg_sys::RELKIND_RELATION
            && (*form).relpersistence as u8 != pg_sys::RELPERSISTENCE_TEMP
            && (*form).relam == pg_sys::HEAP_TABLE_AM_OID
            && !pg_sys::IsCatalogRelation(relation)
    }
}

/// A row on which the scan stands.
struct Found {
    tuple: pg_sys::HeapTupleData,
    /// Somebody has just written it, or is about to write a newer version.
    in_use: bool,
}

impl Found {
    fn block(&self) -> u32 {
        let block = self.tuple.t_self.ip_blkid;
        (u32::from(block.bi_hi) << 16) | u32::from(block.bi_lo)
    }
}

/// Sees what is committed, and what others are about to commit: nothing that stays is missed because it is too new.
struct Scan {
    scan: pg_sys::TableScanDesc,
    snapshot: *mut pg_sys::SnapshotData,
}

impl Scan {
    fn begin(relation: pg_sys::Relation, from: u32, count: u32) -> Scan {
        // SAFETY: the relation is open and has these blocks; the snapshot, in the transaction's memory, outlives the scan. One of this
        // kind is not registered: what out-of-line values need is the transaction's active snapshot.
        unsafe {
            let snapshot = pg_sys::palloc0(size_of::<pg_sys::SnapshotData>()).cast::<pg_sys::SnapshotData>();
            (*snapshot).snapshot_type = pg_sys::SnapshotType::SNAPSHOT_DIRTY;
            let flags = pg_sys::ScanOptions::SO_TYPE_SEQSCAN | pg_sys::ScanOptions::SO_ALLOW_STRAT;
            let none = std::ptr::null_mut();
            let scan = pg_sys::heap_beginscan(
                relation,
                snapshot,
                0,
                none,
                std::ptr::null_mut(),
                flags as pg_sys::uint32,
            );
            pg_sys::heap_setscanlimits(scan, from, count);
            Scan { scan, snapshot }
        }
    }

    fn next(&mut self) -> Option<Found> {
        pgrx::check_for_interrupts!();
        // SAFETY: the scan is open; the tuple stays where it is until the next call, in a buffer that the scan has pinned.
        unsafe {
            let tuple = pg_sys::heap_getnext(self.scan, pg_sys::ScanDirection::ForwardScanDirection);
            let snapshot = &*self.snapshot;
            let none = pg_sys::InvalidTransactionId;
            (!tuple.is_null())
                .then(|| Found { tuple: *tuple, in_use: snapshot.xmin != none || snapshot.xmax != none })
        }
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: begun by `begin`, ended once. (After an error PostgreSQL's resource owner lets go of what it had.)
            unsafe { pg_sys::heap_endscan(self.scan) }
        }
    }
}

/// The row at hand, taken apart.
struct Rows {
    relation: pg_sys::Relation,
    writer: Writer,
    values: Vec<Datum>,
    nulls: Vec<bool>,
}

impl Rows {
    /// # Safety
    /// As for [`Writer::new`].
    unsafe fn new(relation: pg_sys::Relation) -> Rows {
        // SAFETY: by the caller.
        let (columns, writer) = unsafe { ((*(*relation).rd_att).natts as usize, Writer::new(relation)) };
        Rows { relation, writer, values: vec![Datum::null(); columns], nulls: vec![true; columns] }
    }

    /// `None`: the scan is to stop.
    fn visit<R: Replace>(&mut self, found: &mut Found, columns: &[Column], by: &mut R) -> Option<Tally> {
        let Rows { relation, writer, values, nulls } = self;
        writer.for_a_row(|writer| {
            // SAFETY: the scan stands on the tuple; the arrays have a place for each of the relation's columns.
            unsafe {
                let descriptor = (**relation).rd_att;
                pg_sys::heap_deform_tuple(
                    &mut found.tuple,
                    descriptor,
                    values.as_mut_ptr(),
                    nulls.as_mut_ptr(),
                );
            }
            let mut tally = Tally::default();
            let mut replaced = vec![false; values.len()];
            for &Column { place, element } in columns.iter().filter(|column| !nulls[column.place]) {
                // SAFETY: a value of variable length, of the tuple on which the scan stands.
                let value = unsafe { rebuilt(values[place].value(), element, found.in_use, by, &mut tally) };
                match value {
                    Rebuilt::Same => {}
                    Rebuilt::By(value) => {
                        values[place] = value;
                        replaced[place] = true;
                    }
                    Rebuilt::Stopped => return None,
                }
            }
            if replaced.contains(&true) {
                // SAFETY: as above; the new values are of the columns' types.
                if unsafe { writer.write(&mut found.tuple, values, nulls, &mut replaced) } {
                    tally.replaced = 1;
                } else {
                    tally.passed_over = 1;
                }
            }
            Some(tally)
        })
    }
}

/// What becomes of a column's value, an array of this element type where there is one.
///
/// # Safety
/// `pointer` must be a value of variable length of a tuple on which a scan stands. What lies out of line is there as long as the tuple
/// is; one that is committed is not removed while the transaction's snapshot lasts. One that is not yet, may be: of that, nothing out of
/// line is read.
unsafe fn rebuilt<R: Replace>(
    pointer: usize,
    element: Option<Oid>,
    in_use: bool,
    by: &mut R,
    tally: &mut Tally,
) -> Rebuilt {
    // SAFETY: by the caller.
    unsafe {
        if in_use && varatt_is_1b_e(pointer as *const pg_sys::varlena) {
            tally.passed_over = 1;
            return Rebuilt::Same;
        }
        match element {
            Some(element) => {
                elements::rebuild(pointer, element, |pointer| renewed(pointer, in_use, by, tally))
            }
            None => match renewed(pointer, in_use, by, tally) {
                Ok(value) => value.map_or(Rebuilt::Same, Rebuilt::By),
                Err(()) => Rebuilt::Stopped,
            },
        }
    }
}

/// What takes the place of a value, if something does; an error if the scan is to stop.
///
/// # Safety
/// As for [`rebuilt`].
unsafe fn renewed<R: Replace>(
    pointer: usize,
    in_use: bool,
    by: &mut R,
    tally: &mut Tally,
) -> Result<Option<Datum>, ()> {
    // SAFETY: by the caller.
    let renewed = unsafe {
        match by.look(varlena::beginning(pointer, R::LOOKS_AT)) {
            Look::Keep => return Ok(None),
            Look::Leave => Renewed::Left,
            Look::Later => Renewed::Later,
            Look::Replace if in_use => Renewed::Later,
            Look::Replace => by.renew(varlena::whole(pointer)),
        }
    };
    match renewed {
        Renewed::By(value) => return Ok(Some(value)),
        Renewed::Left => tally.left += 1,
        Renewed::Later => tally.passed_over = 1,
        Renewed::Stop => return Err(()),
    }
    Ok(None)
}
