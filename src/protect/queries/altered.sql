-- The schemas a command altered. (Only inside an event trigger on ddl_command_end.)
SELECT d.objid
FROM pg_catalog.pg_event_trigger_ddl_commands() d
WHERE d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.command_tag = 'ALTER SCHEMA'
