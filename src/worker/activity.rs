//! When sessions were last active, written down so that idle time survives a restart.

use super::shift::Shift;
use crate::pg::spi;
use crate::sys::process;
use crate::sys::slots::{self, Condition, View};
use pgrx::datum::TimestampWithTimeZone;

/// Seconds.
const EVERY: u64 = 60;

/// Now and then.
pub fn write_now_and_then(shift: &mut Shift) {
    if shift.is_time_for("activity", EVERY) {
        write(shift);
    }
}

/// Now.
pub fn write(shift: &mut Shift) {
    let now = process::now();
    let good: Vec<View> = slots::of_database(shift.database)
        .into_iter()
        .filter(|view| view.condition(now) == Condition::Good)
        .collect();
    shift.written.retain(|handle, _| good.iter().any(|view| view.handle == *handle));
    let changed: Vec<&View> =
        good.iter().filter(|view| shift.written.get(&view.handle) != Some(&view.touched)).collect();
    if changed.is_empty() {
        return;
    }
    let ids: Vec<pgrx::Uuid> = changed.iter().map(|view| pgrx::Uuid::from_bytes(view.plain.key)).collect();
    let times: Vec<TimestampWithTimeZone> =
        changed.iter().filter_map(|view| TimestampWithTimeZone::try_from(view.touched).ok()).collect();
    let done = shift.task("write down when sessions were active", || {
        // A row that somebody has locked is one that is about to go.
        spi::run(
            "UPDATE watertight.open_sessions AS s SET last_active_at = t.at
               FROM (SELECT o.id, u.at FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.uuid[]),
                                                     pg_catalog.unnest($2::pg_catalog.timestamptz[]))
                                            AS u (id, at)
                       JOIN watertight.open_sessions AS o ON o.id OPERATOR(pg_catalog.=) u.id
                        FOR UPDATE OF o SKIP LOCKED) AS t
              WHERE s.id OPERATOR(pg_catalog.=) t.id AND s.last_active_at OPERATOR(pg_catalog.<) t.at",
            &[ids.into(), times.into()],
        );
    });
    if done.is_some() {
        let written: Vec<_> = changed.iter().map(|view| (view.handle, view.touched)).collect();
        shift.written.extend(written);
    }
}
