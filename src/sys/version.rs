//! Writing a new version of a row below the executor.

use super::lookup;
use pgrx::pg_sys::{self, Datum};
use std::mem::MaybeUninit;

/// Writes new versions of rows of a table.
pub(super) struct Writer {
    relation: pg_sys::Relation,
    /// For one row.
    memory: pg_sys::MemoryContext,
    /// Once there is something to write.
    tools: Option<Tools>,
}

#[derive(Clone, Copy)]
struct Tools {
    state: *mut pg_sys::EState,
    indexes: *mut pg_sys::ResultRelInfo,
    slot: *mut pg_sys::TupleTableSlot,
    has_generated: bool,
}

unsafe extern "C-unwind" {
    // Not in the bindings; the same in all versions.
    fn ExecComputeStoredGenerated(
        relation: *mut pg_sys::ResultRelInfo,
        state: *mut pg_sys::EState,
        slot: *mut pg_sys::TupleTableSlot,
        command: pg_sys::CmdType::Type,
    );
    fn datumIsEqual(one: Datum, other: Datum, by_value: bool, length: i32) -> bool;
}

impl Writer {
    /// # Safety
    /// The relation must be open for as long as the writer is there, and locked for writing.
    pub(super) unsafe fn new(relation: pg_sys::Relation) -> Writer {
        // SAFETY: a child of the transaction's context.
        let memory = unsafe {
            pg_sys::AllocSetContextCreateExtended(
                pg_sys::CurrentMemoryContext,
                c"watertight row".as_ptr(),
                pg_sys::ALLOCSET_DEFAULT_MINSIZE as usize,
                pg_sys::ALLOCSET_DEFAULT_INITSIZE as usize,
                pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
            )
        };
        Writer { relation, memory, tools: None }
    }

    /// What `f` allocates for a row is freed with the next one.
    pub(super) fn for_a_row<R>(&mut self, f: impl FnOnce(&mut Writer) -> R) -> R {
        // SAFETY: both contexts live until the transaction ends.
        let before = unsafe {
            pg_sys::MemoryContextReset(self.memory);
            pg_sys::MemoryContextSwitchTo(self.memory)
        };
        let result = f(self);
        // SAFETY: as above. (After an error the transaction is undone, and this does not matter.)
        unsafe { pg_sys::MemoryContextSwitchTo(before) };
        result
    }

    /// Writes a new version of a row with other values in some columns, where `replaced` says so. False if somebody else is at the row.
    ///
    /// # Safety
    /// A scan must stand on `row`; the three slices must have a place for each column, and values of its type.
    pub(super) unsafe fn write(
        &mut self,
        row: &mut pg_sys::HeapTupleData,
        values: &mut [Datum],
        nulls: &mut [bool],
        replaced: &mut [bool],
    ) -> bool {
        // SAFETY: by the caller.
        unsafe {
            let tools = self.tools();
            let tuple = pg_sys::heap_modify_tuple(
                row,
                (*self.relation).rd_att,
                values.as_mut_ptr(),
                nulls.as_mut_ptr(),
                replaced.as_mut_ptr(),
            );
            pg_sys::ExecStoreHeapTuple(tuple, tools.slot, false);
            if tools.has_generated {
                // As for a new row: all of them.
                pg_sys::ffi::pg_guard_ffi_boundary(|| {
                    ExecComputeStoredGenerated(
                        tools.indexes,
                        tools.state,
                        tools.slot,
                        pg_sys::CmdType::CMD_INSERT,
                    );
                });
            }
            let mut is_ours = false;
            let tuple = pg_sys::ExecFetchSlotHeapTuple(tools.slot, true, &mut is_ours);
            let mode = self.mode(tools, values, nulls, replaced);
            let written =
                lock(self.relation, row.t_self, mode) && update(self.relation, row.t_self, tuple, tools);
            pg_sys::ExecClearTuple(tools.slot);
            let expressions = (*tools.state).es_per_tuple_exprcontext;
            if !expressions.is_null() {
                pg_sys::MemoryContextReset((*expressions).ecxt_per_tuple_memory);
            }
            written
        }
    }

    /// The lock that PostgreSQL itself takes for what is written: who refers to the row, or is about to, minds only if something is
    /// replaced that can be referred to. It must not be weaker than what `heap_update` needs, which would wait for the rest.
    ///
    /// # Safety
    /// The slot must hold the new row; `values` and `nulls` the old one's where nothing was `replaced`.
    unsafe fn mode(
        &self,
        tools: Tools,
        values: &[Datum],
        nulls: &[bool],
        replaced: &[bool],
    ) -> pg_sys::LockTupleMode::Type {
        // SAFETY: by the caller. The set is made in the row's memory; `heap_update` asks for the same.
        let is_changed = unsafe {
            let keys = pg_sys::RelationGetIndexAttrBitmap(
                self.relation,
                pg_sys::IndexAttrBitmapKind::INDEX_ATTR_BITMAP_KEY,
            );
            let is_key = |column: usize| {
                pg_sys::bms_is_member(column as i32 + 1 - pg_sys::FirstLowInvalidHeapAttributeNumber, keys)
            };
            (0..replaced.len()).filter(|column| is_key(*column)).any(|column| {
                replaced[column]
                    || tools.has_generated && self.is_other(tools.slot, column, values[column], nulls[column])
            })
        };
        if is_changed {
            pg_sys::LockTupleMode::LockTupleExclusive
        } else {
            pg_sys::LockTupleMode::LockTupleNoKeyExclusive
        }
    }

    /// Whether the new row has another value in a column, as `heap_update` compares them.
    ///
    /// # Safety
    /// As for [`Writer::mode`].
    unsafe fn is_other(
        &self,
        slot: *mut pg_sys::TupleTableSlot,
        column: usize,
        value: Datum,
        is_null: bool,
    ) -> bool {
        let number = column as i16 + 1;
        // SAFETY: by the caller; the column is one of the relation's, and its type says how its values lie.
        unsafe {
            if i32::from((*slot).tts_nvalid) < i32::from(number) {
                pg_sys::slot_getsomeattrs_int(slot, i32::from(number));
            }
            let (new, is_new_null) = (*(*slot).tts_values.add(column), *(*slot).tts_isnull.add(column));
            if is_null || is_new_null {
                return is_null != is_new_null;
            }
            let (mut length, mut by_value) = (0, false);
            let (kind, ..) = lookup::attribute_type((*self.relation).rd_id, number);
            pg_sys::get_typlenbyval(kind, &mut length, &mut by_value);
            !datumIsEqual(value, new, by_value, i32::from(length))
        }
    }

    /// # Safety
    /// The relation must be open.
    unsafe fn tools(&mut self) -> Tools {
        if let Some(tools) = self.tools {
            return tools;
        }
        // SAFETY: by the caller. What is made lasts longer than a row: it lies beside the row's memory.
        unsafe {
            let row = pg_sys::MemoryContextSwitchTo((*self.memory).parent);
            let state = pg_sys::CreateExecutorState();
            let indexes = pg_sys::palloc0(size_of::<pg_sys::ResultRelInfo>()).cast::<pg_sys::ResultRelInfo>();
            pg_sys::InitResultRelInfo(indexes, self.relation, 0, std::ptr::null_mut(), 0);
            pg_sys::ExecOpenIndices(indexes, false);
            let slot =
                pg_sys::MakeSingleTupleTableSlot((*self.relation).rd_att, &raw const pg_sys::TTSOpsHeapTuple);
            (*slot).tts_tableOid = (*self.relation).rd_id;
            pg_sys::MakePerTupleExprContext(state);
            pg_sys::MemoryContextSwitchTo(row);
            let constraints = (*(*self.relation).rd_att).constr.as_ref();
            let has_generated = constraints.is_some_and(|constraints| constraints.has_generated_stored);
            let tools = Tools { state, indexes, slot, has_generated };
            self.tools = Some(tools);
            tools
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let Some(tools) = self.tools.filter(|_| !std::thread::panicking()) else { return };
        // SAFETY: made by `tools`, given up once, while the relation is open; what was written can be seen from here on.
        unsafe {
            pg_sys::ExecCloseIndices(tools.indexes);
            pg_sys::ExecDropSingleTupleTableSlot(tools.slot);
            pg_sys::FreeExecutorState(tools.state);
            pg_sys::CommandCounterIncrement();
        }
    }
}

/// Has the row to itself, if that is to be had at once and it is still the newest version.
///
/// # Safety
/// The scan must stand on the row.
unsafe fn lock(
    relation: pg_sys::Relation,
    row: pg_sys::ItemPointerData,
    mode: pg_sys::LockTupleMode::Type,
) -> bool {
    let mut tuple = pg_sys::HeapTupleData { t_self: row, ..Default::default() };
    let mut buffer: pg_sys::Buffer = 0;
    let mut failure = MaybeUninit::<pg_sys::TM_FailureData>::zeroed();
    // SAFETY: by the caller; the buffer is pinned by the call, whatever it returns.
    unsafe {
        let result = pg_sys::heap_lock_tuple(
            relation,
            &mut tuple,
            pg_sys::GetCurrentCommandId(true),
            mode,
            pg_sys::LockWaitPolicy::LockWaitSkip,
            false,
            &mut buffer,
            failure.as_mut_ptr(),
        );
        pg_sys::ReleaseBuffer(buffer);
        result == pg_sys::TM_Result::TM_Ok
    }
}

/// # Safety
/// The row must be locked, and `tuple` in the slot of `tools`.
unsafe fn update(
    relation: pg_sys::Relation,
    mut row: pg_sys::ItemPointerData,
    tuple: pg_sys::HeapTuple,
    tools: Tools,
) -> bool {
    let mut failure = MaybeUninit::<pg_sys::TM_FailureData>::zeroed();
    let mut mode = pg_sys::LockTupleMode::LockTupleExclusive;
    #[cfg(not(feature = "pg15"))]
    let mut indexes = pg_sys::TU_UpdateIndexes::TU_None;
    // SAFETY: by the caller. It would wait for whoever has the row, and that is us.
    unsafe {
        let result = pg_sys::heap_update(
            relation,
            &mut row,
            tuple,
            pg_sys::GetCurrentCommandId(true),
            std::ptr::null_mut(),
            true,
            failure.as_mut_ptr(),
            &mut mode,
            #[cfg(not(feature = "pg15"))]
            &mut indexes,
        );
        if result != pg_sys::TM_Result::TM_Ok {
            return false;
        }
        (*tools.slot).tts_tid = (*tuple).t_self;
        #[cfg(feature = "pg15")]
        let wanted = u32::from((*(*tuple).t_data).t_infomask2) & pg_sys::HEAP_ONLY_TUPLE == 0;
        #[cfg(not(feature = "pg15"))]
        let wanted = indexes != pg_sys::TU_UpdateIndexes::TU_None;
        if wanted && (*tools.indexes).ri_NumIndices > 0 {
            pg_sys::ExecInsertIndexTuples(
                tools.indexes,
                tools.slot,
                tools.state,
                false,
                false,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                #[cfg(not(feature = "pg15"))]
                (indexes == pg_sys::TU_UpdateIndexes::TU_Summarizing),
            );
        }
        true
    }
}
