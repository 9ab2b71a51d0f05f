-- Follows objects.sql. What is not in the schema.
SELECT DISTINCT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
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
    WHEN 'pg_catalog.pg_proc'::pg_catalog.regclass THEN
        (SELECT p.pronamespace <> $1 FROM pg_catalog.pg_proc p WHERE p.oid = d.objid)
    WHEN 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass THEN
        (SELECT s.stxnamespace <> $1 FROM pg_catalog.pg_statistic_ext s WHERE s.oid = d.objid)
    WHEN 'pg_catalog.pg_operator'::pg_catalog.regclass THEN
        (SELECT o.oprnamespace <> $1 FROM pg_catalog.pg_operator o WHERE o.oid = d.objid)
    WHEN 'pg_catalog.pg_opclass'::pg_catalog.regclass THEN
        (SELECT o.opcnamespace <> $1 FROM pg_catalog.pg_opclass o WHERE o.oid = d.objid)
    WHEN 'pg_catalog.pg_opfamily'::pg_catalog.regclass THEN
        (SELECT o.opfnamespace <> $1 FROM pg_catalog.pg_opfamily o WHERE o.oid = d.objid)
    WHEN 'pg_catalog.pg_ts_config'::pg_catalog.regclass THEN
        (SELECT t.cfgnamespace <> $1 FROM pg_catalog.pg_ts_config t WHERE t.oid = d.objid)
    WHEN 'pg_catalog.pg_ts_dict'::pg_catalog.regclass THEN
        (SELECT t.dictnamespace <> $1 FROM pg_catalog.pg_ts_dict t WHERE t.oid = d.objid)
    WHEN 'pg_catalog.pg_conversion'::pg_catalog.regclass THEN
        (SELECT c.connamespace <> $1 FROM pg_catalog.pg_conversion c WHERE c.oid = d.objid)
    -- They end with what they are about, and nothing is lost by it.
    WHEN 'pg_catalog.pg_cast'::pg_catalog.regclass THEN false
    WHEN 'pg_catalog.pg_amop'::pg_catalog.regclass THEN false
    WHEN 'pg_catalog.pg_amproc'::pg_catalog.regclass THEN false
    WHEN 'pg_catalog.pg_transform'::pg_catalog.regclass THEN false
    WHEN 'pg_catalog.pg_default_acl'::pg_catalog.regclass THEN false
    WHEN 'pg_catalog.pg_publication_rel'::pg_catalog.regclass THEN false
    WHEN 'pg_catalog.pg_publication_namespace'::pg_catalog.regclass THEN false
    ELSE true
END
ORDER BY 1
