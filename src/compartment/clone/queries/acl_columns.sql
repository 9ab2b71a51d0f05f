-- Grants and settings of columns, by name: the template may have dropped columns.
UPDATE pg_catalog.pg_attribute c
SET attacl = o.attacl, attoptions = o.attoptions, attstattarget = o.attstattarget
FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::oid[])) AS u (old, new)
JOIN pg_catalog.pg_attribute o ON o.attrelid = u.old
WHERE c.attrelid = u.new AND c.attname = o.attname AND o.attnum > 0 AND NOT o.attisdropped AND c.attnum > 0
