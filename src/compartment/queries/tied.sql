-- How one of the relations $1 is tied to one of another schema, if it is.
SELECT tie.what
  FROM (SELECT 'inherit from, or be inherited by,' AS what, i.inhrelid AS one, i.inhparent AS other
          FROM pg_catalog.pg_inherits AS i
         WHERE i.inhrelid OPERATOR(pg_catalog.=) ANY ($1) OR i.inhparent OPERATOR(pg_catalog.=) ANY ($1)
        UNION ALL
        SELECT 'reference', k.conrelid, k.confrelid
          FROM pg_catalog.pg_constraint AS k
         WHERE k.contype OPERATOR(pg_catalog.=) 'f'
           AND (k.conrelid OPERATOR(pg_catalog.=) ANY ($1) OR k.confrelid OPERATOR(pg_catalog.=) ANY ($1))) AS tie
  JOIN pg_catalog.pg_class AS a ON a.oid OPERATOR(pg_catalog.=) tie.one
  JOIN pg_catalog.pg_class AS b ON b.oid OPERATOR(pg_catalog.=) tie.other
 WHERE a.relnamespace OPERATOR(pg_catalog.<>) b.relnamespace
 LIMIT 1
