//! Rotation of all tenants' keys: a few tenants in each transaction, so that nobody waits long for a row.

use super::{master, rotate};
use crate::pg::arguments::required;
use crate::pg::error::{OrRaise, internal, raise};
use crate::pg::role;
use crate::sys::attempt;
use crate::sys::function::{Call, raw_function};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::Datum;
use pgrx::spi::Spi;
use uuid::Uuid;
use watertight_core::{Code, Fault};

/// How many tenants' keys are changed in a transaction.
const BATCH: i64 = 20;
/// How long to wait for a tenant whose keys somebody else changes, in milliseconds.
const PATIENCE: u32 = 5_000;

/// What is rotated.
struct Kind {
    procedure: &'static str,
    /// The next tenants, after one, that have a key from before some time.
    list: &'static str,
    rotate: fn(Uuid) -> Result<i32, Fault>,
}

const DATA: Kind = Kind {
    procedure: "rotate_data_keys",
    list: "SELECT t.id, t.name FROM watertight.tenants AS t
        WHERE t.id OPERATOR(pg_catalog.>) $1
          AND EXISTS (SELECT FROM watertight.data_keys AS k
                       WHERE k.tenant_id OPERATOR(pg_catalog.=) t.id AND k.state OPERATOR(pg_catalog.=) 'active'
                         AND k.purpose OPERATOR(pg_catalog.=) 'data' AND k.created_at OPERATOR(pg_catalog.<) $2)
        ORDER BY t.id LIMIT $3",
    rotate: rotate::data_keys,
};

const TENANT: Kind = Kind {
    procedure: "rotate_tenant_keys",
    list: "SELECT t.id, t.name FROM watertight.tenants AS t
        WHERE t.id OPERATOR(pg_catalog.>) $1
          AND EXISTS (SELECT FROM watertight.tenant_keys AS k
                       WHERE k.tenant_id OPERATOR(pg_catalog.=) t.id AND k.state OPERATOR(pg_catalog.=) 'active'
                         AND k.created_at OPERATOR(pg_catalog.<) $2)
        ORDER BY t.id LIMIT $3",
    rotate: rotate::tenant_key,
};

/// New data keys for every tenant that has one from before a time. A tenant whose keys cannot be changed does not keep the others' from it.
///
/// # Errors
/// 25001 in a transaction block, 25006 where nothing can be written, 55000 without a master key; 55000 at the end if there were such tenants.
fn rotate_data_keys(call: Call) -> Datum {
    every(call, &DATA)
}

/// The same for the keys that wrap them.
///
/// # Errors
/// As for `rotate_data_keys()`.
fn rotate_tenant_keys(call: Call) -> Datum {
    every(call, &TENANT)
}

raw_function!(wt_rotate_data_keys, pg_finfo_wt_rotate_data_keys, rotate_data_keys);
raw_function!(wt_rotate_tenant_keys, pg_finfo_wt_rotate_tenant_keys, rotate_tenant_keys);

fn every(call: Call, kind: &Kind) -> Datum {
    let before = required("before", call.argument::<TimestampWithTimeZone>(0));
    if !call.may_commit() {
        raise(
            Fault::new(
                Code::ActiveTransaction,
                format!("{} cannot run inside a transaction block", kind.procedure),
            )
            .detail("It commits after a few tenants each, so that nobody waits long for their rows."),
        );
    }
    // Without it they would all fail, one after the other.
    master::present().or_raise();
    let (mut last, mut failed) = (Uuid::nil(), Vec::new());
    call.in_transactions(|| {
        let batch = role::as_extension_owner(|| next(kind, last, before));
        for (tenant, name) in &batch {
            last = *tenant;
            if let Err(why) = attempt::told(PATIENCE, || (kind.rotate)(*tenant).or_raise()) {
                failed.push(format!("{name}: {why}"));
            }
        }
        !batch.is_empty()
    });
    if let Some(first) = failed.first() {
        raise(
            Fault::new(
                Code::NotInPrerequisiteState,
                format!("the keys of {} tenants were not rotated", failed.len()),
            )
            .detail(format!("The first is {first}."))
            .hint("All others were. With the same time in before, the next CALL tries those that are left."),
        );
    }
    call.null()
}

fn next(kind: &Kind, last: Uuid, before: TimestampWithTimeZone) -> Vec<(Uuid, String)> {
    let last = pgrx::Uuid::from_bytes(*last.as_bytes());
    Spi::connect(|client| {
        let rows = client.select(kind.list, None, &[last.into(), before.into(), BATCH.into()])?;
        rows.map(|row| Ok((row.get::<pgrx::Uuid>(1)?, row.get::<String>(2)?)))
            .collect::<Result<Vec<_>, pgrx::spi::Error>>()
    })
    .map_err(internal)
    .or_raise()
    .into_iter()
    .filter_map(|(id, name)| Some((Uuid::from_bytes(*id?.as_bytes()), name?)))
    .collect()
}
