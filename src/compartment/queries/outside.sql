-- How many views outside of schema $1 read a relation in it.
SELECT pg_catalog.count(*)
  FROM pg_catalog.pg_depend AS d
  JOIN pg_catalog.pg_class AS inside
       ON d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
       AND d.refobjid OPERATOR(pg_catalog.=) inside.oid AND inside.relnamespace OPERATOR(pg_catalog.=) $1
  JOIN pg_catalog.pg_rewrite AS rule
       ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid OPERATOR(pg_catalog.=) rule.oid
  JOIN pg_catalog.pg_class AS outside
       ON rule.ev_class OPERATOR(pg_catalog.=) outside.oid AND outside.relnamespace OPERATOR(pg_catalog.<>) $1
