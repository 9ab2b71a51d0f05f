-- The registry. Backends read these tables by column number (src/registry, src/trust): a new column goes last.

CREATE FUNCTION watertight.notify_registry_change() RETURNS trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'notify_registry_change_wrapper';
REVOKE ALL ON FUNCTION watertight.notify_registry_change() FROM PUBLIC;

CREATE TABLE watertight.tenants (
    id         uuid NOT NULL CONSTRAINT tenants_pkey PRIMARY KEY,
    name       text COLLATE "C" NOT NULL CONSTRAINT tenants_name_key UNIQUE,
    key        bigint CONSTRAINT tenants_key_key UNIQUE,
    status     text COLLATE "C" NOT NULL DEFAULT 'active'
               CONSTRAINT tenants_status_check CHECK (status OPERATOR(pg_catalog.=) ANY (ARRAY['active', 'suspended'])),
    region     text,
    retention  interval,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    created_by text NOT NULL DEFAULT SESSION_USER
);
COMMENT ON TABLE watertight.tenants IS 'The tenants. Change them with create_tenant, suspend_tenant, resume_tenant, drop_tenant.';
COMMENT ON COLUMN watertight.tenants.key IS 'What integer tenant columns hold.';

CREATE TABLE watertight.issuers (
    issuer       text COLLATE "C" NOT NULL CONSTRAINT issuers_pkey PRIMARY KEY,
    jwks         jsonb NOT NULL,
    audience     text COLLATE "C",
    claims       jsonb NOT NULL DEFAULT '{}',
    tenants      uuid[],
    max_lifetime interval,
    leeway       interval,
    created_at   timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at   timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE watertight.issuers IS 'Whose signatures count. Symmetric keys are secrets: only superusers read this table.';
COMMENT ON COLUMN watertight.issuers.tenants IS 'The tenants this issuer may speak for; null means all.';

CREATE TABLE watertight.revoked_tokens (
    jti        text COLLATE "C" NOT NULL CONSTRAINT revoked_tokens_pkey PRIMARY KEY,
    revoked_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    revoked_by text NOT NULL DEFAULT SESSION_USER
);

CREATE TABLE watertight.revoked_users (
    user_id       text COLLATE "C" NOT NULL,
    issued_before bigint,
    revoked_at    timestamptz NOT NULL DEFAULT pg_catalog.now(),
    revoked_by    text NOT NULL DEFAULT SESSION_USER,
    issuer        text COLLATE "C" NOT NULL DEFAULT '',
    -- Backends look users up by the first column alone.
    CONSTRAINT revoked_users_pkey PRIMARY KEY (user_id, issuer)
);
COMMENT ON COLUMN watertight.revoked_users.issuer IS 'Whose user it is; empty for this user of every issuer.';
COMMENT ON COLUMN watertight.revoked_users.issued_before IS
    'Tokens issued up to then (seconds since 1970) are refused; null means all tokens.';

CREATE TABLE watertight.protected_tables (
    relation       regclass NOT NULL CONSTRAINT protected_tables_pkey PRIMARY KEY,
    tenant_column  name NOT NULL,
    creator_column name,
    scope_keys     boolean NOT NULL DEFAULT false,
    compartment_column name
);

-- By name: pg_upgrade refuses columns of type regnamespace. (regclass it keeps.)
CREATE TABLE watertight.protected_schemas (
    schema        name NOT NULL CONSTRAINT protected_schemas_pkey PRIMARY KEY,
    tenant_column name NOT NULL,
    scope_keys    boolean NOT NULL DEFAULT false,
    compartment_column name
);

REVOKE ALL ON watertight.tenants, watertight.issuers, watertight.revoked_tokens, watertight.revoked_users,
              watertight.protected_tables, watertight.protected_schemas FROM PUBLIC;
GRANT SELECT ON watertight.tenants, watertight.revoked_tokens, watertight.revoked_users,
                watertight.protected_tables, watertight.protected_schemas TO watertight_admin;
-- All but the keys, which may be symmetric.
GRANT SELECT (issuer, audience, claims, tenants, max_lifetime, leeway, created_at, updated_at)
    ON watertight.issuers TO watertight_admin;

-- Whoever changes a row, by whatever means, every backend hears of it at commit. For each row, because statement
-- triggers are not fired by logical replication, nor by a caller that stops reading RETURNING early (SPI with a limit).
-- ALWAYS: also under session_replication_role = replica.
CREATE TRIGGER notify AFTER INSERT OR UPDATE OR DELETE ON watertight.tenants
    FOR EACH ROW EXECUTE FUNCTION watertight.notify_registry_change();
CREATE TRIGGER notify_truncate BEFORE TRUNCATE ON watertight.tenants
    FOR EACH STATEMENT EXECUTE FUNCTION watertight.notify_registry_change();
ALTER TABLE watertight.tenants ENABLE ALWAYS TRIGGER notify;
ALTER TABLE watertight.tenants ENABLE ALWAYS TRIGGER notify_truncate;
CREATE TRIGGER notify AFTER INSERT OR UPDATE OR DELETE ON watertight.issuers
    FOR EACH ROW EXECUTE FUNCTION watertight.notify_registry_change();
CREATE TRIGGER notify_truncate BEFORE TRUNCATE ON watertight.issuers
    FOR EACH STATEMENT EXECUTE FUNCTION watertight.notify_registry_change();
ALTER TABLE watertight.issuers ENABLE ALWAYS TRIGGER notify;
ALTER TABLE watertight.issuers ENABLE ALWAYS TRIGGER notify_truncate;
CREATE TRIGGER notify AFTER INSERT OR UPDATE OR DELETE ON watertight.revoked_tokens
    FOR EACH ROW EXECUTE FUNCTION watertight.notify_registry_change();
CREATE TRIGGER notify_truncate BEFORE TRUNCATE ON watertight.revoked_tokens
    FOR EACH STATEMENT EXECUTE FUNCTION watertight.notify_registry_change();
ALTER TABLE watertight.revoked_tokens ENABLE ALWAYS TRIGGER notify;
ALTER TABLE watertight.revoked_tokens ENABLE ALWAYS TRIGGER notify_truncate;
CREATE TRIGGER notify AFTER INSERT OR UPDATE OR DELETE ON watertight.revoked_users
    FOR EACH ROW EXECUTE FUNCTION watertight.notify_registry_change();
CREATE TRIGGER notify_truncate BEFORE TRUNCATE ON watertight.revoked_users
    FOR EACH STATEMENT EXECUTE FUNCTION watertight.notify_registry_change();
ALTER TABLE watertight.revoked_users ENABLE ALWAYS TRIGGER notify;
ALTER TABLE watertight.revoked_users ENABLE ALWAYS TRIGGER notify_truncate;
CREATE TRIGGER notify AFTER INSERT OR UPDATE OR DELETE ON watertight.protected_tables
    FOR EACH ROW EXECUTE FUNCTION watertight.notify_registry_change();
CREATE TRIGGER notify_truncate BEFORE TRUNCATE ON watertight.protected_tables
    FOR EACH STATEMENT EXECUTE FUNCTION watertight.notify_registry_change();
ALTER TABLE watertight.protected_tables ENABLE ALWAYS TRIGGER notify;
ALTER TABLE watertight.protected_tables ENABLE ALWAYS TRIGGER notify_truncate;
CREATE TRIGGER notify AFTER INSERT OR UPDATE OR DELETE ON watertight.protected_schemas
    FOR EACH ROW EXECUTE FUNCTION watertight.notify_registry_change();
CREATE TRIGGER notify_truncate BEFORE TRUNCATE ON watertight.protected_schemas
    FOR EACH STATEMENT EXECUTE FUNCTION watertight.notify_registry_change();
ALTER TABLE watertight.protected_schemas ENABLE ALWAYS TRIGGER notify;
ALTER TABLE watertight.protected_schemas ENABLE ALWAYS TRIGGER notify_truncate;

SELECT pg_catalog.pg_extension_config_dump('watertight.tenants', '');
SELECT pg_catalog.pg_extension_config_dump('watertight.issuers', '');
SELECT pg_catalog.pg_extension_config_dump('watertight.revoked_tokens', '');
SELECT pg_catalog.pg_extension_config_dump('watertight.revoked_users', '');
SELECT pg_catalog.pg_extension_config_dump('watertight.protected_tables', '');
SELECT pg_catalog.pg_extension_config_dump('watertight.protected_schemas', '');
