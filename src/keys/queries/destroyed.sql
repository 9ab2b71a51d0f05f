SELECT NOT EXISTS (
           SELECT FROM watertight.tenant_keys AS t
            WHERE t.state OPERATOR(pg_catalog.<>) 'destroyed'
              AND (t.id OPERATOR(pg_catalog.=) ANY (n.ids)
                   OR (c.compartment_id IS NULL AND t.tenant_id OPERATOR(pg_catalog.=) c.tenant_id)))
   AND NOT EXISTS (
           SELECT FROM watertight.data_keys AS d
            WHERE d.state OPERATOR(pg_catalog.<>) 'destroyed'
              AND (d.id OPERATOR(pg_catalog.=) ANY (n.ids)
                   OR (d.tenant_id OPERATOR(pg_catalog.=) c.tenant_id
                       AND (c.compartment_id IS NULL OR d.compartment_id OPERATOR(pg_catalog.=) c.compartment_id))))
   -- A key without a row went with its tenant, or was an ephemeral compartment's.
   AND NOT EXISTS (
           SELECT FROM pg_catalog.jsonb_array_elements(c.keys) AS k (key)
            WHERE (k.key OPERATOR(pg_catalog.->>) 'compartment') IS NULL
              AND EXISTS (SELECT FROM watertight.tenants AS w WHERE w.id OPERATOR(pg_catalog.=) c.tenant_id)
              AND NOT EXISTS (
                      SELECT FROM watertight.tenant_keys AS t
                       WHERE t.id OPERATOR(pg_catalog.=) (k.key OPERATOR(pg_catalog.->>) 'id')::pg_catalog.int8)
              AND NOT EXISTS (
                      SELECT FROM watertight.data_keys AS d
                       WHERE d.id OPERATOR(pg_catalog.=) (k.key OPERATOR(pg_catalog.->>) 'id')::pg_catalog.int8))
  FROM watertight.key_certificates AS c
 CROSS JOIN LATERAL (
       SELECT ARRAY(SELECT (k.key OPERATOR(pg_catalog.->>) 'id')::pg_catalog.int8
                      FROM pg_catalog.jsonb_array_elements(c.keys) AS k (key)) AS ids) AS n
 WHERE c.id OPERATOR(pg_catalog.=) $1
