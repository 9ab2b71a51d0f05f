-- Compartments and sessions. Backends read these tables by column number (src/compartment, src/session): a new column goes last.

CREATE TABLE watertight.all_compartments (
    id              uuid NOT NULL CONSTRAINT all_compartments_pkey PRIMARY KEY,
    -- Null while a clone waits in the pool.
    tenant_id       uuid CONSTRAINT all_compartments_tenant_id_fkey REFERENCES watertight.tenants,
    name            text COLLATE "C",
    parent_id       uuid CONSTRAINT all_compartments_parent_id_fkey REFERENCES watertight.all_compartments,
    reads_ancestors boolean NOT NULL DEFAULT false,
    ephemeral       boolean NOT NULL DEFAULT false,
    boot_id         uuid,
    -- The template of its schema; null for none. By name, as in protected_schemas.
    template        name,
    owner           text COLLATE "C",
    owner_issuer    text COLLATE "C",
    max_lifetime    interval,
    idle_timeout    interval,
    created_at      timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT all_compartments_name_key UNIQUE (tenant_id, name),
    CONSTRAINT all_compartments_boot_id_check CHECK (ephemeral OPERATOR(pg_catalog.=) (boot_id IS NOT NULL)),
    CONSTRAINT all_compartments_tenant_check CHECK (ephemeral OR tenant_id IS NOT NULL AND name IS NOT NULL)
);
CREATE INDEX all_compartments_parent_id_idx ON watertight.all_compartments (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX all_compartments_ready_idx ON watertight.all_compartments (template) WHERE tenant_id IS NULL;
COMMENT ON TABLE watertight.all_compartments IS
    'The compartments but Global. Change them with create_compartment, rename_compartment, drop_compartment; see watertight.compartments.';

CREATE TABLE watertight.compartment_members (
    compartment_id uuid NOT NULL
                   CONSTRAINT compartment_members_compartment_id_fkey REFERENCES watertight.all_compartments ON DELETE CASCADE,
    kind           text COLLATE "C" NOT NULL
                   CONSTRAINT compartment_members_kind_check CHECK (kind OPERATOR(pg_catalog.=) ANY (ARRAY['user', 'role'])),
    name           text COLLATE "C" NOT NULL,
    -- Whose user it is; empty for roles.
    issuer         text COLLATE "C" NOT NULL DEFAULT '',
    added_at       timestamptz NOT NULL DEFAULT pg_catalog.now(),
    added_by       text NOT NULL,
    CONSTRAINT compartment_members_pkey PRIMARY KEY (compartment_id, kind, name, issuer)
);

CREATE TABLE watertight.open_sessions (
    id             uuid NOT NULL CONSTRAINT open_sessions_pkey PRIMARY KEY,
    tenant_id      uuid NOT NULL CONSTRAINT open_sessions_tenant_id_fkey REFERENCES watertight.tenants ON DELETE CASCADE,
    -- The nil uuid for Global.
    compartment_id uuid NOT NULL,
    user_id        text COLLATE "C" NOT NULL,
    role           text COLLATE "C",
    -- The identity token: who signed it, its jti, and when it was issued (seconds since 1970).
    issuer         text COLLATE "C" NOT NULL,
    jti            text COLLATE "C",
    issued_at      bigint,
    started_at     timestamptz NOT NULL DEFAULT pg_catalog.now(),
    last_active_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    expires_at     timestamptz NOT NULL,
    idle_timeout   interval,
    -- Bound to the connection of this process, in the server start boot_id.
    bound_to       integer,
    boot_id        uuid NOT NULL,
    email          text COLLATE "C",
    -- The identity token names the compartment: the session stays there.
    confined       boolean NOT NULL DEFAULT false
);
CREATE INDEX open_sessions_compartment_id_idx ON watertight.open_sessions (compartment_id);
COMMENT ON TABLE watertight.open_sessions IS
    'Sessions that login() has opened; see watertight.sessions. End them with logout() and end_session().';

CREATE TABLE watertight.session_keys (
    kid        text COLLATE "C" NOT NULL CONSTRAINT session_keys_pkey PRIMARY KEY,
    secret     bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE watertight.session_keys IS
    'What session tokens are signed with: the newest signs, all verify. Secret; pg_dump leaves the rows out.';

-- Large objects that were made inside ephemeral compartments.
CREATE TABLE watertight.compartment_objects (
    compartment_id uuid NOT NULL
                   CONSTRAINT compartment_objects_compartment_id_fkey REFERENCES watertight.all_compartments ON DELETE CASCADE,
    large_object   oid NOT NULL,
    CONSTRAINT compartment_objects_pkey PRIMARY KEY (compartment_id, large_object)
);
CREATE INDEX compartment_objects_large_object_idx ON watertight.compartment_objects (large_object);

REVOKE ALL ON watertight.all_compartments, watertight.compartment_members, watertight.open_sessions,
              watertight.session_keys, watertight.compartment_objects FROM PUBLIC;
GRANT SELECT ON watertight.compartment_members TO watertight_admin;

-- What backends derive from a persistent compartment, and from members. (A session's end is in its slot; what is
-- ephemeral ends with its session.)
CREATE TRIGGER notify AFTER UPDATE OR DELETE ON watertight.all_compartments
    FOR EACH ROW WHEN (NOT OLD.ephemeral) EXECUTE FUNCTION watertight.notify_registry_change();
CREATE TRIGGER notify_truncate BEFORE TRUNCATE ON watertight.all_compartments
    FOR EACH STATEMENT EXECUTE FUNCTION watertight.notify_registry_change();
ALTER TABLE watertight.all_compartments ENABLE ALWAYS TRIGGER notify;
ALTER TABLE watertight.all_compartments ENABLE ALWAYS TRIGGER notify_truncate;
CREATE TRIGGER notify AFTER UPDATE OR DELETE ON watertight.compartment_members
    FOR EACH ROW EXECUTE FUNCTION watertight.notify_registry_change();
CREATE TRIGGER notify_truncate BEFORE TRUNCATE ON watertight.compartment_members
    FOR EACH STATEMENT EXECUTE FUNCTION watertight.notify_registry_change();
ALTER TABLE watertight.compartment_members ENABLE ALWAYS TRIGGER notify;
ALTER TABLE watertight.compartment_members ENABLE ALWAYS TRIGGER notify_truncate;
CREATE TRIGGER notify AFTER INSERT OR UPDATE OR DELETE ON watertight.session_keys
    FOR EACH ROW EXECUTE FUNCTION watertight.notify_registry_change();
CREATE TRIGGER notify_truncate BEFORE TRUNCATE ON watertight.session_keys
    FOR EACH STATEMENT EXECUTE FUNCTION watertight.notify_registry_change();
ALTER TABLE watertight.session_keys ENABLE ALWAYS TRIGGER notify;
ALTER TABLE watertight.session_keys ENABLE ALWAYS TRIGGER notify_truncate;

SELECT pg_catalog.pg_extension_config_dump('watertight.all_compartments', 'WHERE NOT ephemeral');
SELECT pg_catalog.pg_extension_config_dump('watertight.compartment_members', '');
