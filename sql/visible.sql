-- What policies say. The support function turns a call into the comparison column = tenant_id() (tenant(),
-- tenant_key()), and of the compartment column, while the statement is planned, so an index on the columns serves it.

CREATE FUNCTION watertight.visible_support(internal) RETURNS internal
    LANGUAGE c STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'wt_visible_support';
REVOKE ALL ON FUNCTION watertight.visible_support(internal) FROM PUBLIC;

CREATE FUNCTION watertight.visible(tenant uuid) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE SUPPORT watertight.visible_support AS 'MODULE_PATHNAME', 'wt_visible_uuid';
CREATE FUNCTION watertight.visible(tenant text) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE SUPPORT watertight.visible_support AS 'MODULE_PATHNAME', 'wt_visible_text';
CREATE FUNCTION watertight.visible(tenant bigint) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE SUPPORT watertight.visible_support AS 'MODULE_PATHNAME', 'wt_visible_int8';
CREATE FUNCTION watertight.visible(tenant integer) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE SUPPORT watertight.visible_support AS 'MODULE_PATHNAME', 'wt_visible_int4';

CREATE FUNCTION watertight.writable(tenant uuid) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE SUPPORT watertight.visible_support AS 'MODULE_PATHNAME', 'wt_visible_uuid';
CREATE FUNCTION watertight.writable(tenant text) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE SUPPORT watertight.visible_support AS 'MODULE_PATHNAME', 'wt_visible_text';
CREATE FUNCTION watertight.writable(tenant bigint) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE SUPPORT watertight.visible_support AS 'MODULE_PATHNAME', 'wt_visible_int8';
CREATE FUNCTION watertight.writable(tenant integer) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE SUPPORT watertight.visible_support AS 'MODULE_PATHNAME', 'wt_visible_int4';

CREATE FUNCTION watertight.visible(tenant uuid, compartment uuid) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE SUPPORT watertight.visible_support AS 'MODULE_PATHNAME', 'wt_visible_uuid_uuid';
CREATE FUNCTION watertight.visible(tenant text, compartment uuid) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE SUPPORT watertight.visible_support AS 'MODULE_PATHNAME', 'wt_visible_text_uuid';
CREATE FUNCTION watertight.visible(tenant bigint, compartment uuid) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE SUPPORT watertight.visible_support AS 'MODULE_PATHNAME', 'wt_visible_int8_uuid';
CREATE FUNCTION watertight.visible(tenant integer, compartment uuid) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE SUPPORT watertight.visible_support AS 'MODULE_PATHNAME', 'wt_visible_int4_uuid';

CREATE FUNCTION watertight.writable(tenant uuid, compartment uuid) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE SUPPORT watertight.visible_support AS 'MODULE_PATHNAME', 'wt_writable_uuid_uuid';
CREATE FUNCTION watertight.writable(tenant text, compartment uuid) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE SUPPORT watertight.visible_support AS 'MODULE_PATHNAME', 'wt_writable_text_uuid';
CREATE FUNCTION watertight.writable(tenant bigint, compartment uuid) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE SUPPORT watertight.visible_support AS 'MODULE_PATHNAME', 'wt_writable_int8_uuid';
CREATE FUNCTION watertight.writable(tenant integer, compartment uuid) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE SUPPORT watertight.visible_support AS 'MODULE_PATHNAME', 'wt_writable_int4_uuid';
