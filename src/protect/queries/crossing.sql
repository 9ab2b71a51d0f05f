-- Those of the relations $1 that have foreign keys to one of the tables $2.
SELECT DISTINCT k.conrelid FROM pg_catalog.pg_constraint k
WHERE k.contype = 'f' AND k.conrelid = ANY ($1) AND k.confrelid = ANY ($2)
