-- The context, told to everybody who has one. STABLE: within a statement the answer is the same.

-- What row security compares with. LEAKPROOF: they have no arguments, and what they raise depends on the token only.
CREATE FUNCTION watertight.tenant_id() RETURNS uuid
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'wt_tenant_id';
CREATE FUNCTION watertight.tenant() RETURNS text
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'wt_tenant';
CREATE FUNCTION watertight.tenant_key() RETURNS bigint
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'wt_tenant_key';

CREATE FUNCTION watertight.compartment_id() RETURNS uuid
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'wt_compartment_id';
COMMENT ON FUNCTION watertight.compartment_id() IS 'The compartment in force; the nil uuid is Global.';
CREATE FUNCTION watertight.readable_compartments() RETURNS uuid[]
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'wt_readable_compartments';
COMMENT ON FUNCTION watertight.readable_compartments() IS
    'The compartments whose rows the one in force reads, itself first.';
CREATE FUNCTION watertight.writable_compartment() RETURNS uuid
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'wt_writable_compartment';
COMMENT ON FUNCTION watertight.writable_compartment() IS
    'The compartment in force, if rows can be written there; null in Global where watertight.global_writable is off.';
CREATE FUNCTION watertight.compartment() RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'compartment_wrapper';

CREATE FUNCTION watertight.user_id() RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'user_id_wrapper';
CREATE FUNCTION watertight.email() RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'email_wrapper';
CREATE FUNCTION watertight.role() RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'role_wrapper';
CREATE FUNCTION watertight.session_id() RETURNS uuid
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'session_id_wrapper';
CREATE FUNCTION watertight.claims() RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'claims_wrapper';
CREATE FUNCTION watertight.whoami(
    OUT tenant_id uuid, OUT tenant text, OUT user_id text, OUT email text, OUT role text,
    OUT session_id uuid, OUT issuer text, OUT expires_at timestamptz,
    OUT compartment_id uuid, OUT compartment text) RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'whoami_wrapper';

-- SET LOCAL watertight.token, with the token as a parameter. Not parallel safe: it changes a setting.
CREATE FUNCTION watertight.begin(token text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'begin_wrapper';
COMMENT ON FUNCTION watertight.begin(text) IS
    'Sets the token for the rest of the transaction, as SET LOCAL watertight.token does.';
