-- What the command has dropped: the schema it lay in (or was; for what belongs to a relation, the relation's), and whether it was
-- temporary. What goes along with something else is looked at where it lies as well.
SELECT COALESCE(
           CASE WHEN d.object_type OPERATOR(pg_catalog.=) 'schema' THEN d.object_name END,
           d.schema_name,
           CASE WHEN pg_catalog.cardinality(d.address_names) OPERATOR(pg_catalog.>=) 3 THEN d.address_names[1] END),
       d.is_temporary
  FROM pg_catalog.pg_event_trigger_dropped_objects() AS d
 WHERE d.original
    -- A table's TOAST table lies elsewhere, and goes with it.
    OR d.schema_name OPERATOR(pg_catalog.<>) 'pg_toast' OR d.object_type OPERATOR(pg_catalog.=) 'schema'
