-- A materialised view that is $1 or reads it, and a table of $2 that $1 reads; directly, through views and functions.
WITH RECURSIVE reads (classid, objid) AS (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid, $1::oid
    UNION
    SELECT d.refclassid, d.refobjid
    FROM reads r
    LEFT JOIN pg_catalog.pg_rewrite w
        ON r.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND w.ev_class = r.objid
    JOIN pg_catalog.pg_depend d
        ON (d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid)
        OR (d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.classid = r.classid AND d.objid = r.objid)
    WHERE d.refclassid IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass)
), readers (classid, objid) AS (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid, $1::oid
    UNION
    SELECT CASE WHEN w.oid IS NULL THEN d.classid ELSE 'pg_catalog.pg_class'::pg_catalog.regclass::oid END,
        coalesce(w.ev_class, d.objid)
    FROM readers r
    JOIN pg_catalog.pg_depend d ON d.refclassid = r.classid AND d.refobjid = r.objid
        AND d.classid IN ('pg_catalog.pg_rewrite'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass)
    LEFT JOIN pg_catalog.pg_rewrite w
        ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = d.objid
)
SELECT pg_catalog.format('%s.%s', mn.nspname, m.relname), pg_catalog.format('%s.%s', tn.nspname, t.relname)
FROM readers
JOIN pg_catalog.pg_class m ON m.oid = readers.objid AND m.relkind = 'm'
JOIN pg_catalog.pg_namespace mn ON mn.oid = m.relnamespace
CROSS JOIN reads
JOIN pg_catalog.pg_class t ON t.oid = reads.objid AND t.oid = ANY ($2)
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
WHERE readers.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND reads.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
ORDER BY 1, 2
