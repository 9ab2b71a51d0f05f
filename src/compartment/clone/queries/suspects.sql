-- Follows objects.sql. Whether dependants.sql, which costs more to plan, has to be asked: is there a dependant that is not in
-- the schema, or of a kind that is not looked at here?
SELECT true
FROM dependants d
WHERE CASE d.classid
    WHEN 'pg_catalog.pg_class'::pg_catalog.regclass THEN
        (SELECT c.relnamespace <> $1 AND c.relkind <> 't' FROM pg_catalog.pg_class c WHERE c.oid = d.objid)
    WHEN 'pg_catalog.pg_attrdef'::pg_catalog.regclass THEN
        (SELECT c.relnamespace <> $1 FROM pg_catalog.pg_attrdef a JOIN pg_catalog.pg_class c ON c.oid = a.adrelid
         WHERE a.oid = d.objid)
    WHEN 'pg_catalog.pg_constraint'::pg_catalog.regclass THEN
        (SELECT k.connamespace <> $1 FROM pg_catalog.pg_constraint k WHERE k.oid = d.objid)
    WHEN 'pg_catalog.pg_type'::pg_catalog.regclass THEN
        (SELECT t.typnamespace <> $1 FROM pg_catalog.pg_type t WHERE t.oid = d.objid)
    WHEN 'pg_catalog.pg_rewrite'::pg_catalog.regclass THEN
        (SELECT c.relnamespace <> $1 FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
         WHERE r.oid = d.objid)
    WHEN 'pg_catalog.pg_trigger'::pg_catalog.regclass THEN
        (SELECT c.relnamespace <> $1 FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
         WHERE t.oid = d.objid)
    WHEN 'pg_catalog.pg_policy'::pg_catalog.regclass THEN
        (SELECT c.relnamespace <> $1 FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
         WHERE p.oid = d.objid)
    ELSE true
END
LIMIT 1
