//! Functions that indexes are built on: numbers, dates and times. Examined in int.c, int8.c, float.c, numeric.c,
//! date.c and timestamp.c.
//!
//! An index holds their results; they run on a row only to check a condition again.

use crate::search::entry::{Entry, Function::Builtin};

const LEAST: &str = "Fails for the least value of its type, whose opposite is out of range.";
const FLOAT: &str = "One call of the C library's floating-point functions, which accept every value.";
const CARRY: &str = "Fails where rounding carries into one digit more than a number can have.";
const RANGE: &str = "Fails for a value out of the other type's range.";
const UNIT: &str = "Fails for a unit that does not exist or does not suit the type.";
const TRUNCATE: &str =
    "Fails for a unit that does not suit, and where the result lies before the first timestamp.";
const ZONE: &str = "Fails for a time zone that does not exist and where the result is out of range.";

const fn total(number: u32, signature: &'static str, because: &'static str) -> Entry {
    Entry::total(Builtin(number, signature), because)
}

const fn guarded(number: u32, signature: &'static str, because: &'static str) -> Entry {
    Entry::guarded(Builtin(number, signature), because)
}

/// The family's functions.
pub const ENTRIES: &[Entry] = &[
    guarded(1398, "abs(smallint)", LEAST),
    guarded(1397, "abs(integer)", LEAST),
    guarded(1396, "abs(bigint)", LEAST),
    total(1394, "abs(real)", FLOAT),
    total(1395, "abs(double precision)", FLOAT),
    total(1705, "abs(numeric)", "Copies the number and clears its sign."),
    total(2309, "floor(double precision)", FLOAT),
    total(2308, "ceil(double precision)", FLOAT),
    total(2320, "ceiling(double precision)", FLOAT),
    total(1342, "round(double precision)", FLOAT),
    total(1343, "trunc(double precision)", FLOAT),
    total(2310, "sign(double precision)", "Compares the number with zero."),
    guarded(1712, "floor(numeric)", CARRY),
    guarded(1711, "ceil(numeric)", CARRY),
    guarded(2167, "ceiling(numeric)", CARRY),
    guarded(1707, "round(numeric,integer)", CARRY),
    total(
        1709,
        "trunc(numeric,integer)",
        "Copies the number without its last digits, which never makes it larger.",
    ),
    total(1706, "sign(numeric)", "Returns one of four constants by the sign in the number's head."),
    guarded(
        1703,
        "\"numeric\"(numeric,integer)",
        "Fails for a number with more digits than the type allows.",
    ),
    guarded(714, "int2(bigint)", RANGE),
    guarded(314, "int2(integer)", RANGE),
    guarded(480, "int4(bigint)", RANGE),
    guarded(1783, "int2(numeric)", RANGE),
    guarded(1744, "int4(numeric)", RANGE),
    guarded(1779, "int8(numeric)", RANGE),
    guarded(1745, "float4(numeric)", RANGE),
    guarded(1746, "float8(numeric)", RANGE),
    total(
        2029,
        "date(timestamp without time zone)",
        "Every timestamp that can be stored has a date, and infinity stays infinity.",
    ),
    total(
        1316,
        "\"time\"(timestamp without time zone)",
        "Every timestamp that can be stored has a time of day, and infinity becomes null.",
    ),
    guarded(
        2024,
        "\"timestamp\"(date)",
        "Fails for a date after the last timestamp, which is the year 294276.",
    ),
    guarded(
        2025,
        "\"timestamp\"(date,time without time zone)",
        "Fails for a date after the last timestamp, which is the year 294276.",
    ),
    guarded(
        1961,
        "\"timestamp\"(timestamp without time zone,integer)",
        "Fails for a precision that does not exist; rounding may reach the end of the range.",
    ),
    guarded(
        1967,
        "timestamptz(timestamp with time zone,integer)",
        "Fails for a precision that does not exist; rounding may reach the end of the range.",
    ),
    guarded(
        1158,
        "to_timestamp(double precision)",
        "Fails for a number of seconds beyond the range of timestamps, and for no number at all.",
    ),
    guarded(2020, "date_trunc(text,timestamp without time zone)", TRUNCATE),
    // Stable and therefore in no index before PostgreSQL 16.
    guarded(1284, "date_trunc(text,timestamp with time zone,text)", TRUNCATE),
    guarded(1218, "date_trunc(text,interval)", TRUNCATE),
    guarded(
        6177,
        "date_bin(interval,timestamp without time zone,timestamp without time zone)",
        "Fails for a stride of months or none, and where the distance from the origin overflows.",
    ),
    guarded(
        6178,
        "date_bin(interval,timestamp with time zone,timestamp with time zone)",
        "Fails for a stride of months or none, and where the distance from the origin overflows.",
    ),
    guarded(2021, "date_part(text,timestamp without time zone)", UNIT),
    guarded(1385, "date_part(text,time without time zone)", UNIT),
    guarded(1172, "date_part(text,interval)", UNIT),
    guarded(6199, "\"extract\"(text,date)", UNIT),
    guarded(6200, "\"extract\"(text,time without time zone)", UNIT),
    guarded(6201, "\"extract\"(text,time with time zone)", UNIT),
    guarded(6202, "\"extract\"(text,timestamp without time zone)", UNIT),
    guarded(6204, "\"extract\"(text,interval)", UNIT),
    guarded(2069, "timezone(text,timestamp without time zone)", ZONE),
    guarded(1159, "timezone(text,timestamp with time zone)", ZONE),
    guarded(2070, "timezone(interval,timestamp without time zone)", ZONE),
    guarded(1026, "timezone(interval,timestamp with time zone)", ZONE),
];
