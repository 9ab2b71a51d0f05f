-- Grants and statistics targets of columns, by name: the template may have dropped columns. (Their options also hold the version
-- of the column since 15.20, which is its own; so those are set by ALTER TABLE.)
UPDATE pg_catalog.pg_attribute c
SET attacl = o.attacl, attstattarget = o.attstattarget
FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::oid[])) AS u (old, new)
JOIN pg_catalog.pg_attribute o ON o.attrelid = u.old
WHERE c.attrelid = u.new AND c.attname = o.attname AND o.attnum > 0 AND NOT o.attisdropped AND c.attnum > 0
