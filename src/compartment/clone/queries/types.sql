-- The types $2 of the schema $1 as JSON: watertight_core::compartment::template::Type.
-- Analysed with search_path `pg_catalog, pg_temp`, run with the template in front: the functions that print objects leave its
-- name out then. Only functions in C are called, because those in SQL would look up their operators in that path.
SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'oid', t.oid::bigint,
    'relation', t.typrelid::bigint,
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
            'oid', k.oid::bigint, 'name', k.conname,
            'kind', k.contype::text,
            'definition', pg_catalog.pg_get_constraintdef(k.oid),
            'validated', k.convalidated) ORDER BY k.conname)
        FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid), '[]'),
    'attributes', coalesce((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'number', a.attnum, 'name', a.attname,
            'type_name', pg_catalog.format_type(a.atttypid, a.atttypmod),
            'collation', (
                SELECT pg_catalog.format('%I.%I', s.nspname, l.collname)
                FROM pg_catalog.pg_collation l
                JOIN pg_catalog.pg_namespace s ON s.oid = l.collnamespace
                JOIN pg_catalog.pg_type b ON b.oid = a.atttypid
                WHERE l.oid = a.attcollation AND b.typcollation <> a.attcollation)) ORDER BY a.attnum)
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
        FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid)) ORDER BY t.oid)::text
FROM pg_catalog.unnest($2::oid[]) AS u (oid)
JOIN pg_catalog.pg_type t ON t.oid = u.oid
-- Not the arrays and multiranges that come with a type, nor the row types of tables.
WHERE t.typnamespace = $1
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)
    AND t.typtype <> 'm'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind <> 'c')
