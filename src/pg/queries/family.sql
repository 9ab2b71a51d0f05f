-- A relation ($1) and everything below it, parents before children.
WITH RECURSIVE family (oid, depth) AS (
    SELECT $1::pg_catalog.oid, 0
    UNION
    SELECT h.inhrelid, f.depth OPERATOR(pg_catalog.+) 1
    FROM family f
    JOIN pg_catalog.pg_inherits h ON h.inhparent OPERATOR(pg_catalog.=) f.oid
)
SELECT f.oid FROM family f GROUP BY f.oid ORDER BY pg_catalog.max(f.depth), f.oid
