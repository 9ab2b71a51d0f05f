-- Follows depending.sql. What is not in the schema.
SELECT DISTINCT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
FROM dependants d
WHERE CASE WHEN d.outside IS NOT NULL THEN d.outside ELSE CASE d.classid
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
END END
ORDER BY 1
