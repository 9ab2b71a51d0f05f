//! Rows that an UPDATE moves into another partition. PostgreSQL fires BEFORE UPDATE where the row was and BEFORE INSERT where it
//! goes, and leaves a mark on the version it has deleted.

use pgrx::pg_sys::{self, Oid};

unsafe extern "C-unwind" {
    // No binding of pgrx. It raises: called under pgrx's guard only.
    fn get_partition_ancestors(relation: Oid) -> *mut pg_sys::List;
}

/// The version of a partition's row that an UPDATE is about to replace, in the present transaction. Its row is locked by then, so
/// nobody else can move it.
#[derive(Clone, Copy)]
pub struct Version {
    relation: Oid,
    place: pg_sys::ItemPointerData,
}

impl Version {
    /// The version before a row trigger for UPDATE; `None` for a table that is not a partition.
    pub fn updated(trigger: &pg_sys::TriggerData) -> Option<Version> {
        // SAFETY: a row trigger has a relation with its catalog row, and a row.
        unsafe {
            let relation = &*trigger.tg_relation;
            let partition = (*relation.rd_rel).relispartition && !trigger.tg_trigtuple.is_null();
            partition.then(|| Version { relation: relation.rd_id, place: (*trigger.tg_trigtuple).t_self })
        }
    }

    /// True once its row has moved away from its partition.
    pub fn has_moved(&self) -> bool {
        // SAFETY: the statement that the version is of holds a lock on the relation; the tuple's memory is pinned until the buffer
        // is released. What an open transaction has deleted is not removed, and only PostgreSQL writes this mark.
        unsafe {
            let relation = pg_sys::table_open(self.relation, pg_sys::NoLock as i32);
            let heap = (*(*relation).rd_rel).relam == pg_sys::HEAP_TABLE_AM_OID;
            let mut tuple = pg_sys::HeapTupleData { t_self: self.place, ..Default::default() };
            let mut buffer = 0;
            // The table may have been emptied since: then the version is gone.
            let found = heap
                && pgrx::itemptr::item_pointer_get_block_number(&self.place)
                    < pg_sys::RelationGetNumberOfBlocksInFork(relation, pg_sys::ForkNumber::MAIN_FORKNUM)
                && pg_sys::heap_fetch(
                    relation,
                    &raw mut pg_sys::SnapshotAnyData,
                    &mut tuple,
                    &mut buffer,
                    false,
                );
            let moved =
                found && (*tuple.t_data).t_ctid.ip_posid == pg_sys::MovedPartitionsOffsetNumber as u16;
            if found {
                pg_sys::ReleaseBuffer(buffer);
            }
            pg_sys::table_close(relation, pg_sys::NoLock as i32);
            moved
        }
    }

    /// True for a partition of the same table.
    pub fn is_of_the_table_of(&self, partition: Oid) -> bool {
        root(self.relation) == root(partition)
    }
}

/// The table that a relation is a partition of in the end; the relation itself where it is none.
fn root(relation: Oid) -> Oid {
    // SAFETY: a list of oids, the root last, or null.
    unsafe {
        let ancestors = pg_sys::ffi::pg_guard_ffi_boundary(|| get_partition_ancestors(relation));
        if ancestors.is_null() {
            return relation;
        }
        (*(*ancestors).elements.add((*ancestors).length as usize - 1)).oid_value
    }
}
