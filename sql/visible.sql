-- What policies say. The support function turns a call into the comparison column = tenant_id() (tenant(),
-- tenant_key()) while the statement is planned, so an index on the column serves it.

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
