-- Types ($2) and functions ($3, with their signatures $4, which are looked up with the new schema in front) of the template with
-- their copies in the schema $1.
SELECT 'pg_catalog.pg_type'::pg_catalog.regclass::oid, o.oid, n.oid
FROM pg_catalog.unnest($2::oid[]) AS u (oid)
JOIN pg_catalog.pg_type o ON o.oid = u.oid
JOIN pg_catalog.pg_type n ON n.typname = o.typname AND n.typnamespace = $1
UNION ALL
SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::oid, u.oid, n.oid
FROM ROWS FROM (pg_catalog.unnest($3::oid[]), pg_catalog.unnest($4::text[])) AS u (oid, signature)
JOIN pg_catalog.pg_proc n ON n.oid = pg_catalog.to_regprocedure(u.signature)::oid AND n.pronamespace = $1
