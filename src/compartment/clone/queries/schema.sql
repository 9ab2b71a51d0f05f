-- The schema $1 as JSON, in the names of watertight_core::compartment::template::Template, without what is in it.
SELECT pg_catalog.json_build_object(
    'oid', n.oid::bigint,
    'schema', n.nspname,
    'owner', n.nspowner::bigint,
    'acl', n.nspacl IS NOT NULL,
    'version', pg_catalog.current_setting('server_version_num')::integer,
    'default_privileges', EXISTS (SELECT FROM pg_catalog.pg_default_acl a WHERE a.defaclnamespace = 0),
    'defaults', coalesce((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'role', a.defaclrole::bigint,
            'kind', a.defaclobjtype::text,
            'grantee', CASE WHEN e.grantee <> 0 THEN pg_catalog.pg_get_userbyid(e.grantee) END,
            'privilege', e.privilege_type,
            'grantable', e.is_grantable))
        FROM pg_catalog.pg_default_acl a, pg_catalog.aclexplode(a.defaclacl) e
        WHERE a.defaclnamespace = n.oid), '[]'),
    'unsupported', coalesce((
        SELECT pg_catalog.json_agg(pg_catalog.pg_describe_object(d.classid, d.objid, 0) ORDER BY d.classid, d.objid)
        FROM pg_catalog.pg_depend d
        WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = n.oid AND d.deptype = 'n'
            AND (d.classid NOT IN (
                    'pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass,
                    'pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass,
                    'pg_catalog.pg_default_acl'::pg_catalog.regclass,
                    'pg_catalog.pg_publication_namespace'::pg_catalog.regclass)
                OR EXISTS (
                    SELECT FROM pg_catalog.pg_depend e
                    WHERE e.classid = d.classid AND e.objid = d.objid AND e.objsubid = 0 AND e.deptype = 'e')
                OR EXISTS (
                    SELECT FROM pg_catalog.pg_seclabel l WHERE l.objoid = d.objid AND l.classoid = d.classid))), '[]'))::text
FROM pg_catalog.pg_namespace n
WHERE n.oid = $1
