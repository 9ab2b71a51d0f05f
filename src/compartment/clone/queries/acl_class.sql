UPDATE pg_catalog.pg_class c SET relacl = o.relacl
FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::oid[])) AS u (old, new)
JOIN pg_catalog.pg_class o ON o.oid = u.old
WHERE c.oid = u.new
