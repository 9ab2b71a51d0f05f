//! `reencrypt()`: values that are under keys no longer in force are sealed again, some blocks of the table in each transaction.

use super::again::Again;
use super::types::literals;
use super::{serve, stack};
use crate::context;
use crate::pg::arguments::required;
use crate::pg::error::raise;
use crate::pg::{family, role, settings, spi};
use crate::sys::replace::{Refused, Table, Tally};
use crate::sys::{lookup, pending, workers};
use crate::worker::Shift;
use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use std::time::{Duration, Instant};
use uuid::Uuid;
use watertight_core::worker::delay;
use watertight_core::{Code, Fault};

/// How many blocks of a table are gone through in a transaction, and for how long: locked rows are somebody else's time.
const BLOCKS: u32 = 64;
const BATCH: Duration = Duration::from_millis(250);
/// How long a transaction may take, in milliseconds: what indexes compute is the owner's code. Well below the time for which backends
/// wait for what they have wished.
const LIMIT: i32 = 5_000;
/// How long a pass of the worker is at this before it looks after everything else again.
const SITTING: Duration = Duration::from_secs(2);

/// Has the worker seal a table's values again, those of its partitions and children too.
///
/// # Errors
/// 42501 unless the caller owns the table or is a member of `watertight_admin`; 42809 for what is no table; 0A000 for one that the
/// worker cannot read.
#[pg_extern(sql = false)]
fn reencrypt(relation: Option<Oid>) {
    let relation = required("relation", relation);
    let owner = lookup::relation_owner(relation);
    let table = lookup::qualified_name(relation).unwrap_or_default();
    if !role::has_privs_of(role::current(), owner) && !role::is_admin(role::current()) {
        raise(Fault::new(Code::InsufficientPrivilege, format!("must be owner of table {table}")));
    }
    let by = role::caller_name();
    role::as_extension_owner(|| {
        check(relation, &table);
        spi::run(
            "INSERT INTO watertight.reencryptions (relation, requested_by)
             SELECT c.oid, $2 FROM pg_catalog.pg_class AS c
               JOIN pg_catalog.pg_am AS a ON a.oid OPERATOR(pg_catalog.=) c.relam
              WHERE c.oid OPERATOR(pg_catalog.=) ANY ($1) AND c.relkind OPERATOR(pg_catalog.=) 'r' AND c.relpersistence OPERATOR(pg_catalog.<>) 't'
                AND a.amname OPERATOR(pg_catalog.=) 'heap'
                 ON CONFLICT (relation) DO UPDATE
                SET requested_at = pg_catalog.clock_timestamp(), requested_by = EXCLUDED.requested_by, passes = 0,
                    next_block = 0, blocks = 0, rows = 0, passed_over = 0, unreadable = 0, finished_at = NULL,
                    pass_rows = 0, pass_passed_over = 0, pass_unreadable = 0",
            &[family::of(relation).into(), by.as_str().into()],
        );
    });
    pending::wake_at_end();
}

fn check(relation: Oid, table: &str) {
    let found = spi::all(
        "SELECT c.relkind::pg_catalog.text, c.relpersistence OPERATOR(pg_catalog.=) 't',
                c.relkind OPERATOR(pg_catalog.=) 'p' OR a.amname OPERATOR(pg_catalog.=) 'heap'
           FROM pg_catalog.pg_class AS c LEFT JOIN pg_catalog.pg_am AS a ON a.oid OPERATOR(pg_catalog.=) c.relam
          WHERE c.oid OPERATOR(pg_catalog.=) $1",
        &[relation.into()],
        |row| Ok((row.get::<String>(1)?, row.get::<bool>(2)?, row.get::<bool>(3)?)),
    );
    let Some((Some(kind), temporary, heap)) = found.into_iter().next() else { return };
    if kind != "r" && kind != "p" {
        raise(Fault::new(Code::WrongObjectType, format!("{table} is not a table")));
    }
    if temporary == Some(true) {
        raise(
            Fault::new(Code::FeatureNotSupported, "a temporary table cannot be encrypted again")
                .detail("Only its own session can read its rows.")
                .hint("UPDATE its values there, each with what it says."),
        );
    }
    if heap != Some(true) {
        raise(
            Fault::new(Code::FeatureNotSupported, format!("table {table} cannot be encrypted again"))
                .detail("It has another access method than heap.")
                .hint("UPDATE its values, each with what it says."),
        );
    }
}

/// The worker's part: goes on with tables that are not finished, the one first that has waited longest.
pub fn work(shift: &mut Shift) {
    const WHAT: &str = "list the tables to encrypt again";
    let list = shift.task(WHAT, || {
        let failing = spi::column::<String>(
            "SELECT pg_catalog.format('could not encrypt table %s again: %s', relation, last_error) FROM watertight.reencryptions
              WHERE finished_at IS NULL AND last_error IS NOT NULL ORDER BY requested_at LIMIT 1",
            &[],
        );
        let due = spi::column::<Oid>(
            "SELECT relation::pg_catalog.oid FROM watertight.reencryptions
              WHERE finished_at IS NULL AND next_try_at OPERATOR(pg_catalog.<=) pg_catalog.clock_timestamp() ORDER BY next_try_at",
            &[],
        );
        (failing, due)
    });
    let Some((failing, due)) = list else { return };
    failing.first().inspect(|message| shift.still_fails(message));
    if due.is_empty() {
        return;
    }
    // All else that there is to do was done: if this ends the process, another one begins at once.
    shift.is_well();
    let end = Instant::now() + SITTING;
    for relation in due {
        if Instant::now() >= end || shift.is_over() {
            workers::wake(shift.database);
            return;
        }
        sit(shift, relation, end);
    }
}

/// What became of a batch.
enum Batch {
    /// There is more.
    More,
    /// There is more once the worker has done what the batch wishes.
    Waits,
    /// A pass is over.
    Over,
    /// A pass is over in which nothing could be done, or could not go on. Perhaps it is known why.
    InVain(Option<String>),
}

/// Works on one table, for some time.
fn sit(shift: &mut Shift, relation: Oid, end: Instant) {
    let of = Uuid::from_u64_pair(0, u64::from(relation.to_u32()));
    // Written down before: what ends this process must not come first again when the next one begins.
    let begun = shift.task_of("begin to encrypt a table again", of, || begin(relation)).flatten();
    let Some(failures) = begun else { return };
    let mut may_wait = true;
    let mut left = Batch::Over;
    loop {
        match shift.limited_task("encrypt a table again", LIMIT, || batch(relation, may_wait)) {
            Err(message) => {
                shift.task_of("write down what failed", of, || fail(relation, &message));
                return;
            }
            Ok(Batch::More) => may_wait = true,
            Ok(Batch::Waits) => may_wait = false,
            Ok(over) => {
                left = over;
                break;
            }
        }
        serve::grant(shift);
        if Instant::now() >= end || shift.is_over() {
            workers::wake(shift.database);
            break;
        }
    }
    shift.task_of("rest from encrypting a table again", of, || rest(relation, failures, &left));
}

/// Takes a failure for granted. How many there had been; `None` if somebody is just asking for the table again, or it is not to be done.
fn begin(relation: Oid) -> Option<i32> {
    let failures = spi::one::<i32>(
        "SELECT failures FROM watertight.reencryptions WHERE relation OPERATOR(pg_catalog.=) $1 AND finished_at IS NULL
            FOR UPDATE SKIP LOCKED",
        &[relation.into()],
    )?;
    put_off(relation, failures.saturating_add(1), Some("the background worker did not come back from it"));
    Some(failures)
}

fn fail(relation: Oid, message: &str) {
    spi::run(
        "UPDATE watertight.reencryptions SET last_error = $2 WHERE relation OPERATOR(pg_catalog.=) $1",
        &[relation.into(), message.into()],
    );
}

/// It did not fail. What failed before is forgotten in steps: who fails every other time is not trusted either. What was in vain is not
/// tried again at once.
fn rest(relation: Oid, failures: i32, left: &Batch) {
    match left {
        Batch::InVain(why) => put_off(relation, failures.saturating_add(1), why.as_deref()),
        _ => spi::run(
            "UPDATE watertight.reencryptions SET failures = $2, last_error = NULL, next_try_at = pg_catalog.clock_timestamp()
              WHERE relation OPERATOR(pg_catalog.=) $1",
            &[relation.into(), (failures / 2).into()],
        ),
    }
}

fn put_off(relation: Oid, failures: i32, why: Option<&str>) {
    let seconds = delay(settings::reap_interval(), failures.unsigned_abs());
    spi::run(
        "UPDATE watertight.reencryptions
            SET failures = $2, last_error = $3,
                next_try_at = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => $4)
          WHERE relation OPERATOR(pg_catalog.=) $1",
        &[relation.into(), failures.into(), why.into(), (seconds as f64).into()],
    );
}

/// Some blocks.
fn batch(relation: Oid, may_wait: bool) -> Batch {
    let next = spi::one::<i64>(
        "SELECT next_block FROM watertight.reencryptions WHERE relation OPERATOR(pg_catalog.=) $1 AND finished_at IS NULL
            FOR UPDATE SKIP LOCKED",
        &[relation.into()],
    );
    let Some(next) = next.and_then(|next| u32::try_from(next).ok()) else { return Batch::Over };
    if context::has_token() {
        raise(Fault::new(Code::NotInPrerequisiteState, "a tenant's context is in force"));
    }
    let table = match Table::open(relation) {
        Ok(table) => table,
        Err(Refused::Busy) => return Batch::InVain(None),
        Err(Refused::Gone | Refused::Unfit) => {
            spi::run(
                "DELETE FROM watertight.reencryptions WHERE relation OPERATOR(pg_catalog.=) $1",
                &[relation.into()],
            );
            return Batch::Over;
        }
    };
    let types = literals::types();
    let columns = table.columns(&types);
    let mut again = Again::new(BATCH, may_wait);
    let tally = role::as_user(table.owner(), || table.replace(&columns, next, BLOCKS, &mut again));
    stack::wipe();
    let blocks = table.blocks();
    if tally.next < blocks {
        go_on(relation, &tally, blocks);
        return if again.waits { Batch::Waits } else { Batch::More };
    }
    if end_pass(relation, &tally, blocks) { Batch::InVain(again.why) } else { Batch::Over }
}

fn go_on(relation: Oid, tally: &Tally, blocks: u32) {
    spi::run(
        "UPDATE watertight.reencryptions
            SET next_block = $2, blocks = $3, rows = rows OPERATOR(pg_catalog.+) $4,
                pass_rows = pass_rows OPERATOR(pg_catalog.+) $4,
                pass_passed_over = pass_passed_over OPERATOR(pg_catalog.+) $5,
                pass_unreadable = pass_unreadable OPERATOR(pg_catalog.+) $6
          WHERE relation OPERATOR(pg_catalog.=) $1",
        &[
            relation.into(),
            i64::from(tally.next).into(),
            i64::from(blocks).into(),
            number(tally.replaced).into(),
            number(tally.passed_over).into(),
            number(tally.left).into(),
        ],
    );
}

/// A pass that has found nothing to do was the last one. True if it has found something, and could do nothing.
fn end_pass(relation: Oid, tally: &Tally, blocks: u32) -> bool {
    go_on(relation, tally, blocks);
    let idle = spi::one::<bool>(
        "SELECT pass_rows OPERATOR(pg_catalog.=) 0 FROM watertight.reencryptions WHERE relation OPERATOR(pg_catalog.=) $1",
        &[relation.into()],
    ) == Some(true);
    let passed_over = spi::one::<i64>(
        "UPDATE watertight.reencryptions
            SET passes = passes OPERATOR(pg_catalog.+) 1, passed_over = pass_passed_over, unreadable = pass_unreadable,
                next_block = 0, pass_rows = 0, pass_passed_over = 0, pass_unreadable = 0
          WHERE relation OPERATOR(pg_catalog.=) $1 RETURNING passed_over",
        &[relation.into()],
    );
    if idle && passed_over == Some(0) {
        spi::run(
            "UPDATE watertight.reencryptions SET next_block = blocks, finished_at = pg_catalog.clock_timestamp()
              WHERE relation OPERATOR(pg_catalog.=) $1",
            &[relation.into()],
        );
        return false;
    }
    idle
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
