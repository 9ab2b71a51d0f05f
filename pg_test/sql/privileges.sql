-- What everybody may call, and that nothing else may be called. A new object has to be added here on purpose.
-- (PostgreSQL 16 began to quote "json".)
SELECT replace(p.oid::regprocedure::text, '"', '') AS everybody_may_call
  FROM pg_proc AS p
 WHERE p.pronamespace = 'watertight'::regnamespace AND has_function_privilege('public', p.oid, 'EXECUTE')
 ORDER BY replace(p.oid::regprocedure::text, '"', '') COLLATE "C";
SELECT p.oid::regprocedure AS administrators_may_call
  FROM pg_proc AS p
 WHERE p.pronamespace = 'watertight'::regnamespace
   AND has_function_privilege('watertight_admin', p.oid, 'EXECUTE')
   AND NOT has_function_privilege('public', p.oid, 'EXECUTE')
 ORDER BY p.oid::regprocedure::text COLLATE "C";
SELECT c.oid::regclass AS relation_everybody_may_read, c.relrowsecurity AS under_row_security
  FROM pg_class AS c
 WHERE c.relnamespace = 'watertight'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'S')
   AND has_table_privilege('public', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER');
SELECT c.oid::regclass AS relation_everybody_may_write
  FROM pg_class AS c
 WHERE c.relnamespace = 'watertight'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'S')
   AND has_table_privilege('public', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER');
-- SECURITY DEFINER without a pinned search_path.
SELECT p.oid::regprocedure AS definer_without_search_path
  FROM pg_proc AS p
 WHERE p.pronamespace = 'watertight'::regnamespace AND p.prosecdef
   AND NOT coalesce(p.proconfig @> '{"search_path=pg_catalog, pg_temp"}', false);
-- What row security relies on.
SELECT p.oid::regprocedure, p.provolatile, p.proleakproof, p.proparallel, p.proisstrict
  FROM pg_proc AS p
 WHERE p.pronamespace = 'watertight'::regnamespace
   AND p.proname IN ('tenant_id', 'tenant', 'tenant_key', 'visible', 'writable', 'begin')
 ORDER BY p.oid::regprocedure::text COLLATE "C";
-- Everything in the schema belongs to the extension, and is dumped by it where it holds data.
SELECT count(*) AS objects_outside_the_extension
  FROM pg_class AS c
 WHERE c.relnamespace = 'watertight'::regnamespace AND c.relkind = 'r'
   AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e');
SELECT array_agg(relation::regclass::text ORDER BY relation::regclass::text COLLATE "C") AS dumped
  FROM pg_extension, unnest(extconfig) AS relation WHERE extname = 'watertight';
