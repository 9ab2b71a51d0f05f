-- Tables and schemas that a command dropped, the latter with their names. (Only inside an event trigger on sql_drop.)
SELECT d.objid, CASE d.classid WHEN 'pg_catalog.pg_namespace'::pg_catalog.regclass THEN d.object_name END
FROM pg_catalog.pg_event_trigger_dropped_objects() d
WHERE d.objsubid = 0 AND NOT d.is_temporary
    AND d.classid IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_namespace'::pg_catalog.regclass)
