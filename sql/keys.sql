-- Keys. Backends read these tables by column number (src/keys): a new column goes last. What is wrapped is nobody's to read but the
-- owner's of the extension; administrators have watertight.keys.

CREATE TABLE watertight.master_keys (
    version     integer NOT NULL CONSTRAINT master_keys_pkey PRIMARY KEY,
    -- Null: a key management service has it, under this name.
    check_value text COLLATE "C",
    name        text COLLATE "C",
    first_used  timestamptz NOT NULL DEFAULT pg_catalog.now(),
    -- Every tenant key is being wrapped again, by this one.
    rotating    boolean NOT NULL DEFAULT false,
    CONSTRAINT master_keys_kind_check CHECK ((check_value IS NULL) OPERATOR(pg_catalog.<>) (name IS NULL))
);
CREATE UNIQUE INDEX master_keys_name_key ON watertight.master_keys (name);
COMMENT ON TABLE watertight.master_keys IS
    'The versions of the master key that were used here, and how they are recognised. The key itself is not in the database.';

CREATE TABLE watertight.tenant_keys (
    id             bigint NOT NULL CONSTRAINT tenant_keys_pkey PRIMARY KEY
                   CONSTRAINT tenant_keys_id_check CHECK (id OPERATOR(pg_catalog.>) 0),
    -- The nil uuid for the installation's own.
    tenant_id      uuid NOT NULL,
    version        integer NOT NULL,
    state          text COLLATE "C" NOT NULL DEFAULT 'active',
    -- What wraps it. No foreign key: rows are restored in any order.
    master_version integer NOT NULL,
    wrapped        bytea,
    check_value    text COLLATE "C" NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    destroyed_at   timestamptz,
    CONSTRAINT tenant_keys_version_key UNIQUE (tenant_id, version),
    CONSTRAINT tenant_keys_state_check CHECK (state OPERATOR(pg_catalog.=) ANY (ARRAY['active', 'destroyed'])),
    CONSTRAINT tenant_keys_wrapped_check
        CHECK ((state OPERATOR(pg_catalog.=) 'destroyed') OPERATOR(pg_catalog.=) (wrapped IS NULL))
);
CREATE UNIQUE INDEX tenant_keys_active_key ON watertight.tenant_keys (tenant_id)
    WHERE state OPERATOR(pg_catalog.=) 'active';
CREATE INDEX tenant_keys_master_version_idx ON watertight.tenant_keys (master_version)
    WHERE state OPERATOR(pg_catalog.=) 'active';
COMMENT ON TABLE watertight.tenant_keys IS 'The keys that wrap tenants'' data keys, wrapped by the master key.';

CREATE TABLE watertight.data_keys (
    id                 bigint NOT NULL CONSTRAINT data_keys_pkey PRIMARY KEY
                       CONSTRAINT data_keys_id_check CHECK (id OPERATOR(pg_catalog.>) 0),
    purpose            text COLLATE "C" NOT NULL
                       CONSTRAINT data_keys_purpose_check
                       CHECK (purpose OPERATOR(pg_catalog.=) ANY (ARRAY['data', 'index', 'signing'])),
    tenant_id          uuid NOT NULL,
    -- The nil uuid for Global.
    compartment_id     uuid NOT NULL,
    state              text COLLATE "C" NOT NULL DEFAULT 'active'
                       CONSTRAINT data_keys_state_check
                       CHECK (state OPERATOR(pg_catalog.=) ANY (ARRAY['active', 'retired', 'destroyed'])),
    -- The version of the tenant's key that wraps it.
    tenant_key_version integer NOT NULL,
    wrapped            bytea,
    -- So many values at most have been sealed with it.
    reserved           bigint NOT NULL DEFAULT 0,
    check_value        text COLLATE "C" NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    retired_at         timestamptz,
    destroyed_at       timestamptz,
    CONSTRAINT data_keys_wrapped_check
        CHECK ((state OPERATOR(pg_catalog.=) 'destroyed') OPERATOR(pg_catalog.=) (wrapped IS NULL))
);
CREATE UNIQUE INDEX data_keys_active_key ON watertight.data_keys (tenant_id, compartment_id, purpose)
    WHERE state OPERATOR(pg_catalog.=) 'active';
CREATE INDEX data_keys_tenant_id_idx ON watertight.data_keys (tenant_id, compartment_id);
COMMENT ON TABLE watertight.data_keys IS
    'The keys that values are sealed with, and those of their blind indexes, wrapped by tenants'' keys.';

CREATE TABLE watertight.key_certificates (
    id             uuid NOT NULL CONSTRAINT key_certificates_pkey PRIMARY KEY,
    tenant_id      uuid NOT NULL,
    tenant         text COLLATE "C" NOT NULL,
    -- Null for all of the tenant.
    compartment_id uuid,
    compartment    text COLLATE "C",
    reason         text COLLATE "C" NOT NULL,
    keys           jsonb NOT NULL,
    destroyed_at   timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    destroyed_by   text NOT NULL,
    -- Null until every backend has let go of the keys.
    certificate    text,
    issued_at      timestamptz,
    -- Of an ephemeral compartment: its key was in memory only, and this is not kept for ever.
    ephemeral      boolean NOT NULL DEFAULT false,
    -- Null until nothing of the wrapped keys is left in the files of the two tables above.
    erased_at      timestamptz
);
CREATE INDEX key_certificates_pending_idx ON watertight.key_certificates (destroyed_at) WHERE certificate IS NULL;
CREATE INDEX key_certificates_unerased_idx ON watertight.key_certificates (id) WHERE erased_at IS NULL;
CREATE INDEX key_certificates_ephemeral_idx ON watertight.key_certificates (destroyed_at) WHERE ephemeral;
COMMENT ON TABLE watertight.key_certificates IS
    'Which keys were destroyed, when and by whom: signed, once no process of the server has them any more.';

REVOKE ALL ON watertight.master_keys, watertight.tenant_keys, watertight.data_keys, watertight.key_certificates FROM PUBLIC;
GRANT SELECT ON watertight.master_keys, watertight.key_certificates TO watertight_admin;

-- What backends derive from keys. A new one was not known to anybody; a mark that is moved concerns nobody.
CREATE TRIGGER notify AFTER DELETE OR UPDATE OF state, wrapped, tenant_key_version, tenant_id, compartment_id, purpose
    ON watertight.data_keys
    FOR EACH ROW EXECUTE FUNCTION watertight.notify_registry_change();
CREATE TRIGGER notify_truncate BEFORE TRUNCATE ON watertight.data_keys
    FOR EACH STATEMENT EXECUTE FUNCTION watertight.notify_registry_change();
ALTER TABLE watertight.data_keys ENABLE ALWAYS TRIGGER notify;
ALTER TABLE watertight.data_keys ENABLE ALWAYS TRIGGER notify_truncate;
CREATE TRIGGER notify AFTER INSERT OR UPDATE OR DELETE ON watertight.key_certificates
    FOR EACH ROW EXECUTE FUNCTION watertight.notify_registry_change();
CREATE TRIGGER notify_truncate BEFORE TRUNCATE ON watertight.key_certificates
    FOR EACH STATEMENT EXECUTE FUNCTION watertight.notify_registry_change();
ALTER TABLE watertight.key_certificates ENABLE ALWAYS TRIGGER notify;
ALTER TABLE watertight.key_certificates ENABLE ALWAYS TRIGGER notify_truncate;

SELECT pg_catalog.pg_extension_config_dump('watertight.master_keys', '');
SELECT pg_catalog.pg_extension_config_dump('watertight.tenant_keys', '');
SELECT pg_catalog.pg_extension_config_dump('watertight.data_keys', '');
SELECT pg_catalog.pg_extension_config_dump('watertight.key_certificates', '');

CREATE FUNCTION watertight.rotate_data_key(tenant text) RETURNS integer
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rotate_data_key_wrapper';
COMMENT ON FUNCTION watertight.rotate_data_key(text) IS
    'New data keys for a tenant and its compartments; the old ones open what they have sealed. Returns how many.';

CREATE FUNCTION watertight.rotate_tenant_key(tenant text) RETURNS integer
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rotate_tenant_key_wrapper';
COMMENT ON FUNCTION watertight.rotate_tenant_key(text) IS
    'A new key of a tenant, which wraps its data keys again. Returns how many.';

-- They commit, so they run as whoever calls them.
CREATE PROCEDURE watertight.rotate_data_keys(before timestamptz DEFAULT pg_catalog.now())
    LANGUAGE c AS 'MODULE_PATHNAME', 'wt_rotate_data_keys';
COMMENT ON PROCEDURE watertight.rotate_data_keys(timestamptz) IS
    'New data keys for all tenants that have one from before this time; commits after a few tenants each.';

CREATE PROCEDURE watertight.rotate_tenant_keys(before timestamptz DEFAULT pg_catalog.now())
    LANGUAGE c AS 'MODULE_PATHNAME', 'wt_rotate_tenant_keys';
COMMENT ON PROCEDURE watertight.rotate_tenant_keys(timestamptz) IS
    'A new key of each tenant whose present one is from before this time; commits after a few tenants each.';

CREATE FUNCTION watertight.rotate_master_key() RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rotate_master_key_wrapper';
COMMENT ON FUNCTION watertight.rotate_master_key() IS
    'Has the background worker wrap all tenants'' keys again by the newest version of the master key. Returns how many there are.';

CREATE FUNCTION watertight.shred_tenant(name text, confirm text DEFAULT NULL) RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'shred_tenant_wrapper';
COMMENT ON FUNCTION watertight.shred_tenant(text, text) IS
    'Destroys all keys of a tenant, at once and for ever; returns the signed certificate.';

CREATE FUNCTION watertight.certificate_public_key() RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'certificate_public_key_wrapper';
COMMENT ON FUNCTION watertight.certificate_public_key() IS
    'The public key of the installation, which its certificates of destruction are checked with: Ed25519, in base64url.';

-- Needs no key of the installation's but what it is given.
CREATE FUNCTION watertight.verify_certificate(certificate text, public_key text DEFAULT watertight.certificate_public_key())
    RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'verify_certificate_wrapper';
COMMENT ON FUNCTION watertight.verify_certificate(text, text) IS
    'What a certificate of destruction says, if it is genuine; an error if not.';

CREATE FUNCTION watertight.key_provider()
    RETURNS TABLE (state text, versions integer[], loaded_at timestamptz, failed_at timestamptz, error text, check_values text[])
    LANGUAGE c VOLATILE PARALLEL RESTRICTED ROWS 1 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'key_provider_wrapper';
COMMENT ON FUNCTION watertight.key_provider() IS 'Whether the master key is there, and if not, why.';

CREATE VIEW watertight.keys AS
    SELECT t.name AS tenant, k.tenant_id, NULL::uuid AS compartment_id, 'tenant' AS purpose, k.id, k.state, k.version,
           k.master_version AS wrapped_by, NULL::bigint AS reserved, k.check_value, k.created_at,
           NULL::timestamptz AS retired_at, k.destroyed_at
      FROM watertight.tenant_keys AS k
      LEFT JOIN watertight.tenants AS t ON t.id OPERATOR(pg_catalog.=) k.tenant_id
    UNION ALL
    SELECT t.name, k.tenant_id, k.compartment_id, k.purpose, k.id, k.state, NULL, k.tenant_key_version, k.reserved,
           k.check_value, k.created_at, k.retired_at, k.destroyed_at
      FROM watertight.data_keys AS k
      LEFT JOIN watertight.tenants AS t ON t.id OPERATOR(pg_catalog.=) k.tenant_id;
COMMENT ON VIEW watertight.keys IS
    'Every key: whose, what for, and in which state. The version that wraps it is the master key''s for tenants'' keys, and the tenant key''s for others.';

CREATE VIEW watertight.master_key_versions AS
    SELECT m.version, m.name, m.check_value, m.first_used, m.rotating,
           (SELECT pg_catalog.count(*) FROM watertight.tenant_keys AS k
             WHERE k.master_version OPERATOR(pg_catalog.=) m.version
               AND k.state OPERATOR(pg_catalog.=) 'active') AS tenant_keys,
           -- With a service nobody knows before it is asked.
           CASE WHEN m.name IS NULL THEN EXISTS (
               SELECT FROM ROWS FROM (pg_catalog.unnest(p.versions), pg_catalog.unnest(p.check_values)) AS v (version, check_value)
                WHERE v.version OPERATOR(pg_catalog.=) m.version AND v.check_value OPERATOR(pg_catalog.=) m.check_value)
           END AS present
      FROM watertight.master_keys AS m CROSS JOIN watertight.key_provider() AS p;
COMMENT ON VIEW watertight.master_key_versions IS
    'The versions of the master key: how many tenants'' keys each wraps, and whether the server has it now. One that wraps none is not needed any more.';

REVOKE ALL ON watertight.keys, watertight.master_key_versions FROM PUBLIC;
GRANT SELECT ON watertight.keys, watertight.master_key_versions TO watertight_admin;
REVOKE ALL ON PROCEDURE watertight.rotate_data_keys(timestamptz), watertight.rotate_tenant_keys(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE watertight.rotate_data_keys(timestamptz), watertight.rotate_tenant_keys(timestamptz)
    TO watertight_admin;
REVOKE ALL ON FUNCTION
    watertight.rotate_data_key(text),
    watertight.rotate_tenant_key(text),
    watertight.rotate_master_key(),
    watertight.shred_tenant(text, text),
    watertight.certificate_public_key(),
    watertight.verify_certificate(text, text),
    watertight.key_provider()
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    watertight.rotate_data_key(text),
    watertight.rotate_tenant_key(text),
    watertight.rotate_master_key(),
    watertight.shred_tenant(text, text),
    watertight.certificate_public_key(),
    watertight.verify_certificate(text, text),
    watertight.key_provider()
    TO watertight_admin;
