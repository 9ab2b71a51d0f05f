-- What the command has made or changed: kind, schema (for what belongs to a relation, the relation's; null for what is in none),
-- and the relation, if it is one. GRANT and REVOKE, which say nothing here, are looked at before they run.
SELECT c.object_type,
       COALESCE(
           CASE WHEN c.object_type OPERATOR(pg_catalog.=) 'schema' THEN c.object_identity END,
           c.schema_name,
           (SELECT n.nspname::pg_catalog.text
              FROM pg_catalog.pg_class AS r
              JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) r.relnamespace
             WHERE r.oid OPERATOR(pg_catalog.=) CASE c.classid
                 WHEN 'pg_catalog.pg_trigger'::pg_catalog.regclass THEN
                     (SELECT t.tgrelid FROM pg_catalog.pg_trigger AS t WHERE t.oid OPERATOR(pg_catalog.=) c.objid)
                 WHEN 'pg_catalog.pg_policy'::pg_catalog.regclass THEN
                     (SELECT p.polrelid FROM pg_catalog.pg_policy AS p WHERE p.oid OPERATOR(pg_catalog.=) c.objid)
                 WHEN 'pg_catalog.pg_rewrite'::pg_catalog.regclass THEN
                     (SELECT w.ev_class FROM pg_catalog.pg_rewrite AS w WHERE w.oid OPERATOR(pg_catalog.=) c.objid)
                 WHEN 'pg_catalog.pg_attrdef'::pg_catalog.regclass THEN
                     (SELECT d.adrelid FROM pg_catalog.pg_attrdef AS d WHERE d.oid OPERATOR(pg_catalog.=) c.objid)
             END)),
       CASE WHEN c.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass THEN c.objid END
  FROM pg_catalog.pg_event_trigger_ddl_commands() AS c
 WHERE c.command_tag OPERATOR(pg_catalog.<>) ALL (ARRAY['GRANT', 'REVOKE'])
