-- The sequences $2 of the schema $1 as JSON: watertight_core::compartment::template::Sequence.
SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'oid', c.oid::bigint,
    'name', c.relname,
    'owner', c.relowner::bigint,
    'acl', c.relacl IS NOT NULL,
    'unlogged', c.relpersistence = 'u',
    'type_name', pg_catalog.format_type(q.seqtypid, NULL),
    'start', q.seqstart, 'increment', q.seqincrement, 'minimum', q.seqmin, 'maximum', q.seqmax,
    'cache', q.seqcache, 'cycle', q.seqcycle,
    'column', own.attribute,
    'table', own.relation,
    'identity', coalesce(own.identity, false)) ORDER BY c.oid)::text
FROM pg_catalog.unnest($2::oid[]) AS u (oid)
JOIN pg_catalog.pg_class c ON c.oid = u.oid
JOIN pg_catalog.pg_sequence q ON q.seqrelid = c.oid
LEFT JOIN LATERAL (
    SELECT d.refobjid::bigint AS relation, a.attname AS attribute, d.deptype = 'i' AS identity
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.objsubid = 0
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')) own ON true
WHERE c.relnamespace = $1
