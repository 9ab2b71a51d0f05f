-- What is directly in the schema $1: class, oid, and for relations their kind. (pg_depend has an index by schema, the
-- catalogs of objects have none.)
SELECT d.classid, d.objid, c.relkind::text
FROM pg_catalog.pg_depend d
LEFT JOIN pg_catalog.pg_class c ON c.oid = d.objid AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = $1 AND d.deptype = 'n'
ORDER BY d.objid
