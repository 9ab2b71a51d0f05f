-- Registered tables ($2) that foreign keys of the relations $1 reference although the tables are somebody else's.
SELECT pg_catalog.format('%s.%s', n.nspname, c.relname)
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.confrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.conrelid = ANY ($1) AND k.confrelid = ANY ($2)
    AND NOT pg_catalog.pg_has_role(CURRENT_USER, c.relowner, 'USAGE')
LIMIT 1
