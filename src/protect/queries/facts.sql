-- The facts of one relation ($1) as JSON, in the names of watertight_core::protect::TableFacts.
-- Reads catalogs and the registry only; no expression of the user's is evaluated.
WITH sides AS (
    SELECT c.oid, pg_catalog.jsonb_build_object(
        'oid', c.oid::bigint,
        'schema', n.nspname,
        'name', c.relname,
        'owner', c.relowner::bigint,
        'forced', c.relrowsecurity AND c.relforcerowsecurity,
        'tenant', (
            SELECT pg_catalog.jsonb_build_object('column', a.attname, 'type_name', t.typname,
                'shown_type', pg_catalog.format_type(a.atttypid, a.atttypmod), 'compartment', p.compartment_column)
            FROM watertight.protected_tables p
            JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = p.tenant_column
            JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
            WHERE p.relation = c.oid),
        'keys', coalesce((
            SELECT pg_catalog.jsonb_agg((
                SELECT pg_catalog.jsonb_agg(a.attname ORDER BY k.n)
                FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k (n)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.n]))
            FROM pg_catalog.pg_index i
            WHERE i.indrelid = c.oid AND i.indisunique AND i.indimmediate AND i.indisvalid
                AND i.indpred IS NULL AND i.indexprs IS NULL), '[]')) AS side
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid IN (
        SELECT k.conrelid FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND $1 IN (k.conrelid, k.confrelid)
        UNION ALL
        SELECT k.confrelid FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND $1 IN (k.conrelid, k.confrelid))
), foreign_keys AS (
    SELECT k.conrelid, k.confrelid, k.conname, pg_catalog.jsonb_build_object(
        'oid', k.oid::bigint,
        'name', k.conname,
        'child', child.side,
        'parent', parent.side,
        'columns', (
            SELECT pg_catalog.jsonb_agg(a.attname ORDER BY c.n)
            FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS c (attnum, n)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.attnum),
        'referenced', (
            SELECT pg_catalog.jsonb_agg(a.attname ORDER BY c.n)
            FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS c (attnum, n)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = c.attnum),
        'nullable', (
            SELECT NOT pg_catalog.bool_and(a.attnotnull)
            FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)),
        'clears', (
            SELECT NOT pg_catalog.bool_or(a.attnotnull)
            FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = k.conrelid AND a.attnum = ANY (coalesce(k.confdelsetcols, k.conkey))),
        'delete_columns', coalesce((
            SELECT pg_catalog.jsonb_agg(a.attname ORDER BY c.n)
            FROM pg_catalog.unnest(k.confdelsetcols) WITH ORDINALITY AS c (attnum, n)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.attnum), '[]'),
        'sealed', (
            SELECT pg_catalog.bool_or(t.typnamespace = 'watertight'::pg_catalog.regnamespace)
            FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
            WHERE a.attrelid = k.confrelid AND a.attnum = ANY (k.confkey)),
        'index', k.conindid::bigint,
        'match_full', k.confmatchtype = 'f',
        'on_update', k.confupdtype::text,
        'on_delete', k.confdeltype::text,
        'deferrable', k.condeferrable,
        'deferred', k.condeferred,
        'validated', k.convalidated,
        'enforced', coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::boolean, true),
        'temporal', coalesce((pg_catalog.to_jsonb(k) ->> 'conperiod')::boolean, false),
        'inherited', k.conparentid <> 0,
        'comment', pg_catalog.obj_description(k.oid, 'pg_constraint')) AS facts
    FROM pg_catalog.pg_constraint k
    JOIN sides child ON child.oid = k.conrelid
    JOIN sides parent ON parent.oid = k.confrelid
    WHERE k.contype = 'f' AND $1 IN (k.conrelid, k.confrelid)
), indexes AS (
    SELECT c.relname, pg_catalog.jsonb_build_object(
        'oid', c.oid::bigint,
        'name', c.relname,
        'unique', i.indisunique,
        'lists', i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree' AND EXISTS (
            SELECT FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0] AND a.attcollation = i.indcollation[0]),
        'columns', (
            SELECT pg_catalog.jsonb_agg(a.attname ORDER BY k.n)
            FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k (n)
            LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.n]
                AND i.indkey[k.n] <> 0),
        'include', coalesce((
            SELECT pg_catalog.jsonb_agg(a.attname ORDER BY k.n)
            FROM pg_catalog.generate_series(i.indnkeyatts::integer, i.indnatts - 1) AS k (n)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.n]), '[]'),
        'partial', i.indpred IS NOT NULL,
        'nulls_not_distinct', i.indnullsnotdistinct,
        'options', (
            SELECT pg_catalog.string_agg(pg_catalog.format('%I = %L', pg_catalog.split_part(o.o, '=', 1),
                pg_catalog.substr(o.o, pg_catalog.strpos(o.o, '=') + 1)), ', ' ORDER BY o.n)
            FROM pg_catalog.unnest(c.reloptions) WITH ORDINALITY AS o (o, n)),
        'tablespace', (SELECT s.spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = c.reltablespace),
        'replica_identity', i.indisreplident,
        'clustered', i.indisclustered,
        'inherited', EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid),
        'tail', (
            SELECT CASE WHEN pg_catalog.starts_with(d.def, d.head)
                THEN pg_catalog.substr(d.def, pg_catalog.length(d.head) + 1) ELSE '' END
            FROM (SELECT pg_catalog.pg_get_indexdef(c.oid) AS def,
                pg_catalog.format('CREATE %sINDEX %I ON %s%I.%I USING %I (',
                    CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, c.relname,
                    CASE WHEN c.relkind = 'I' THEN 'ONLY ' ELSE '' END, n.nspname, t.relname, m.amname) AS head) AS d),
        'comment', pg_catalog.obj_description(c.oid, 'pg_class'),
        'constraint', (
            SELECT pg_catalog.jsonb_build_object(
                'kind', k.contype::text,
                'deferrable', k.condeferrable,
                'deferred', k.condeferred,
                'temporal', coalesce((pg_catalog.to_jsonb(k) ->> 'conperiod')::boolean, false),
                'equal_columns', coalesce((
                    SELECT pg_catalog.jsonb_agg(a.attname)
                    FROM ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.conexclop)) AS e (attnum, op)
                    JOIN pg_catalog.pg_operator o ON o.oid = e.op AND o.oprname = '='
                    JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = e.attnum), '[]'),
                'comment', pg_catalog.obj_description(k.oid, 'pg_constraint'))
            FROM pg_catalog.pg_constraint k
            WHERE k.conindid = c.oid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x'))) AS facts
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_am m ON m.oid = c.relam
    JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
    WHERE i.indrelid = $1
)
SELECT pg_catalog.jsonb_build_object(
    'oid', c.oid::bigint,
    'schema', n.nspname,
    'name', c.relname,
    'kind', c.relkind::text,
    'temporary', c.relpersistence = 't',
    'typed', c.reloftype <> 0,
    'system', n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast'),
    'extension', (
        SELECT e.extname
        FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.objsubid = 0
            AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'),
    'owner', c.relowner::bigint,
    'partition', c.relispartition,
    'parents', coalesce((
        SELECT pg_catalog.jsonb_agg(h.inhparent::bigint ORDER BY h.inhseqno)
        FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid), '[]'),
    'open_parents', coalesce((
        SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('oid', h.inhparent::bigint,
            'label', pg_catalog.format('"%s.%s"', pn.nspname, pc.relname)) ORDER BY h.inhseqno)
        FROM pg_catalog.pg_inherits h
        JOIN pg_catalog.pg_class pc ON pc.oid = h.inhparent
        JOIN pg_catalog.pg_namespace pn ON pn.oid = pc.relnamespace
        WHERE h.inhrelid = c.oid
            AND NOT EXISTS (SELECT FROM watertight.protected_tables p WHERE p.relation = h.inhparent)), '[]'),
    'row_security', c.relrowsecurity,
    'forced', c.relforcerowsecurity,
    'columns', coalesce((
        SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'name', a.attname,
            'quoted', pg_catalog.quote_ident(a.attname),
            'type_name', CASE WHEN t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace THEN t.typname::text
                WHEN t.typtype = 'b' AND EXISTS (
                    SELECT FROM pg_catalog.pg_cast k
                    WHERE k.castsource = t.oid AND k.casttarget = 'pg_catalog.text'::pg_catalog.regtype
                        AND k.castmethod = 'b') THEN 'citext'
                ELSE pg_catalog.format('%s.%s', tn.nspname, t.typname) END,
            'shown_type', pg_catalog.format_type(a.atttypid, a.atttypmod),
            -- PostgreSQL 18 says attnotnull while the constraint is NOT VALID.
            'not_null', a.attnotnull AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_constraint k
                WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated AND a.attnum = ANY (k.conkey)),
            'default', CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
            'generated', a.attgenerated <> '' OR a.attidentity <> '',
            'deterministic', coalesce(l.collisdeterministic, true)) ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
        LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
        LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]'),
    'policies', coalesce((
        SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'name', p.polname,
            'plain', p.polpermissive AND p.polcmd = '*' AND p.polroles = '{0}',
            'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
            'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)) ORDER BY p.polname)
        FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid), '[]'),
    'indexes', coalesce((SELECT pg_catalog.jsonb_agg(i.facts ORDER BY i.relname) FROM indexes i), '[]'),
    'foreign_keys', coalesce((
        SELECT pg_catalog.jsonb_agg(f.facts ORDER BY f.conname) FROM foreign_keys f WHERE f.conrelid = c.oid), '[]'),
    'referenced_by', coalesce((
        SELECT pg_catalog.jsonb_agg(f.facts ORDER BY f.conname) FROM foreign_keys f WHERE f.confrelid = c.oid), '[]'),
    'creator_trigger', (
        SELECT pg_catalog.jsonb_build_object(
            'column', CASE WHEN t.tgnargs = 1 THEN pg_catalog.convert_from(
                pg_catalog.substr(t.tgargs, 1, pg_catalog.length(t.tgargs) - 1), pg_catalog.getdatabaseencoding()) END,
            'intact', t.tgfoid = p.oid AND t.tgtype = 23 AND t.tgqual IS NULL AND t.tgattr = '' AND t.tgenabled = 'A')
        FROM pg_catalog.pg_trigger t
        LEFT JOIN pg_catalog.pg_proc p ON p.proname = 'record_creator'
            AND p.pronamespace = 'watertight'::pg_catalog.regnamespace AND p.pronargs = 0
        WHERE t.tgrelid = c.oid AND t.tgname = 'watertight_creator'),
    'materialized_views', coalesce((
        WITH RECURSIVE readers (classid, objid) AS (
            SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid, c.oid
            UNION
            SELECT CASE WHEN d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
                    THEN 'pg_catalog.pg_class'::pg_catalog.regclass::oid ELSE d.classid END,
                coalesce(w.ev_class, d.objid)
            FROM readers r
            JOIN pg_catalog.pg_depend d ON d.refclassid = r.classid AND d.refobjid = r.objid
                AND d.classid IN ('pg_catalog.pg_rewrite'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass)
            LEFT JOIN pg_catalog.pg_rewrite w
                ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = d.objid
            WHERE w.ev_class IS NULL OR w.ev_class <> r.objid)
        SELECT pg_catalog.jsonb_agg(m.oid::pg_catalog.regclass::text ORDER BY m.oid::pg_catalog.regclass::text)
        FROM readers r
        JOIN pg_catalog.pg_class m ON m.oid = r.objid AND m.relkind = 'm'
        WHERE r.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND m.oid <> c.oid), '[]'),
    'protected', (
        SELECT pg_catalog.jsonb_build_object('relation', p.relation::oid::bigint, 'tenant_column', p.tenant_column,
            'creator_column', p.creator_column, 'scope_keys', p.scope_keys, 'compartment_column', p.compartment_column)
        FROM watertight.protected_tables p WHERE p.relation = c.oid))
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = $1
