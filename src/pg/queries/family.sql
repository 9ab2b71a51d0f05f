-- A relation ($1) and everything below it, parents before children.
WITH RECURSIVE family (oid, depth) AS (
    SELECT $1::oid, 0
    UNION
    SELECT h.inhrelid, f.depth + 1
    FROM family f
    JOIN pg_catalog.pg_inherits h ON h.inhparent = f.oid
)
SELECT f.oid FROM family f GROUP BY f.oid ORDER BY max(f.depth), f.oid
