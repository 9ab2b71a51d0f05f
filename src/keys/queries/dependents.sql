-- Everything that depends on relations, or on what depends on them: catalog and oid; the table's for a column's expression. (A table's row
-- type depends on the table. A composite type does not depend on its relation, it is the other way round.)
WITH RECURSIVE found (class, object) AS (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid, changed FROM pg_catalog.unnest($1::oid[]) AS changed
    UNION
    SELECT next.class, next.object
    FROM found
    CROSS JOIN LATERAL (
        SELECT d.classid, d.objid FROM pg_catalog.pg_depend d WHERE d.refclassid = found.class AND d.refobjid = found.object
        UNION ALL
        SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, c.reltype FROM pg_catalog.pg_class c
        WHERE found.class = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = found.object AND c.relkind = 'c'
    ) AS next (class, object)
)
SELECT found.class, coalesce(a.adrelid, found.object)
FROM found
LEFT JOIN pg_catalog.pg_attrdef a ON found.class = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND a.oid = found.object
