//! Types whose comparison has been examined, for functions that compare elements of arrays and bounds of ranges.

/// By oid, which never changes (pg_type.dat).
///
/// Not among them: types without an order, whose absence is an error that only the comparison of two elements meets
/// (json, xml, point); `jsonb`, `tsquery` and records, whose comparisons recurse or call others.
const EXAMINED: [(u32, &str); 51] = [
    (16, "bool"),
    (17, "bytea"),
    (18, "\"char\""),
    (19, "name"),
    (20, "int8"),
    (21, "int2"),
    (23, "int4"),
    (24, "regproc"),
    (25, "text"),
    (26, "oid"),
    (27, "tid"),
    (30, "oidvector"),
    (650, "cidr"),
    (700, "float4"),
    (701, "float8"),
    (774, "macaddr8"),
    (790, "money"),
    (829, "macaddr"),
    (869, "inet"),
    (1042, "bpchar"),
    (1043, "varchar"),
    (1082, "date"),
    (1083, "time"),
    (1114, "timestamp"),
    (1184, "timestamptz"),
    (1186, "interval"),
    (1266, "timetz"),
    (1560, "bit"),
    (1562, "varbit"),
    (1700, "numeric"),
    (2202, "regprocedure"),
    (2203, "regoper"),
    (2204, "regoperator"),
    (2205, "regclass"),
    (2206, "regtype"),
    (2950, "uuid"),
    (3220, "pg_lsn"),
    (3614, "tsvector"),
    (3904, "int4range"),
    (3906, "numrange"),
    (3908, "tsrange"),
    (3910, "tstzrange"),
    (3912, "daterange"),
    (3926, "int8range"),
    (4451, "int4multirange"),
    (4532, "nummultirange"),
    (4533, "tsmultirange"),
    (4534, "tstzmultirange"),
    (4535, "datemultirange"),
    (4536, "int8multirange"),
    (5069, "xid8"),
];

/// Oids and names, for the test that compares them with the server's.
pub fn all() -> impl Iterator<Item = (u32, &'static str)> {
    EXAMINED.into_iter()
}

/// Whether two values of the type can be compared without error, whatever they are.
pub fn is_examined(kind: u32) -> bool {
    EXAMINED.binary_search_by_key(&kind, |(oid, _)| *oid).is_ok()
}

/// Whether its comparison asks for a collation.
pub fn is_collatable(kind: u32) -> bool {
    matches!(kind, 19 | 25 | 1042 | 1043)
}
