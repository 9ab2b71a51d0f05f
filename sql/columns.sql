-- Columns that hold encrypted values: from plain ones, back, and from old keys to new ones.

CREATE TABLE watertight.reencryptions (
    relation     regclass NOT NULL CONSTRAINT reencryptions_pkey PRIMARY KEY,
    requested_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    requested_by text NOT NULL,
    -- The pass under way.
    next_block   bigint NOT NULL DEFAULT 0,
    blocks       bigint NOT NULL DEFAULT 0,
    pass_rows    bigint NOT NULL DEFAULT 0,
    pass_passed_over bigint NOT NULL DEFAULT 0,
    pass_unreadable  bigint NOT NULL DEFAULT 0,
    -- All passes.
    passes       integer NOT NULL DEFAULT 0,
    rows         bigint NOT NULL DEFAULT 0,
    -- The last pass that is over.
    passed_over  bigint NOT NULL DEFAULT 0,
    unreadable   bigint NOT NULL DEFAULT 0,
    -- What failed, or was in vain.
    failures     integer NOT NULL DEFAULT 0,
    next_try_at  timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    last_error   text,
    finished_at  timestamptz
);
COMMENT ON TABLE watertight.reencryptions IS
    'Tables whose values the background worker seals again under the keys in force: how far it is. See watertight.reencrypt().';
REVOKE ALL ON watertight.reencryptions FROM PUBLIC;
-- Who may ask for it may see how far it is.
ALTER TABLE watertight.reencryptions ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_owners ON watertight.reencryptions FOR SELECT
    USING (pg_catalog.pg_has_role('watertight_admin', 'USAGE')
        OR pg_catalog.pg_has_role((SELECT c.relowner FROM pg_catalog.pg_class AS c
                                    WHERE c.oid OPERATOR(pg_catalog.=) relation), 'USAGE'));
GRANT SELECT ON watertight.reencryptions TO PUBLIC;

-- The key that a sealed value names. It stands in the value for everybody who sees that, and needs no key.
CREATE FUNCTION watertight.key_id(value watertight.encrypted_text) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_key_id';
CREATE FUNCTION watertight.key_id(value watertight.encrypted_bytea) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_key_id';
CREATE FUNCTION watertight.key_id(value watertight.encrypted_jsonb) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_key_id';
CREATE FUNCTION watertight.key_id(value watertight.searchable_text) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_key_id';
-- What encrypt() has returned.
CREATE FUNCTION watertight.key_id(value bytea) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_key_id_of_bytes';

-- The last argument, sealed or opened for the tenant and compartment of a row: for the statements of encrypt_column and decrypt_column, which
-- have a ticket; refused to everybody else.
CREATE FUNCTION watertight.seal_in_row(ticket bigint, kind integer, tenant text, compartment uuid, value text)
    RETURNS watertight.encrypted_text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wt_seal_text_in_row';
CREATE FUNCTION watertight.seal_in_row(ticket bigint, kind integer, tenant text, compartment uuid, value bytea)
    RETURNS watertight.encrypted_bytea LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wt_seal_bytea_in_row';
CREATE FUNCTION watertight.seal_in_row(ticket bigint, kind integer, tenant text, compartment uuid, value jsonb)
    RETURNS watertight.encrypted_jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wt_seal_jsonb_in_row';
CREATE FUNCTION watertight.seal_searchable_in_row(ticket bigint, kind integer, tenant text, compartment uuid, value text)
    RETURNS watertight.searchable_text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wt_seal_searchable_in_row';
CREATE FUNCTION watertight.open_in_row(ticket bigint, kind integer, tenant text, compartment uuid, value watertight.encrypted_text)
    RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wt_open_text_in_row';
CREATE FUNCTION watertight.open_in_row(ticket bigint, kind integer, tenant text, compartment uuid, value watertight.encrypted_bytea)
    RETURNS bytea LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wt_open_bytea_in_row';
CREATE FUNCTION watertight.open_in_row(ticket bigint, kind integer, tenant text, compartment uuid, value watertight.encrypted_jsonb)
    RETURNS jsonb LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wt_open_jsonb_in_row';
CREATE FUNCTION watertight.open_in_row(ticket bigint, kind integer, tenant text, compartment uuid, value watertight.searchable_text)
    RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wt_open_searchable_in_row';

-- With the caller's rights: an owner of the table who is a member of watertight_admin changes it.
CREATE FUNCTION watertight.encrypt_column(relation regclass, column_name name, searchable boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'encrypt_column_wrapper';
COMMENT ON FUNCTION watertight.encrypt_column(regclass, name, boolean) IS
    'Gives a column of a protected table the encrypted type, and seals each value for its row''s tenant.';
CREATE FUNCTION watertight.decrypt_column(relation regclass, column_name name) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'decrypt_column_wrapper';
COMMENT ON FUNCTION watertight.decrypt_column(regclass, name) IS
    'Gives a column its plain type back, and opens each value.';
CREATE FUNCTION watertight.reencrypt(relation regclass) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reencrypt_wrapper';
COMMENT ON FUNCTION watertight.reencrypt(regclass) IS
    'Has the background worker seal a table''s values again that are under keys no longer in force.';
