UPDATE pg_catalog.pg_attribute a SET attstattarget = 0
WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped
