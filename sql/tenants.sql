-- Tenants. They run as the extension's owner; only watertight_admin may call them.

CREATE FUNCTION watertight.create_tenant(
    name text, key bigint DEFAULT NULL, region text DEFAULT NULL, retention interval DEFAULT NULL,
    id uuid DEFAULT NULL) RETURNS uuid
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'create_tenant_wrapper';

CREATE FUNCTION watertight.set_tenant_key(name text, key bigint) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'set_tenant_key_wrapper';

CREATE FUNCTION watertight.suspend_tenant(name text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'suspend_tenant_wrapper';

CREATE FUNCTION watertight.resume_tenant(name text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'resume_tenant_wrapper';

CREATE FUNCTION watertight.drop_tenant(name text, confirm text DEFAULT NULL)
    RETURNS TABLE (relation regclass, rows_deleted bigint)
    -- With the caller's rights: it makes pending deferred triggers run, which may be anybody's.
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'drop_tenant_wrapper';

REVOKE ALL ON FUNCTION
    watertight.create_tenant(text, bigint, text, interval, uuid),
    watertight.set_tenant_key(text, bigint),
    watertight.suspend_tenant(text),
    watertight.resume_tenant(text),
    watertight.drop_tenant(text, text)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    watertight.create_tenant(text, bigint, text, interval, uuid),
    watertight.set_tenant_key(text, bigint),
    watertight.suspend_tenant(text),
    watertight.resume_tenant(text),
    watertight.drop_tenant(text, text)
    TO watertight_admin;
