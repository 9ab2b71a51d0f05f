-- Sessions. Whoever has an identity token may log in; what they may enter is checked inside. These functions run as the
-- extension's owner, with a pinned search_path.

CREATE FUNCTION watertight.login(
    token text, compartment text DEFAULT 'global', ephemeral boolean DEFAULT false,
    template regnamespace DEFAULT NULL, bind boolean DEFAULT false,
    lifetime interval DEFAULT NULL, idle_timeout interval DEFAULT NULL) RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'login_wrapper';
COMMENT ON FUNCTION watertight.login(text, text, boolean, regnamespace, boolean, interval, interval) IS
    'Opens a session with an identity token, in a compartment; returns the session''s token.';

CREATE FUNCTION watertight.logout() RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'logout_wrapper';
COMMENT ON FUNCTION watertight.logout() IS
    'Ends the session of the token in force, and destroys its compartment if that is ephemeral.';

CREATE FUNCTION watertight.switch_compartment(
    name text, ephemeral boolean DEFAULT false, template regnamespace DEFAULT NULL) RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'switch_compartment_wrapper';
COMMENT ON FUNCTION watertight.switch_compartment(text, boolean, regnamespace) IS
    'Ends the session in force and opens another one of the same user elsewhere; returns its token.';

CREATE FUNCTION watertight.end_session(id uuid) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'end_session_wrapper';
COMMENT ON FUNCTION watertight.end_session(uuid) IS 'Ends somebody''s session; false if there is none.';

CREATE FUNCTION watertight.rotate_session_keys() RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rotate_session_keys_wrapper';
COMMENT ON FUNCTION watertight.rotate_session_keys() IS
    'Session tokens are signed with a new key from now on; those that were signed before stay valid.';

-- What shared memory says of the sessions of this database.
CREATE FUNCTION watertight.session_slots(OUT id uuid, OUT last_active_at timestamptz, OUT ending boolean) RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'session_slots_wrapper';

CREATE FUNCTION watertight.create_compartment(
    name text, template regnamespace DEFAULT NULL, parent text DEFAULT NULL, reads_ancestors boolean DEFAULT false,
    max_lifetime interval DEFAULT NULL, idle_timeout interval DEFAULT NULL) RETURNS uuid
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'create_compartment_wrapper';
COMMENT ON FUNCTION watertight.create_compartment(text, regnamespace, text, boolean, interval, interval) IS
    'Creates a persistent compartment of the user in force; returns its id.';
CREATE FUNCTION watertight.rename_compartment(name text, new_name text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rename_compartment_wrapper';
CREATE FUNCTION watertight.drop_compartment(name text, confirm text DEFAULT NULL, force boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'drop_compartment_wrapper';
COMMENT ON FUNCTION watertight.drop_compartment(text, text, boolean) IS
    'Destroys a persistent compartment and everything in it; its owner, or a tenant''s compartment by id an administrator.';
CREATE FUNCTION watertight.drop_compartment(id uuid, confirm text DEFAULT NULL, force boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'drop_compartment_by_id_wrapper';
CREATE FUNCTION watertight.add_member(
    compartment text, user_id text DEFAULT NULL, role text DEFAULT NULL, issuer text DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'add_member_wrapper';
COMMENT ON FUNCTION watertight.add_member(text, text, text, text) IS
    'Lets a user, or everybody with a tenant role, enter a compartment of the user in force.';
CREATE FUNCTION watertight.remove_member(
    compartment text, user_id text DEFAULT NULL, role text DEFAULT NULL, issuer text DEFAULT NULL) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'remove_member_wrapper';
CREATE FUNCTION watertight.my_compartments(
    OUT id uuid, OUT name text, OUT ephemeral boolean, OUT parent text, OUT owned boolean, OUT created_at timestamptz)
    RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'my_compartments_wrapper';
COMMENT ON FUNCTION watertight.my_compartments() IS 'The compartments that the user in force may enter.';

REVOKE ALL ON FUNCTION
    watertight.end_session(uuid),
    watertight.rotate_session_keys(),
    watertight.session_slots(),
    watertight.drop_compartment(uuid, text, boolean)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    watertight.end_session(uuid),
    watertight.rotate_session_keys(),
    watertight.session_slots(),
    watertight.drop_compartment(uuid, text, boolean)
    TO watertight_admin;

SELECT watertight.rotate_session_keys();

CREATE FUNCTION watertight.compartment_schema(id uuid) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'compartment_schema_wrapper';
COMMENT ON FUNCTION watertight.compartment_schema(uuid) IS 'What the schema of a compartment is called, if it has one.';

-- What administrators see: that compartments exist and who is in them, never what is in them.
CREATE VIEW watertight.compartments AS
    SELECT t.name AS tenant, c.id, c.name, c.ephemeral, p.name AS parent, c.reads_ancestors,
           c.owner, c.owner_issuer, c.created_at, c.template,
           (SELECT pg_catalog.count(*) FROM watertight.open_sessions AS s
             WHERE s.compartment_id OPERATOR(pg_catalog.=) c.id) AS sessions,
           (SELECT pg_catalog.sum(pg_catalog.pg_total_relation_size(r.oid))::bigint
              FROM pg_catalog.pg_class AS r JOIN pg_catalog.pg_namespace AS n
                   ON n.oid OPERATOR(pg_catalog.=) r.relnamespace
             WHERE n.nspname OPERATOR(pg_catalog.=) watertight.compartment_schema(c.id)
               AND r.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'm', 'S']::"char"[])) AS bytes
      FROM watertight.all_compartments AS c
      JOIN watertight.tenants AS t ON t.id OPERATOR(pg_catalog.=) c.tenant_id
      LEFT JOIN watertight.all_compartments AS p ON p.id OPERATOR(pg_catalog.=) c.parent_id
    UNION ALL
    SELECT t.name, '00000000-0000-0000-0000-000000000000'::uuid, 'global', false, NULL, false,
           NULL, NULL, t.created_at, NULL,
           (SELECT pg_catalog.count(*) FROM watertight.open_sessions AS s
             WHERE s.compartment_id OPERATOR(pg_catalog.=) '00000000-0000-0000-0000-000000000000'
               AND s.tenant_id OPERATOR(pg_catalog.=) t.id), NULL
      FROM watertight.tenants AS t;
COMMENT ON VIEW watertight.compartments IS 'All compartments: whose they are and how large, not what is in them.';

CREATE VIEW watertight.sessions AS
    SELECT s.id, t.name AS tenant, COALESCE(c.name, 'global') AS compartment, s.compartment_id,
           COALESCE(c.ephemeral, false) AS ephemeral, s.user_id, s.issuer, s.email, s.role,
           s.started_at, GREATEST(s.last_active_at, l.last_active_at) AS last_active_at, s.expires_at, s.idle_timeout,
           s.bound_to, COALESCE(l.ending, false) AS ending
      FROM watertight.open_sessions AS s
      JOIN watertight.tenants AS t ON t.id OPERATOR(pg_catalog.=) s.tenant_id
      LEFT JOIN watertight.all_compartments AS c ON c.id OPERATOR(pg_catalog.=) s.compartment_id
      LEFT JOIN watertight.session_slots() AS l ON l.id OPERATOR(pg_catalog.=) s.id;
COMMENT ON VIEW watertight.sessions IS 'Who has a session where.';

REVOKE ALL ON watertight.compartments, watertight.sessions FROM PUBLIC;
GRANT SELECT ON watertight.compartments, watertight.sessions TO watertight_admin;
