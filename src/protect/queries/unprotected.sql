-- Of the relations $1 and everything below them: tables that are not registered although a parent or (unless $2: an extension
-- makes them) their schema is, with the settings they take from there. Parents come first.
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
    'child', parent.relation IS NOT NULL,
    'tenant_column', coalesce(parent.tenant_column, s.tenant_column),
    'creator_column', parent.creator_column,
    'scope_keys', coalesce(parent.scope_keys, s.scope_keys))
FROM found f
JOIN pg_catalog.pg_class c ON c.oid = f.oid AND c.relkind IN ('r', 'p', 'f')
LEFT JOIN LATERAL (
    SELECT p.*
    FROM pg_catalog.pg_inherits h
    JOIN watertight.protected_tables p ON p.relation = h.inhparent
    WHERE h.inhrelid = c.oid
    ORDER BY h.inhseqno
    LIMIT 1) AS parent ON true
LEFT JOIN watertight.protected_schemas s ON s.schema = c.relnamespace AND NOT $2
WHERE (parent.relation IS NOT NULL OR s.schema IS NOT NULL)
    AND NOT EXISTS (SELECT FROM watertight.protected_tables p WHERE p.relation = c.oid)
ORDER BY f.depth, c.oid
