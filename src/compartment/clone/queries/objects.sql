-- What depends on objects of the schema $1. Only what others can depend on is looked at: what is directly in the schema, and the
-- row types and arrays that come with it. Then follows suspects.sql or dependants.sql.
WITH contained AS MATERIALIZED (
    SELECT d.classid, d.objid, d.objsubid, d.deptype
    FROM pg_catalog.pg_depend d
    WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = $1
), objects (classid, objid) AS MATERIALIZED (
    SELECT d.classid, d.objid FROM contained d
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid
    FROM contained d
    JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind <> 'S'
    JOIN pg_catalog.pg_type y ON y.oid = c.reltype
    CROSS JOIN LATERAL (VALUES (y.oid), (y.typarray)) AS t (oid)
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, y.typarray
    FROM contained d
    JOIN pg_catalog.pg_type y ON y.oid = d.objid AND y.typarray <> 0
    WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
), dependants AS (
    SELECT d.classid, d.objid, d.objsubid
    FROM objects o
    JOIN pg_catalog.pg_depend d ON d.refclassid = o.classid AND d.refobjid = o.objid
    -- Parts of the object itself.
    WHERE d.deptype <> 'i' OR d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
    UNION ALL
    SELECT d.classid, d.objid, d.objsubid FROM contained d
    WHERE d.classid = 'pg_catalog.pg_extension'::pg_catalog.regclass
)
