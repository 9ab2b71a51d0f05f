//! The trigger on every registry table: whoever changed it, by whatever means, every backend hears of it at commit.

use crate::sys::inval;
use pgrx::prelude::*;

#[pg_trigger(sql = false)]
fn notify_registry_change<'a>(
    trigger: &'a PgTrigger<'a>,
) -> Result<Option<PgHeapTuple<'a, impl WhoAllocated>>, std::convert::Infallible> {
    if let Ok(relation) = trigger.relid() {
        inval::announce(relation);
    }
    Ok(None::<PgHeapTuple<'a, AllocatedByPostgres>>)
}
