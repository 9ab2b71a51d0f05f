-- Tables and views $2 of the schema $1 as JSON: watertight_core::compartment::template::Relation.
-- Analysed with search_path `pg_catalog, pg_temp`, run with the template in front: the functions that print objects leave its
-- name out then. Only functions in C are called, because those in SQL would look up their operators in that path.
SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'oid', c.oid::bigint,
    'name', c.relname,
    'label', pg_catalog.format('%I.%I', n.nspname, c.relname),
    'kind', c.relkind::text,
    'owner', c.relowner::bigint,
    'acl', c.relacl IS NOT NULL,
    'unlogged', c.relpersistence = 'u',
    'options', coalesce(pg_catalog.to_json(c.reloptions), '[]'),
    'toast_options', coalesce((
        SELECT pg_catalog.to_json(t.reloptions) FROM pg_catalog.pg_class t WHERE t.oid = c.reltoastrelid), '[]'),
    'access_method', (SELECT m.amname FROM pg_catalog.pg_am m WHERE m.oid = c.relam),
    'tablespace', (SELECT s.spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = c.reltablespace),
    'partition', c.relispartition,
    'bound', CASE WHEN c.relispartition THEN pg_catalog.pg_get_expr(c.relpartbound, c.oid) END,
    'partition_key', CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END,
    'of_type', CASE WHEN c.reloftype <> 0 THEN pg_catalog.format_type(c.reloftype, NULL) END,
    'replica_identity', c.relreplident::text,
    'row_security', c.relrowsecurity,
    'forced', c.relforcerowsecurity,
    'populated', c.relispopulated,
    'view', CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END,
    'parents', CASE WHEN c.relkind NOT IN ('r', 'p') THEN '[]' ELSE coalesce((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'name', p.relname, 'inside', p.relnamespace = $1,
            'label', pg_catalog.format('%I.%I', s.nspname, p.relname)) ORDER BY h.inhseqno)
        FROM pg_catalog.pg_inherits h
        JOIN pg_catalog.pg_class p ON p.oid = h.inhparent
        JOIN pg_catalog.pg_namespace s ON s.oid = p.relnamespace
        WHERE h.inhrelid = c.oid), '[]') END,
    'outside_partition', CASE WHEN c.relkind = 'p' THEN (
        SELECT pg_catalog.format('%I.%I', s.nspname, p.relname)
        FROM pg_catalog.pg_inherits h
        JOIN pg_catalog.pg_class p ON p.oid = h.inhrelid
        JOIN pg_catalog.pg_namespace s ON s.oid = p.relnamespace
        WHERE h.inhparent = c.oid AND p.relnamespace <> $1
        ORDER BY p.oid LIMIT 1) END,
    'columns', coalesce((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'number', a.attnum, 'name', a.attname,
            'type_name', pg_catalog.format_type(a.atttypid, a.atttypmod),
            'collation', CASE WHEN a.attcollation <> t.typcollation THEN (
                SELECT pg_catalog.format('%I.%I', s.nspname, l.collname)
                FROM pg_catalog.pg_collation l JOIN pg_catalog.pg_namespace s ON s.oid = l.collnamespace
                WHERE l.oid = a.attcollation) END,
            'compression', nullif(a.attcompression::text, ''),
            'storage', CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END,
            'default', pg_catalog.pg_get_expr(d.adbin, d.adrelid),
            'generated', nullif(a.attgenerated::text, ''),
            'identity', nullif(a.attidentity::text, ''),
            'not_null', a.attnotnull,
            'acl', a.attacl IS NOT NULL,
            -- PostgreSQL keeps the version of a column here, too (since 15.20), which is no option and is the column's own.
            'options', coalesce((
                SELECT pg_catalog.json_agg(o.option) FROM pg_catalog.unnest(a.attoptions) AS o (option)
                WHERE NOT pg_catalog.starts_with(o.option, 'pg_attver=')), '[]'),
            'target', coalesce(a.attstattarget, -1) <> -1) ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_catalog.pg_attrdef d ON a.atthasdef AND d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]'),
    'constraints', CASE WHEN c.relkind NOT IN ('r', 'p') THEN '[]' ELSE coalesce((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'oid', k.oid::bigint, 'name', k.conname,
            'kind', k.contype::text,
            'definition', pg_catalog.pg_get_constraintdef(k.oid),
            'validated', k.convalidated,
            'column', CASE WHEN k.contype = 'n' THEN (
                SELECT a.attname FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1]) END,
            'references', CASE WHEN k.contype = 'f' THEN k.confrelid::bigint END,
            -- A foreign key may also rely on a unique index, which comes later than constraints do.
            'on_index', k.contype = 'f' AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_constraint u
                WHERE u.conrelid = k.confrelid AND u.contype IN ('p', 'u') AND u.conindid = k.conindid)) ORDER BY k.contype, k.conname)
        FROM pg_catalog.pg_constraint k
        WHERE k.conrelid = c.oid AND k.contype <> 't'
            -- Those that come with a foreign key of the parent, or with the partitions of the table it references.
            AND NOT (k.contype = 'f' AND EXISTS (
                SELECT FROM pg_catalog.pg_constraint p
                WHERE p.oid = k.conparentid AND (p.conrelid = k.conrelid OR p.conname = k.conname)))), '[]') END,
    'indexes', CASE WHEN NOT c.relhasindex THEN '[]' ELSE coalesce((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'oid', x.oid::bigint,
            'name', x.relname,
            'constraint', k.oid IS NOT NULL,
            'definition', CASE WHEN k.oid IS NULL THEN pg_catalog.pg_get_indexdef(x.oid) END,
            'options', CASE WHEN k.oid IS NOT NULL THEN pg_catalog.to_json(x.reloptions) END,
            'tablespace', (SELECT s.spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = x.reltablespace),
            'clustered', i.indisclustered,
            'replica_identity', i.indisreplident,
            'expressions', i.indexprs IS NOT NULL) ORDER BY x.oid)
        FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        LEFT JOIN pg_catalog.pg_constraint k ON (i.indisunique OR i.indisexclusion) AND k.conrelid = c.oid
            AND k.conindid = x.oid AND k.contype IN ('p', 'u', 'x')
        WHERE i.indrelid = c.oid), '[]') END,
    'triggers', CASE WHEN NOT c.relhastriggers THEN '[]' ELSE coalesce((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'oid', t.oid::bigint, 'name', t.tgname,
            -- Those of partitions come with the parent's.
            'definition', CASE WHEN t.tgparentid = 0 THEN pg_catalog.pg_get_triggerdef(t.oid) END,
            'enabled', nullif(t.tgenabled::text, coalesce(p.tgenabled, 'O')::text)) ORDER BY t.tgname)
        FROM pg_catalog.pg_trigger t
        LEFT JOIN pg_catalog.pg_trigger p ON t.tgparentid <> 0 AND p.oid = t.tgparentid
        WHERE t.tgrelid = c.oid AND (NOT t.tgisinternal OR p.oid IS NOT NULL AND NOT p.tgisinternal)), '[]') END,
    'rules', CASE WHEN NOT c.relhasrules THEN '[]' ELSE coalesce((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'oid', r.oid::bigint, 'name', r.rulename,
            'definition', pg_catalog.pg_get_ruledef(r.oid),
            'enabled', nullif(r.ev_enabled::text, 'O')) ORDER BY r.rulename)
        FROM pg_catalog.pg_rewrite r
        WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN'), '[]') END,
    'policies', coalesce((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'oid', p.oid::bigint, 'name', p.polname,
            'permissive', p.polpermissive,
            'command', p.polcmd::text,
            'roles', (SELECT pg_catalog.json_agg(CASE WHEN r.oid <> 0 THEN pg_catalog.pg_get_userbyid(r.oid) END)
                FROM pg_catalog.unnest(p.polroles) AS r (oid)),
            'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
            'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)) ORDER BY p.polname)
        FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid), '[]'),
    'statistics', coalesce((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'oid', s.oid::bigint, 'name', s.stxname,
            'owner', s.stxowner::bigint,
            'head', pg_catalog.format('%I.%I', n.nspname, s.stxname),
            'definition', pg_catalog.pg_get_statisticsobjdef(s.oid),
            'target', nullif(s.stxstattarget, -1)) ORDER BY s.stxname)
        FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = c.oid AND s.stxnamespace = $1), '[]')) ORDER BY c.oid)::text
FROM pg_catalog.unnest($2::oid[]) AS u (oid)
JOIN pg_catalog.pg_class c ON c.oid = u.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
