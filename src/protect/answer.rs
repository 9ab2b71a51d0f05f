//! `visible(...)` and `writable(...)` as they are called: `writable` for each new row, `visible` where the planner did not see
//! the call.

use crate::context::{current_id, current_key, current_name, reached, reached_compartment};
use crate::sys::function::{Call, raw_function};
use pgrx::pg_sys::Datum;

fn answer(call: Call, same: Option<bool>) -> Datum {
    same.map_or_else(|| call.null(), Datum::from)
}

// The tenant, once the verdict is reached.

#[inline(always)]
fn same_id(call: Call) -> Option<bool> {
    let tenant = reached()?;
    call.bytes::<16>(0).map(|column| *column == tenant.id)
}

#[inline(always)]
fn same_key(call: Call) -> Option<bool> {
    let key = reached()?.key?;
    call.word(0).map(|column| column as i64 == key)
}

#[inline(always)]
fn same_small_key(call: Call) -> Option<bool> {
    let key = reached()?.key?;
    call.word(0).map(|column| i64::from(column as i32) == key)
}

// The tenant, otherwise; then the verdict is reached.

fn is_id(call: Call) -> Option<bool> {
    let column: Option<pgrx::Uuid> = call.argument(0);
    column.and_then(|value| Some(*value.as_bytes() == current_id()?))
}

fn is_name(call: Call) -> Option<bool> {
    let column: Option<&str> = call.argument(0);
    column.and_then(|value| Some(*value == *current_name()?))
}

fn is_key(call: Call) -> Option<bool> {
    let column: Option<i64> = call.argument(0);
    column.and_then(|value| Some(value == current_key()?))
}

fn is_small_key(call: Call) -> Option<bool> {
    let column: Option<i32> = call.argument(0);
    column.and_then(|value| Some(i64::from(value) == current_key()?))
}

// The compartment, once the verdict is reached.

#[inline(always)]
fn may_read(call: Call) -> Option<bool> {
    let compartment = reached_compartment()?;
    call.bytes::<16>(1).map(|column| compartment.may_read(column))
}

#[inline(always)]
fn may_write(call: Call) -> Option<bool> {
    let compartment = reached_compartment()?;
    call.bytes::<16>(1).map(|column| compartment.writes && compartment.id == *column)
}

#[inline(always)]
fn both(call: Call, tenant: Option<bool>, compartment: fn(Call) -> Option<bool>) -> Option<bool> {
    Some(tenant? & compartment(call)?)
}

/// Declares the functions for one type of the tenant column, alone and with a compartment column.
macro_rules! functions {
    ($module:ident, $fast:path, $slow:path, $one:ident $one_info:ident, $visible:ident $visible_info:ident,
     $writable:ident $writable_info:ident) => {
        mod $module {
            use super::*;

            #[inline(always)]
            fn one(call: Call) -> Option<Datum> {
                $fast(call).map(Datum::from)
            }

            #[inline(always)]
            fn visible(call: Call) -> Option<Datum> {
                both(call, $fast(call), may_read).map(Datum::from)
            }

            #[inline(always)]
            fn writable(call: Call) -> Option<Datum> {
                both(call, $fast(call), may_write).map(Datum::from)
            }

            fn one_or_raise(call: Call) -> Datum {
                answer(call, $slow(call))
            }

            fn visible_or_raise(call: Call) -> Datum {
                answer(call, both(call, $slow(call), may_read))
            }

            fn writable_or_raise(call: Call) -> Datum {
                answer(call, both(call, $slow(call), may_write))
            }

            raw_function!($one, $one_info, fast = one, slow = one_or_raise);
            raw_function!($visible, $visible_info, fast = visible, slow = visible_or_raise);
            raw_function!($writable, $writable_info, fast = writable, slow = writable_or_raise);
        }
    };
}

/// A text may be compressed or stored elsewhere: nothing is quick about it.
#[inline(always)]
const fn not_at_once(_: Call) -> Option<bool> {
    None
}

functions!(uuid, same_id, is_id, wt_visible_uuid pg_finfo_wt_visible_uuid,
    wt_visible_uuid_uuid pg_finfo_wt_visible_uuid_uuid, wt_writable_uuid_uuid pg_finfo_wt_writable_uuid_uuid);
functions!(text, not_at_once, is_name, wt_visible_text pg_finfo_wt_visible_text,
    wt_visible_text_uuid pg_finfo_wt_visible_text_uuid, wt_writable_text_uuid pg_finfo_wt_writable_text_uuid);
functions!(int8, same_key, is_key, wt_visible_int8 pg_finfo_wt_visible_int8,
    wt_visible_int8_uuid pg_finfo_wt_visible_int8_uuid, wt_writable_int8_uuid pg_finfo_wt_writable_int8_uuid);
functions!(int4, same_small_key, is_small_key, wt_visible_int4 pg_finfo_wt_visible_int4,
    wt_visible_int4_uuid pg_finfo_wt_visible_int4_uuid, wt_writable_int4_uuid pg_finfo_wt_writable_int4_uuid);
