//! What tables still hold of rows that are gone.
//!
//! VACUUM takes a row out of its page by moving the others together. Its bytes stay in the free space of the page, and so in the
//! file, until something else is written there.

use pgrx::pg_sys::{self, Oid};

/// Overwrites the free space of a table's pages, and of its TOAST table's; returns how many row versions that nobody sees any more, or
/// nobody will, VACUUM has yet to take out.
pub fn overwrite(table: Oid) -> usize {
    // SAFETY: as anybody opens a table; the lock, as VACUUM's, is kept until the transaction ends, and lets others read and write.
    unsafe {
        let lock = pg_sys::ShareUpdateExclusiveLock as pg_sys::LOCKMODE;
        let relation = pg_sys::table_open(table, lock);
        let toast = (*(*relation).rd_rel).reltoastrelid;
        let left = pages(relation);
        pg_sys::table_close(relation, pg_sys::NoLock as pg_sys::LOCKMODE);
        if toast == Oid::INVALID { left } else { left + overwrite(toast) }
    }
}

/// # Safety
/// The relation is a table's, open and locked.
unsafe fn pages(relation: pg_sys::Relation) -> usize {
    let mut left = 0;
    // SAFETY: each page is pinned and locked while it is looked at, and changed as `log_newpage_buffer` asks: marked and logged in one
    // critical section. Who has pinned it only reads rows, and those are not touched.
    unsafe {
        let oldest = pg_sys::GetOldestNonRemovableTransactionId(relation);
        let main = pg_sys::ForkNumber::MAIN_FORKNUM;
        for block in 0..pg_sys::RelationGetNumberOfBlocksInFork(relation, main) {
            pgrx::check_for_interrupts!();
            let normal = pg_sys::ReadBufferMode::RBM_NORMAL;
            let buffer = pg_sys::ReadBufferExtended(relation, main, block, normal, std::ptr::null_mut());
            pg_sys::LockBuffer(buffer, pg_sys::BUFFER_LOCK_EXCLUSIVE as i32);
            let page = pg_sys::BufferGetPage(buffer);
            left += gone(relation, (buffer, block), page, oldest);
            let header = page.cast::<pg_sys::PageHeaderData>();
            let (lower, upper) = (usize::from((*header).pd_lower), usize::from((*header).pd_upper));
            let free = std::slice::from_raw_parts_mut(
                page.cast::<u8>().add(lower),
                // A page that was never used has neither.
                upper.saturating_sub(lower),
            );
            if free.iter().any(|byte| *byte != 0) {
                pg_sys::CritSectionCount += 1;
                free.fill(0);
                pg_sys::MarkBufferDirty(buffer);
                // Whoever replays it has zeroes there, too.
                pg_sys::log_newpage_buffer(buffer, true);
                pg_sys::CritSectionCount -= 1;
            }
            pg_sys::UnlockReleaseBuffer(buffer);
        }
    }
    left
}

/// # Safety
/// A page of the relation, in a buffer that is locked.
unsafe fn gone(
    relation: pg_sys::Relation,
    (buffer, block): (pg_sys::Buffer, pg_sys::BlockNumber),
    page: pg_sys::Page,
    oldest: pg_sys::TransactionId,
) -> usize {
    use pg_sys::HTSV_Result::{HEAPTUPLE_DEAD, HEAPTUPLE_RECENTLY_DEAD};
    // SAFETY: items of the page are looked at as VACUUM does; only those that have a row are taken for one.
    unsafe {
        if (*page.cast::<pg_sys::PageHeaderData>()).pd_upper == 0 {
            return 0;
        }
        let rows = (1..=pg_sys::PageGetMaxOffsetNumber(page)).filter(|number| {
            let item = pg_sys::PageGetItemId(page, *number);
            if (*item).lp_flags() != pg_sys::LP_NORMAL {
                return false;
            }
            let mut row = pg_sys::HeapTupleData {
                t_len: (*item).lp_len(),
                t_tableOid: (*relation).rd_id,
                t_data: pg_sys::PageGetItem(page, item).cast(),
                ..Default::default()
            };
            pgrx::itemptr::item_pointer_set_all(&mut row.t_self, block, *number);
            let state = pg_sys::HeapTupleSatisfiesVacuum(&mut row, oldest, buffer);
            matches!(state, HEAPTUPLE_DEAD | HEAPTUPLE_RECENTLY_DEAD)
        });
        rows.count()
    }
}
