-- The relations and composite types a command made or changed: oid, kind, whether an extension made it, schema, row type. (Only inside an event trigger on ddl_command_end.)
SELECT DISTINCT c.oid, c.relkind::text, d.in_extension, CASE WHEN c.relpersistence <> 't' THEN c.relnamespace END, c.reltype
FROM pg_catalog.pg_event_trigger_ddl_commands() d
JOIN pg_catalog.pg_class c ON c.oid = d.objid
WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.relkind IN ('r', 'p', 'f', 'm', 'v', 'c')
