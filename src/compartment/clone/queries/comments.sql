-- The comments of the objects $1 (and others with the same oids) and of their columns as JSON:
-- watertight_core::compartment::template::Comment.
SELECT pg_catalog.json_agg(pg_catalog.json_build_object('class', c.relname, 'oid', d.objoid::bigint, 'part', d.objsubid,
    'text', d.description))::text
FROM pg_catalog.pg_description d
JOIN pg_catalog.pg_class c ON c.oid = d.classoid
WHERE d.objoid = ANY ($1)
