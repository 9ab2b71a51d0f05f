//! What has ended, and is still there.

use super::shift::Shift;
use crate::pg::{settings, spi};
use crate::sys::slots::{self, Condition};
use crate::sys::{process, workers};
use uuid::Uuid;
use watertight_core::compartment::Reason;

const STALE: &str = "SELECT id FROM watertight.all_compartments
    WHERE ephemeral AND boot_id OPERATOR(pg_catalog.<>) $1 ORDER BY created_at";

// Sessions that ended while they had no slot: by time, with the connection of an earlier start, with their compartment. Those of
// this start have had one.
const OVER: &str = "SELECT s.id FROM watertight.open_sessions AS s
    WHERE s.expires_at OPERATOR(pg_catalog.<=) pg_catalog.now()
       OR s.boot_id OPERATOR(pg_catalog.=) $1
       OR s.bound_to IS NOT NULL
       OR s.last_active_at OPERATOR(pg_catalog.+) s.idle_timeout OPERATOR(pg_catalog.<=) pg_catalog.now()
       OR s.compartment_id OPERATOR(pg_catalog.<>) '00000000-0000-0000-0000-000000000000'
          AND NOT EXISTS (SELECT FROM watertight.all_compartments AS c
                           WHERE c.id OPERATOR(pg_catalog.=) s.compartment_id)";

// Nobody can come back to it: each was made for one session.
const ABANDONED: &str = "SELECT c.id FROM watertight.all_compartments AS c
    WHERE c.ephemeral AND c.tenant_id IS NOT NULL AND c.boot_id OPERATOR(pg_catalog.=) $1
      AND NOT EXISTS (SELECT FROM watertight.open_sessions AS s
                       WHERE s.compartment_id OPERATOR(pg_catalog.=) c.id)
      AND NOT EXISTS (SELECT FROM watertight.all_compartments AS child
                       WHERE child.parent_id OPERATOR(pg_catalog.=) c.id)";

fn boot() -> pgrx::Uuid {
    pgrx::Uuid::from_bytes(slots::boot_id())
}

/// Ephemeral compartments of earlier starts of the server. When none is left, the database is clean.
pub fn earlier_starts(shift: &mut Shift) {
    if workers::is_clean() {
        return;
    }
    let list = |shift: &mut Shift| {
        shift.task("list the compartments of earlier starts", || spi::ids(STALE, &[boot().into()]))
    };
    for id in list(shift).unwrap_or_default() {
        if shift.is_over() {
            return;
        }
        shift.destroy(id, Reason::Restart);
    }
    if list(shift).is_some_and(|left| left.is_empty()) {
        workers::change(shift.database, |worker| worker.clean = true);
    }
}

/// Sessions whose slots say that they have ended.
pub fn sessions_by_slot(shift: &mut Shift) {
    let now = process::now();
    for view in slots::of_database(shift.database) {
        let reason = match view.condition(now) {
            Condition::Good | Condition::Gone => continue,
            Condition::Expired => Reason::Expired,
            Condition::Idle => Reason::Idle,
            Condition::Ending if view.plain.process != 0 => Reason::Disconnected,
            Condition::Ending => Reason::Abandoned,
        };
        if shift.is_over() {
            return;
        }
        shift.end_session(Uuid::from_bytes(view.plain.key), reason);
    }
}

/// Sessions whose rows say so, and that have no slot.
pub fn sessions_by_row(shift: &mut Shift) {
    let over = shift.task("list the sessions", || spi::ids(OVER, &[boot().into()])).unwrap_or_default();
    for id in over {
        if shift.is_over() {
            return;
        }
        // Asked now: one that was opened meanwhile has its slot.
        if slots::find(shift.database, id.as_bytes()).is_none() {
            shift.end_session(id, Reason::Expired);
        }
    }
}

/// Ephemeral compartments without a session.
pub fn abandoned(shift: &mut Shift) {
    let list = shift.task("list the compartments without sessions", || spi::ids(ABANDONED, &[boot().into()]));
    for id in list.unwrap_or_default() {
        if shift.is_over() {
            return;
        }
        shift.destroy(id, Reason::Abandoned);
    }
}

/// Slots of sessions whose rows somebody has deleted.
pub fn slots_without_rows(shift: &mut Shift) {
    let views = slots::of_database(shift.database);
    let there: Vec<_> = views.iter().map(|view| (view.handle, view.plain.key)).collect();
    let mut rowless = std::mem::take(&mut shift.rowless);
    let gone = shift.task("list the sessions' ids", || {
        rowless.without_row(&there, "SELECT id FROM watertight.open_sessions")
    });
    shift.rowless = rowless;
    gone.unwrap_or_default().into_iter().for_each(slots::give_up);
}

/// What is remembered of compartments that ended long ago.
pub fn forget_ended(shift: &mut Shift) {
    if !shift.is_time_for("forget_ended", super::HOUR) {
        return;
    }
    shift.task("forget ended compartments", || {
        spi::run(
            "DELETE FROM watertight.ended_compartments
              WHERE ended_at OPERATOR(pg_catalog.<)
                    (pg_catalog.now() OPERATOR(pg_catalog.-) pg_catalog.make_interval(days => $1))",
            &[settings::keep_ended_compartments().into()],
        );
    });
}
