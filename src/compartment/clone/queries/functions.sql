-- The functions $2 of the schema $1 as JSON: watertight_core::compartment::template::Function.
-- Analysed with search_path `pg_catalog, pg_temp`, run with the template in front: the functions that print objects leave its
-- name out then. Only functions in C are called, because those in SQL would look up their operators in that path.
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
        FROM pg_catalog.pg_aggregate g WHERE g.aggfnoid = p.oid)) ORDER BY p.oid)::text
FROM pg_catalog.unnest($2::oid[]) AS u (oid)
JOIN pg_catalog.pg_proc p ON p.oid = u.oid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
-- Not the constructors that come with a range type.
WHERE NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend i
    WHERE i.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND i.objid = p.oid AND i.deptype = 'i')
