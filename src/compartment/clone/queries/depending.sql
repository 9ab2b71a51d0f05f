-- What depends on objects of the schema $1. Only what others can depend on is looked at: what is directly in the schema, and the
-- row types and arrays that come with it. "outside" says whether it is not in the schema; NULL: it is of a rarer kind.
-- Then follows suspects.sql or dependants.sql.
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
), depending AS (
    SELECT d.classid, d.objid, d.objsubid
    FROM objects o
    JOIN pg_catalog.pg_depend d ON d.refclassid = o.classid AND d.refobjid = o.objid
    -- Parts of the object itself.
    WHERE d.deptype <> 'i' OR d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
    UNION ALL
    SELECT d.classid, d.objid, d.objsubid FROM contained d
    WHERE d.classid = 'pg_catalog.pg_extension'::pg_catalog.regclass
), dependants AS (
    SELECT d.*, CASE d.classid
        WHEN 'pg_catalog.pg_class'::pg_catalog.regclass THEN
            (SELECT c.relnamespace <> $1 AND c.relkind <> 't' FROM pg_catalog.pg_class c
             WHERE c.oid = d.objid)
        WHEN 'pg_catalog.pg_attrdef'::pg_catalog.regclass THEN
            (SELECT c.relnamespace <> $1 FROM pg_catalog.pg_attrdef a JOIN pg_catalog.pg_class c ON c.oid = a.adrelid
             WHERE a.oid = d.objid)
        WHEN 'pg_catalog.pg_constraint'::pg_catalog.regclass THEN
            (SELECT k.connamespace <> $1 FROM pg_catalog.pg_constraint k
             WHERE k.oid = d.objid)
        WHEN 'pg_catalog.pg_type'::pg_catalog.regclass THEN
            (SELECT t.typnamespace <> $1 FROM pg_catalog.pg_type t
             WHERE t.oid = d.objid)
        WHEN 'pg_catalog.pg_rewrite'::pg_catalog.regclass THEN
            (SELECT c.relnamespace <> $1 FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
             WHERE r.oid = d.objid)
        WHEN 'pg_catalog.pg_trigger'::pg_catalog.regclass THEN
            (SELECT c.relnamespace <> $1 FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
             WHERE t.oid = d.objid)
        WHEN 'pg_catalog.pg_policy'::pg_catalog.regclass THEN
            (SELECT c.relnamespace <> $1 FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
             WHERE p.oid = d.objid)
    END AS outside
    FROM depending d
)
