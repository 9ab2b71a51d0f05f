-- Columns and constraints that a table has from its parents only. Copies are made without parents, and get them later, so
-- that columns keep their order: by then each is called the table's own. (Keys of partitions can be inherited further.)
WITH pairs AS (
    SELECT u.old, u.new
    FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::oid[])) AS u (old, new)
), columns AS (
    UPDATE pg_catalog.pg_attribute c SET attislocal = o.attislocal
    FROM pairs u JOIN pg_catalog.pg_attribute o ON o.attrelid = u.old
    WHERE c.attrelid = u.new AND c.attname = o.attname AND o.attnum > 0 AND c.attislocal <> o.attislocal
)
UPDATE pg_catalog.pg_constraint c SET conislocal = o.conislocal, connoinherit = o.connoinherit
FROM pairs u JOIN pg_catalog.pg_constraint o ON o.conrelid = u.old
WHERE c.conrelid = u.new AND c.conname = o.conname
    AND (c.conislocal, c.connoinherit) <> (o.conislocal, o.connoinherit)
