//! Comparison operators of B-tree, hash and BRIN that PostgreSQL does not mark LEAKPROOF. Examined in numeric.c, date.c,
//! timestamp.c, datetime.c, localtime.c, enum.c, typcache.c, tsvector_op.c, jsonb_op.c, jsonb_util.c, varlena.c,
//! pg_locale.c and acl.c; their hash functions run on stored values only when a row is written.
//!
//! The comparisons of the other types (integers, floats, text, bytea, uuid, bit strings, times, network addresses,
//! macaddr, money, pg_lsn, tid, xid8) are LEAKPROOF already in PostgreSQL 15.
//!
//! Left out:
//! - `tsquery`: its B-tree comparison rebuilds both queries as trees by recursion. How deep a stored query is shows in
//!   "stack depth limit exceeded" when the session has used up most of the stack, and the B-tree itself compares the
//!   stored keys of all tenants.
//! - `record`: compares each column with its type's own function, which may be anybody's.
//! - `record_image` (`*=`, `*<`): meant for refreshing materialized views; nobody indexes with it.

use crate::search::entry::{Entry, Function::Builtin};

const ACLITEM: &str = "Compares the two role numbers and the bits of privileges.";
const NUMERIC: &str = "Compares sign, weight and digits where they lie, NaN and the infinities by rule; \
    allocates and computes nothing.";
const DATE_TIMESTAMP: &str = "Turns the date into microseconds only below the last timestamp, takes a \
    later one as just short of infinity, and compares integers.";
const DATE_TIMESTAMPTZ: &str = "Shifts the date by the session's time zone, takes what falls outside the \
    timestamps as just short of the infinity on that side, and compares integers.";
const TIMESTAMP_TIMESTAMPTZ: &str = "Shifts the timestamp by the session's time zone and takes what falls \
    outside as just short of an infinity; its error is for numbers that are no timestamp.";
const ENUM_EQ: &str = "Compares the numbers of the two labels.";
const ENUM_ORDER: &str = "Compares the labels' numbers, or their positions in pg_enum if one was added \
    later; no label is ever removed from there, and only a missing one is an error.";
const JSONB: &str = "Walks both values without recursion and compares strings in the database's collation, \
    whose ICU conversion outside UTF-8 has no room for two strings of 256 MB.";

/// The family's functions.
pub const ENTRIES: &[Entry] = &[
    Entry::total(Builtin(1062, "aclitemeq(aclitem,aclitem)"), ACLITEM),
    Entry::total(Builtin(1718, "numeric_eq(numeric,numeric)"), NUMERIC),
    Entry::total(Builtin(1720, "numeric_gt(numeric,numeric)"), NUMERIC),
    Entry::total(Builtin(1721, "numeric_ge(numeric,numeric)"), NUMERIC),
    Entry::total(Builtin(1722, "numeric_lt(numeric,numeric)"), NUMERIC),
    Entry::total(Builtin(1723, "numeric_le(numeric,numeric)"), NUMERIC),
    Entry::total(Builtin(2338, "date_lt_timestamp(date,timestamp without time zone)"), DATE_TIMESTAMP),
    Entry::total(Builtin(2339, "date_le_timestamp(date,timestamp without time zone)"), DATE_TIMESTAMP),
    Entry::total(Builtin(2340, "date_eq_timestamp(date,timestamp without time zone)"), DATE_TIMESTAMP),
    Entry::total(Builtin(2341, "date_gt_timestamp(date,timestamp without time zone)"), DATE_TIMESTAMP),
    Entry::total(Builtin(2342, "date_ge_timestamp(date,timestamp without time zone)"), DATE_TIMESTAMP),
    Entry::total(Builtin(2351, "date_lt_timestamptz(date,timestamp with time zone)"), DATE_TIMESTAMPTZ),
    Entry::total(Builtin(2352, "date_le_timestamptz(date,timestamp with time zone)"), DATE_TIMESTAMPTZ),
    Entry::total(Builtin(2353, "date_eq_timestamptz(date,timestamp with time zone)"), DATE_TIMESTAMPTZ),
    Entry::total(Builtin(2354, "date_gt_timestamptz(date,timestamp with time zone)"), DATE_TIMESTAMPTZ),
    Entry::total(Builtin(2355, "date_ge_timestamptz(date,timestamp with time zone)"), DATE_TIMESTAMPTZ),
    Entry::total(Builtin(2364, "timestamp_lt_date(timestamp without time zone,date)"), DATE_TIMESTAMP),
    Entry::total(Builtin(2365, "timestamp_le_date(timestamp without time zone,date)"), DATE_TIMESTAMP),
    Entry::total(Builtin(2366, "timestamp_eq_date(timestamp without time zone,date)"), DATE_TIMESTAMP),
    Entry::total(Builtin(2367, "timestamp_gt_date(timestamp without time zone,date)"), DATE_TIMESTAMP),
    Entry::total(Builtin(2368, "timestamp_ge_date(timestamp without time zone,date)"), DATE_TIMESTAMP),
    Entry::total(Builtin(2377, "timestamptz_lt_date(timestamp with time zone,date)"), DATE_TIMESTAMPTZ),
    Entry::total(Builtin(2378, "timestamptz_le_date(timestamp with time zone,date)"), DATE_TIMESTAMPTZ),
    Entry::total(Builtin(2379, "timestamptz_eq_date(timestamp with time zone,date)"), DATE_TIMESTAMPTZ),
    Entry::total(Builtin(2380, "timestamptz_gt_date(timestamp with time zone,date)"), DATE_TIMESTAMPTZ),
    Entry::total(Builtin(2381, "timestamptz_ge_date(timestamp with time zone,date)"), DATE_TIMESTAMPTZ),
    Entry::total(
        Builtin(2520, "timestamp_lt_timestamptz(timestamp without time zone,timestamp with time zone)"),
        TIMESTAMP_TIMESTAMPTZ,
    ),
    Entry::total(
        Builtin(2521, "timestamp_le_timestamptz(timestamp without time zone,timestamp with time zone)"),
        TIMESTAMP_TIMESTAMPTZ,
    ),
    Entry::total(
        Builtin(2522, "timestamp_eq_timestamptz(timestamp without time zone,timestamp with time zone)"),
        TIMESTAMP_TIMESTAMPTZ,
    ),
    Entry::total(
        Builtin(2523, "timestamp_gt_timestamptz(timestamp without time zone,timestamp with time zone)"),
        TIMESTAMP_TIMESTAMPTZ,
    ),
    Entry::total(
        Builtin(2524, "timestamp_ge_timestamptz(timestamp without time zone,timestamp with time zone)"),
        TIMESTAMP_TIMESTAMPTZ,
    ),
    Entry::total(
        Builtin(2527, "timestamptz_lt_timestamp(timestamp with time zone,timestamp without time zone)"),
        TIMESTAMP_TIMESTAMPTZ,
    ),
    Entry::total(
        Builtin(2528, "timestamptz_le_timestamp(timestamp with time zone,timestamp without time zone)"),
        TIMESTAMP_TIMESTAMPTZ,
    ),
    Entry::total(
        Builtin(2529, "timestamptz_eq_timestamp(timestamp with time zone,timestamp without time zone)"),
        TIMESTAMP_TIMESTAMPTZ,
    ),
    Entry::total(
        Builtin(2530, "timestamptz_gt_timestamp(timestamp with time zone,timestamp without time zone)"),
        TIMESTAMP_TIMESTAMPTZ,
    ),
    Entry::total(
        Builtin(2531, "timestamptz_ge_timestamp(timestamp with time zone,timestamp without time zone)"),
        TIMESTAMP_TIMESTAMPTZ,
    ),
    Entry::total(Builtin(3508, "enum_eq(anyenum,anyenum)"), ENUM_EQ),
    Entry::total(Builtin(3510, "enum_lt(anyenum,anyenum)"), ENUM_ORDER),
    Entry::total(Builtin(3511, "enum_gt(anyenum,anyenum)"), ENUM_ORDER),
    Entry::total(Builtin(3512, "enum_le(anyenum,anyenum)"), ENUM_ORDER),
    Entry::total(Builtin(3513, "enum_ge(anyenum,anyenum)"), ENUM_ORDER),
    Entry::long(Builtin(4039, "jsonb_lt(jsonb,jsonb)"), JSONB),
    Entry::long(Builtin(4040, "jsonb_gt(jsonb,jsonb)"), JSONB),
    Entry::long(Builtin(4041, "jsonb_le(jsonb,jsonb)"), JSONB),
    Entry::long(Builtin(4042, "jsonb_ge(jsonb,jsonb)"), JSONB),
    Entry::long(Builtin(4043, "jsonb_eq(jsonb,jsonb)"), JSONB),
];
