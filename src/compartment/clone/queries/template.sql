-- The schema $1 as JSON, in the names of watertight_core::compartment::template::Template.
-- Analysed with search_path `pg_catalog, pg_temp`, run with the template in front: the functions that print objects leave its
-- name out then. Only functions in C are called, because those in SQL would look up their operators in that path.
WITH contained AS MATERIALIZED (
    SELECT d.classid, d.objid
    FROM pg_catalog.pg_depend d
    WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = $1 AND d.deptype = 'n'
), relations AS MATERIALIZED (
    SELECT c.*, pg_catalog.format('%I.%I', n.nspname, c.relname) AS label
    FROM contained d
    JOIN pg_catalog.pg_class c ON c.oid = d.objid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
), types AS MATERIALIZED (
    SELECT t.*
    FROM contained d
    JOIN pg_catalog.pg_type t ON t.oid = d.objid
    WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
        -- Not the arrays and multiranges that come with a type, nor the row types of tables.
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)
        AND t.typtype <> 'm'
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind <> 'c')
), functions AS MATERIALIZED (
    SELECT p.*
    FROM contained d
    JOIN pg_catalog.pg_proc p ON p.oid = d.objid
    WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
        -- Not the constructors that come with a range type.
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend i
            WHERE i.classid = d.classid AND i.objid = d.objid AND i.deptype = 'i')
)
SELECT pg_catalog.json_build_object(
    'schema', n.nspname,
    'quoted', pg_catalog.quote_ident(n.nspname),
    'owner', n.nspowner::bigint,
    'acl', n.nspacl IS NOT NULL,
    'version', pg_catalog.current_setting('server_version_num')::integer,
    'roles', (
        SELECT pg_catalog.json_object_agg(r.oid, r.rolname)
        FROM pg_catalog.pg_authid r
        WHERE r.oid IN (
            SELECT n.nspowner UNION ALL SELECT c.relowner FROM relations c UNION ALL SELECT t.typowner FROM types t
            UNION ALL SELECT p.proowner FROM functions p
            UNION ALL SELECT s.stxowner FROM relations c JOIN pg_catalog.pg_statistic_ext s ON s.stxrelid = c.oid)),
    'comment', (SELECT o.description FROM pg_catalog.pg_description o
        WHERE o.objoid = n.oid AND o.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND o.objsubid = 0),
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
        FROM contained d
        WHERE d.classid NOT IN (
                'pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass,
                'pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass,
                'pg_catalog.pg_default_acl'::pg_catalog.regclass,
                'pg_catalog.pg_publication_namespace'::pg_catalog.regclass)
            OR EXISTS (
                SELECT FROM pg_catalog.pg_depend e
                WHERE e.classid = d.classid AND e.objid = d.objid AND e.objsubid = 0 AND e.deptype = 'e')
            OR EXISTS (
                SELECT FROM pg_catalog.pg_seclabel l WHERE l.objoid = d.objid AND l.classoid = d.classid)), '[]'),
    'types', coalesce((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'oid', t.oid::bigint,
            'name', t.typname,
            'kind', CASE WHEN t.typisdefined THEN t.typtype::text ELSE 'p' END,
            'owner', t.typowner::bigint,
            'acl', t.typacl IS NOT NULL,
            'labels', coalesce((
                SELECT pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder)
                FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid), '[]'),
            'base', CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END,
            'collation', (
                SELECT pg_catalog.format('%I.%I', s.nspname, l.collname)
                FROM pg_catalog.pg_collation l
                JOIN pg_catalog.pg_namespace s ON s.oid = l.collnamespace
                JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
                WHERE l.oid = t.typcollation AND b.typcollation <> t.typcollation),
            'default', pg_catalog.pg_get_expr(t.typdefaultbin, 0),
            'not_null', t.typnotnull,
            'constraints', coalesce((
                SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                    'name', k.conname,
                    'kind', k.contype::text,
                    'definition', pg_catalog.pg_get_constraintdef(k.oid),
                    'validated', k.convalidated,
                    'comment', (SELECT o.description FROM pg_catalog.pg_description o WHERE o.objoid = k.oid
                        AND o.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass)) ORDER BY k.conname)
                FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid), '[]'),
            'attributes', coalesce((
                SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                    'name', a.attname,
                    'type_name', pg_catalog.format_type(a.atttypid, a.atttypmod),
                    'collation', (
                        SELECT pg_catalog.format('%I.%I', s.nspname, l.collname)
                        FROM pg_catalog.pg_collation l
                        JOIN pg_catalog.pg_namespace s ON s.oid = l.collnamespace
                        JOIN pg_catalog.pg_type b ON b.oid = a.atttypid
                        WHERE l.oid = a.attcollation AND b.typcollation <> a.attcollation),
                    'comment', (SELECT o.description FROM pg_catalog.pg_description o WHERE o.objoid = t.typrelid
                        AND o.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.objsubid = a.attnum)) ORDER BY a.attnum)
                FROM pg_catalog.pg_attribute a
                WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '[]'),
            'range', (
                SELECT pg_catalog.json_build_object(
                    'subtype', pg_catalog.format_type(r.rngsubtype, NULL),
                    'opclass', (SELECT pg_catalog.format('%I.%I', s.nspname, c.opcname)
                        FROM pg_catalog.pg_opclass c JOIN pg_catalog.pg_namespace s ON s.oid = c.opcnamespace
                        WHERE c.oid = r.rngsubopc),
                    'collation', (SELECT pg_catalog.format('%I.%I', s.nspname, l.collname)
                        FROM pg_catalog.pg_collation l JOIN pg_catalog.pg_namespace s ON s.oid = l.collnamespace
                        WHERE l.oid = r.rngcollation),
                    'canonical', r.rngcanonical <> 0,
                    'difference', (
                        SELECT CASE p.pronamespace WHEN $1 THEN pg_catalog.quote_ident(p.proname)
                            ELSE pg_catalog.format('%I.%I', s.nspname, p.proname) END
                        FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace s ON s.oid = p.pronamespace
                        WHERE p.oid = r.rngsubdiff),
                    'multirange', (SELECT m.typname FROM pg_catalog.pg_type m WHERE m.oid = r.rngmultitypid))
                FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid),
            'comment', (SELECT o.description FROM pg_catalog.pg_description o WHERE o.objoid = t.oid
                AND o.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass)) ORDER BY t.oid)
        FROM types t), '[]'),
    'functions', coalesce((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'oid', p.oid::bigint,
            'name', p.proname,
            'kind', p.prokind::text,
            'owner', p.proowner::bigint,
            'acl', p.proacl IS NOT NULL,
            'signature', pg_catalog.format('%I(%s)', p.proname, coalesce((
                SELECT pg_catalog.string_agg(pg_catalog.format_type(a.type, NULL), ', ' ORDER BY a.n)
                FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY AS a (type, n)), '')),
            'head', pg_catalog.format('%I.%I(', n.nspname, p.proname),
            'definition', CASE WHEN p.prokind <> 'a' THEN pg_catalog.pg_get_functiondef(p.oid) END,
            'settings', coalesce(pg_catalog.to_json(p.proconfig), '[]'),
            -- What only a superuser may define.
            'superuser', p.proleakproof OR p.prosupport <> 0
                OR (p.prokind <> 'a' AND NOT (SELECT l.lanpltrusted FROM pg_catalog.pg_language l WHERE l.oid = p.prolang))
                OR EXISTS (
                    SELECT FROM pg_catalog.pg_aggregate g
                    WHERE g.aggfnoid = p.oid AND 'pg_catalog.internal'::pg_catalog.regtype IN (g.aggtranstype, g.aggmtranstype)),
            'aggregate', (
                SELECT pg_catalog.json_build_object(
                    'arguments', pg_catalog.pg_get_function_arguments(p.oid),
                    'kind', g.aggkind::text,
                    'numbers', pg_catalog.json_build_object('SSPACE', g.aggtransspace, 'MSSPACE', g.aggmtransspace),
                    'types', pg_catalog.json_build_object(
                        'STYPE', pg_catalog.format_type(g.aggtranstype, NULL),
                        'MSTYPE', CASE WHEN g.aggmtranstype <> 0 THEN pg_catalog.format_type(g.aggmtranstype, NULL) END),
                    'texts', pg_catalog.json_build_object('INITCOND', g.agginitval, 'MINITCOND', g.aggminitval),
                    'extra', g.aggfinalextra,
                    'moving_extra', g.aggmfinalextra,
                    'modify', g.aggfinalmodify::text,
                    'moving_modify', g.aggmfinalmodify::text,
                    'parallel', p.proparallel::text,
                    'sort', (SELECT pg_catalog.format('OPERATOR(%I.%s)', s.nspname, o.oprname)
                        FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace s ON s.oid = o.oprnamespace
                        WHERE o.oid = g.aggsortop),
                    'functions', (
                        SELECT pg_catalog.json_object_agg(f.option, CASE q.pronamespace WHEN $1 THEN pg_catalog.quote_ident(q.proname)
                            ELSE pg_catalog.format('%I.%I', s.nspname, q.proname) END)
                        FROM (VALUES ('SFUNC', g.aggtransfn::oid), ('FINALFUNC', g.aggfinalfn::oid),
                            ('COMBINEFUNC', g.aggcombinefn::oid), ('SERIALFUNC', g.aggserialfn::oid),
                            ('DESERIALFUNC', g.aggdeserialfn::oid), ('MSFUNC', g.aggmtransfn::oid),
                            ('MINVFUNC', g.aggminvtransfn::oid), ('MFINALFUNC', g.aggmfinalfn::oid)) AS f (option, oid)
                        JOIN pg_catalog.pg_proc q ON q.oid = f.oid
                        JOIN pg_catalog.pg_namespace s ON s.oid = q.pronamespace))
                FROM pg_catalog.pg_aggregate g WHERE g.aggfnoid = p.oid),
            'comment', (SELECT o.description FROM pg_catalog.pg_description o WHERE o.objoid = p.oid
                AND o.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass)) ORDER BY p.oid)
        FROM functions p), '[]'),
    'sequences', coalesce((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'oid', c.oid::bigint,
            'name', c.relname,
            'owner', c.relowner::bigint,
            'acl', c.relacl IS NOT NULL,
            'unlogged', c.relpersistence = 'u',
            'type_name', pg_catalog.format_type(q.seqtypid, NULL),
            'start', q.seqstart, 'increment', q.seqincrement, 'minimum', q.seqmin, 'maximum', q.seqmax,
            'cache', q.seqcache, 'cycle', q.seqcycle,
            'column', own.attribute,
            'table', own.relation,
            'identity', coalesce(own.identity, false),
            'comment', (SELECT o.description FROM pg_catalog.pg_description o WHERE o.objoid = c.oid
                AND o.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.objsubid = 0)) ORDER BY c.oid)
        FROM relations c
        JOIN pg_catalog.pg_sequence q ON q.seqrelid = c.oid
        LEFT JOIN LATERAL (
            SELECT d.refobjid::bigint AS relation, a.attname AS attribute, d.deptype = 'i' AS identity
            FROM pg_catalog.pg_depend d
            JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.objsubid = 0
                AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')) own ON true
        WHERE c.relkind = 'S'), '[]'),
    'relations', coalesce((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'oid', c.oid::bigint,
            'name', c.relname,
            'label', c.label,
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
                    'name', a.attname,
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
                    'settings', a.attoptions IS NOT NULL OR coalesce(a.attstattarget, -1) <> -1,
                    'comment', (SELECT o.description FROM pg_catalog.pg_description o WHERE o.objoid = c.oid
                        AND o.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.objsubid = a.attnum)) ORDER BY a.attnum)
                FROM pg_catalog.pg_attribute a
                JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                LEFT JOIN pg_catalog.pg_attrdef d ON a.atthasdef AND d.adrelid = a.attrelid AND d.adnum = a.attnum
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]'),
            'constraints', CASE WHEN c.relkind NOT IN ('r', 'p') THEN '[]' ELSE coalesce((
                SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                    'name', k.conname,
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
                        WHERE u.conrelid = k.confrelid AND u.contype IN ('p', 'u') AND u.conindid = k.conindid),
                    'comment', (SELECT o.description FROM pg_catalog.pg_description o WHERE o.objoid = k.oid
                        AND o.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass)) ORDER BY k.contype, k.conname)
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
                    'expressions', i.indexprs IS NOT NULL,
                    'comment', (SELECT o.description FROM pg_catalog.pg_description o WHERE o.objoid = x.oid
                        AND o.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.objsubid = 0)) ORDER BY x.oid)
                FROM pg_catalog.pg_index i
                JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
                LEFT JOIN pg_catalog.pg_constraint k ON (i.indisunique OR i.indisexclusion) AND k.conrelid = c.oid
                    AND k.conindid = x.oid AND k.contype IN ('p', 'u', 'x')
                WHERE i.indrelid = c.oid), '[]') END,
            'triggers', CASE WHEN NOT c.relhastriggers THEN '[]' ELSE coalesce((
                SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                    'name', t.tgname,
                    -- Those of partitions come with the parent's.
                    'definition', CASE WHEN t.tgparentid = 0 THEN pg_catalog.pg_get_triggerdef(t.oid) END,
                    'enabled', nullif(t.tgenabled::text, coalesce(p.tgenabled, 'O')::text),
                    'comment', (SELECT o.description FROM pg_catalog.pg_description o WHERE o.objoid = t.oid
                        AND o.classoid = 'pg_catalog.pg_trigger'::pg_catalog.regclass)) ORDER BY t.tgname)
                FROM pg_catalog.pg_trigger t
                LEFT JOIN pg_catalog.pg_trigger p ON t.tgparentid <> 0 AND p.oid = t.tgparentid
                WHERE t.tgrelid = c.oid AND (NOT t.tgisinternal OR p.oid IS NOT NULL AND NOT p.tgisinternal)), '[]') END,
            'rules', CASE WHEN NOT c.relhasrules THEN '[]' ELSE coalesce((
                SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                    'name', r.rulename,
                    'definition', pg_catalog.pg_get_ruledef(r.oid),
                    'enabled', nullif(r.ev_enabled::text, 'O'),
                    'comment', (SELECT o.description FROM pg_catalog.pg_description o WHERE o.objoid = r.oid
                        AND o.classoid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass)) ORDER BY r.rulename)
                FROM pg_catalog.pg_rewrite r
                WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN'), '[]') END,
            'policies', coalesce((
                SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                    'name', p.polname,
                    'permissive', p.polpermissive,
                    'command', p.polcmd::text,
                    'roles', (SELECT pg_catalog.json_agg(CASE WHEN r.oid <> 0 THEN pg_catalog.pg_get_userbyid(r.oid) END)
                        FROM pg_catalog.unnest(p.polroles) AS r (oid)),
                    'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
                    'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid),
                    'comment', (SELECT o.description FROM pg_catalog.pg_description o WHERE o.objoid = p.oid
                        AND o.classoid = 'pg_catalog.pg_policy'::pg_catalog.regclass)) ORDER BY p.polname)
                FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid), '[]'),
            'statistics', coalesce((
                SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                    'name', s.stxname,
                    'owner', s.stxowner::bigint,
                    'head', pg_catalog.format('%I.%I', n.nspname, s.stxname),
                    'definition', pg_catalog.pg_get_statisticsobjdef(s.oid),
                    'target', nullif(s.stxstattarget, -1),
                    'comment', (SELECT o.description FROM pg_catalog.pg_description o WHERE o.objoid = s.oid
                        AND o.classoid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass)) ORDER BY s.stxname)
                FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = c.oid AND s.stxnamespace = $1), '[]'),
            'comment', (SELECT o.description FROM pg_catalog.pg_description o WHERE o.objoid = c.oid
                AND o.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.objsubid = 0)) ORDER BY c.oid)
        FROM relations c WHERE c.relkind <> 'S'), '[]'))::text
FROM pg_catalog.pg_namespace n
WHERE n.oid = $1
