-- Which objects of the schema $1 need which: kind and oid of both, and whether the need is one of a default or a check
-- constraint, which can be added later.
WITH contained AS MATERIALIZED (
    SELECT d.classid, d.objid
    FROM pg_catalog.pg_depend d
    WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = $1 AND d.deptype = 'n'
), relations AS MATERIALIZED (
    SELECT c.oid, c.relkind, c.reltype
    FROM contained d JOIN pg_catalog.pg_class c ON c.oid = d.objid
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
), objects (classid, objid, kind, oid) AS MATERIALIZED (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, r.oid, 'r', r.oid FROM relations r
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 'r', r.oid
    FROM relations r JOIN pg_catalog.pg_type y ON y.oid = r.reltype
    CROSS JOIN LATERAL (VALUES (y.oid), (y.typarray)) AS t (oid)
    UNION ALL
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, d.objid, 'f', d.objid
    FROM contained d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    UNION ALL
    SELECT p.classid, p.objid, 't', y.oid
    FROM contained d
    JOIN pg_catalog.pg_type y ON y.oid = d.objid
    LEFT JOIN pg_catalog.pg_range g ON g.rngtypid = y.oid
    LEFT JOIN pg_catalog.pg_type m ON m.oid = g.rngmultitypid
    CROSS JOIN LATERAL (VALUES
        ('pg_catalog.pg_type'::pg_catalog.regclass, y.oid), ('pg_catalog.pg_type'::pg_catalog.regclass, y.typarray),
        ('pg_catalog.pg_type'::pg_catalog.regclass, m.oid), ('pg_catalog.pg_type'::pg_catalog.regclass, m.typarray),
        ('pg_catalog.pg_class'::pg_catalog.regclass, y.typrelid)) AS p (classid, objid)
    WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND y.typtype <> 'm' AND p.objid <> 0
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = y.typrelid AND c.relkind <> 'c')
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.oid = y.typelem AND e.typarray = y.oid)
), parts (classid, objid, kind, oid, soft) AS (
    SELECT o.classid, o.objid, o.kind, o.oid, false FROM objects o
    UNION ALL
    SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, w.oid, 'r', r.oid, false
    FROM relations r JOIN pg_catalog.pg_rewrite w ON w.ev_class = r.oid AND w.rulename = '_RETURN'
    UNION ALL
    SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid, 'r', r.oid, a.attgenerated = ''
    FROM relations r
    JOIN pg_catalog.pg_attrdef d ON d.adrelid = r.oid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    WHERE r.relkind IN ('r', 'p')
    UNION ALL
    SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, 'r', r.oid, true
    FROM relations r JOIN pg_catalog.pg_constraint k ON k.conrelid = r.oid AND k.contype = 'c'
    UNION ALL
    SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, 't', o.oid, false
    FROM objects o JOIN pg_catalog.pg_constraint k ON k.contypid = o.oid
    WHERE o.kind = 't' AND o.objid = o.oid
)
SELECT pg_catalog.json_agg(pg_catalog.json_build_object('kind', n.kind, 'oid', n.oid::bigint,
    'needs_kind', n.needs_kind, 'needs_oid', n.needs_oid::bigint, 'soft', n.soft))::text
FROM (
    SELECT DISTINCT p.kind, p.oid, o.kind AS needs_kind, o.oid AS needs_oid, p.soft
    FROM parts p
    JOIN pg_catalog.pg_depend d ON d.classid = p.classid AND d.objid = p.objid AND d.deptype = 'n'
    JOIN objects o ON o.classid = d.refclassid AND o.objid = d.refobjid
    WHERE (p.kind, p.oid) <> (o.kind, o.oid)) n
