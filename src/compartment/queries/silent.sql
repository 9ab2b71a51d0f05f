-- For those of the relations $1 of which ANALYZE or autovacuum would keep values: the owner, and the command that ends this.
SELECT c.relowner, 'ALTER TABLE ONLY ' OPERATOR(pg_catalog.||) c.oid::pg_catalog.regclass::pg_catalog.text OPERATOR(pg_catalog.||) ' '
       OPERATOR(pg_catalog.||) pg_catalog.string_agg(part.what, ', ')
  FROM pg_catalog.pg_class AS c,
       LATERAL (SELECT 'ALTER COLUMN ' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(a.attname)
                       OPERATOR(pg_catalog.||) ' SET STATISTICS 0' AS what
                  FROM pg_catalog.pg_attribute AS a
                 WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0
                   AND NOT a.attisdropped AND a.attstattarget IS DISTINCT FROM 0
                UNION ALL
                SELECT 'SET (autovacuum_enabled = false)'
                 WHERE c.relkind OPERATOR(pg_catalog.=) 'r'
                   AND NOT COALESCE(c.reloptions OPERATOR(pg_catalog.@>) ARRAY['autovacuum_enabled=false'], false)) AS part
 WHERE c.oid OPERATOR(pg_catalog.=) ANY ($1) AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p']::pg_catalog."char"[])
 GROUP BY c.oid, c.relowner
UNION ALL
-- Only columns of an index that are expressions have statistics of their own.
SELECT c.relowner, 'ALTER INDEX ' OPERATOR(pg_catalog.||) c.oid::pg_catalog.regclass::pg_catalog.text OPERATOR(pg_catalog.||) ' '
       OPERATOR(pg_catalog.||) pg_catalog.string_agg(
           'ALTER COLUMN ' OPERATOR(pg_catalog.||) a.attnum::pg_catalog.text OPERATOR(pg_catalog.||) ' SET STATISTICS 0', ', ')
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_index AS i ON i.indexrelid OPERATOR(pg_catalog.=) c.oid
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) c.oid
   AND i.indkey[a.attnum OPERATOR(pg_catalog.-) 1] OPERATOR(pg_catalog.=) 0 AND a.attstattarget IS DISTINCT FROM 0
 WHERE c.oid OPERATOR(pg_catalog.=) ANY ($1)
 GROUP BY c.oid, c.relowner
