-- The roles that the grants name, so that none of them can be dropped: of the classes $1 from the templates $2 to the copies $3.
INSERT INTO pg_catalog.pg_shdepend (dbid, classid, objid, objsubid, refclassid, refobjid, deptype)
SELECT s.dbid, s.classid, u.new, coalesce(n.attnum, 0), s.refclassid, s.refobjid, s.deptype
FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::oid[]), pg_catalog.unnest($3::oid[])) AS u (class, old, new)
JOIN pg_catalog.pg_shdepend s ON s.classid = u.class AND s.objid = u.old AND s.deptype = 'a'
LEFT JOIN pg_catalog.pg_attribute o ON s.objsubid > 0 AND o.attrelid = s.objid AND o.attnum = s.objsubid
LEFT JOIN pg_catalog.pg_attribute n ON n.attrelid = u.new AND n.attname = o.attname
WHERE s.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())
RETURNING refobjid
