//! The creator of a row that an UPDATE moves into another partition.
//!
//! Where it goes, the row looks like a new one, and a client could say so of any row. So nothing is taken from the row: the
//! creator is remembered when the UPDATE begins, and counts only when the version it was read from bears the mark of a row that
//! has moved. At most one row is on its way, and it arrives before the next is touched.

use crate::sys::local::LocalRef;
use crate::sys::partition::Version;
use crate::sys::xact;
use pgrx::pg_sys::{Oid, TriggerData};

struct Leaving {
    version: Version,
    creator: Option<String>,
    /// A subtransaction that was rolled back has moved nothing.
    at: (u64, u32),
}

static LEAVING: LocalRef<Option<Leaving>> = LocalRef::new(None);

/// BEFORE UPDATE: the row may be about to leave its partition.
pub fn leaves(trigger: &TriggerData, creator: Option<&str>) {
    let leaving = Version::updated(trigger).map(|version| Leaving {
        version,
        creator: creator.map(str::to_owned),
        at: xact::subtransaction(),
    });
    LEAVING.with_mut(|slot| *slot = leaving);
}

/// BEFORE INSERT: the creator of the row that arrives here from another partition; `None` for a new row.
pub fn arrives(partition: Oid) -> Option<Option<String>> {
    let leaving = LEAVING.with_mut(Option::take)?;
    if leaving.at != xact::subtransaction() || !leaving.version.is_of_the_table_of(partition) {
        // An insertion by somebody's trigger on the way, into another table.
        LEAVING.with_mut(|slot| *slot = Some(leaving));
        return None;
    }
    leaving.version.has_moved().then_some(leaving.creator)
}
