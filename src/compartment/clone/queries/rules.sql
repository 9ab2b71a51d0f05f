-- The definitions of the rules $1. Run with the template behind pg_catalog: pg_get_ruledef asks the catalogs by a query whose
-- operators are looked up in that path.
SELECT r.oid, pg_catalog.pg_get_ruledef(r.oid)
FROM pg_catalog.unnest($1::oid[]) AS u (oid)
JOIN pg_catalog.pg_rewrite r ON r.oid = u.oid
