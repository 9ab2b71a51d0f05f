-- Tables, views, sequences of the schema $1. (pg_depend has an index by schema, pg_class has none.)
SELECT c.oid
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_class c ON c.oid = d.objid
WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = $1
    AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
ORDER BY c.oid
