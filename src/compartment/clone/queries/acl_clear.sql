-- What default privileges have entered for the copies $2 of the classes $1.
DELETE FROM pg_catalog.pg_shdepend s
USING ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::oid[])) AS u (class, new)
WHERE s.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())
    AND s.classid = u.class AND s.objid = u.new AND s.deptype = 'a'
