-- Trust: whose signatures count. They run as the extension's owner; only watertight_admin may call them.

CREATE FUNCTION watertight.check_server() RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'check_server_wrapper';
REVOKE ALL ON FUNCTION watertight.check_server() FROM PUBLIC;
SELECT watertight.check_server();

CREATE FUNCTION watertight.trust_issuer(
    issuer text, jwks jsonb, audience text DEFAULT NULL, claims jsonb DEFAULT '{}',
    tenants text[] DEFAULT NULL, max_lifetime interval DEFAULT NULL, leeway interval DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'trust_issuer_wrapper';
COMMENT ON FUNCTION watertight.trust_issuer(text, jsonb, text, jsonb, text[], interval, interval) IS
    'Accepts tokens that this issuer signs with one of these keys; replaces what was said of it before.';

CREATE FUNCTION watertight.set_issuer_keys(issuer text, jwks jsonb) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'set_issuer_keys_wrapper';
COMMENT ON FUNCTION watertight.set_issuer_keys(text, jsonb) IS
    'Replaces the keys of a trusted issuer; what else was said of it stays.';

CREATE FUNCTION watertight.distrust_issuer(issuer text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'distrust_issuer_wrapper';

CREATE FUNCTION watertight.revoke_token(jti text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'revoke_token_wrapper';

CREATE FUNCTION watertight.revoke_user(
    user_id text, issued_before timestamptz DEFAULT NULL, issuer text DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'revoke_user_wrapper';

CREATE FUNCTION watertight.restore_user(user_id text, issuer text DEFAULT NULL) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'restore_user_wrapper';

CREATE FUNCTION watertight.forget_revocations(before timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'forget_revocations_wrapper';
COMMENT ON FUNCTION watertight.forget_revocations(timestamptz) IS
    'Forgets revocations whose tokens have expired; returns how many.';

REVOKE ALL ON FUNCTION
    watertight.trust_issuer(text, jsonb, text, jsonb, text[], interval, interval),
    watertight.set_issuer_keys(text, jsonb),
    watertight.distrust_issuer(text),
    watertight.revoke_token(text),
    watertight.revoke_user(text, timestamptz, text),
    watertight.restore_user(text, text),
    watertight.forget_revocations(timestamptz)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    watertight.trust_issuer(text, jsonb, text, jsonb, text[], interval, interval),
    watertight.set_issuer_keys(text, jsonb),
    watertight.distrust_issuer(text),
    watertight.revoke_token(text),
    watertight.revoke_user(text, timestamptz, text),
    watertight.restore_user(text, text),
    watertight.forget_revocations(timestamptz)
    TO watertight_admin;
