-- Registered tables and schemas among what a command dropped. (Only inside an event trigger on sql_drop.)
SELECT d.objid, d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
FROM pg_catalog.pg_event_trigger_dropped_objects() d
WHERE d.objsubid = 0 AND NOT d.is_temporary
    AND CASE d.classid
        WHEN 'pg_catalog.pg_class'::pg_catalog.regclass
            THEN EXISTS (SELECT FROM watertight.protected_tables p WHERE p.relation = d.objid)
        WHEN 'pg_catalog.pg_namespace'::pg_catalog.regclass
            THEN EXISTS (SELECT FROM watertight.protected_schemas s WHERE s.schema = d.objid)
        ELSE false END
