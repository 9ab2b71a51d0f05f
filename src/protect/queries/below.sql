-- The relations $1 and everything below them, parents first: what is looked at after a command. Whether they are registered is
-- not asked here: a transaction in REPEATABLE READ would get an old answer.
WITH RECURSIVE touched (oid, depth) AS (
    SELECT t.oid, 0 FROM pg_catalog.unnest($1::oid[]) AS t (oid)
    UNION
    SELECT h.inhrelid, t.depth + 1
    FROM touched t
    JOIN pg_catalog.pg_inherits h ON h.inhparent = t.oid
), found AS (
    SELECT t.oid, max(t.depth) AS depth FROM touched t GROUP BY t.oid
)
SELECT pg_catalog.jsonb_build_object(
    'relation', c.oid::bigint,
    'schema', n.nspname,
    'parents', coalesce((
        SELECT pg_catalog.jsonb_agg(h.inhparent::bigint ORDER BY h.inhseqno)
        FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid), '[]'))
FROM found f
JOIN pg_catalog.pg_class c ON c.oid = f.oid AND c.relkind IN ('r', 'p', 'f')
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY f.depth, c.oid
