-- The first trigger that a command made on a relation of somebody else. (Only inside an event trigger on ddl_command_end.)
SELECT pg_catalog.format('%s.%s', n.nspname, c.relname)
FROM pg_catalog.pg_event_trigger_ddl_commands() d
JOIN pg_catalog.pg_trigger t ON t.oid = d.objid
JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass
    AND NOT pg_catalog.pg_has_role(CURRENT_USER, c.relowner, 'USAGE')
LIMIT 1
