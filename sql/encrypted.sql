-- Types of columns whose values are sealed under keys of their tenant. In a context they take and give what the plain type would; without
-- one, the sealed form. STABLE where a context decides; comparing two searchable values needs no key, and is IMMUTABLE.

CREATE TYPE watertight.encrypted_text;
CREATE TYPE watertight.encrypted_bytea;
CREATE TYPE watertight.encrypted_jsonb;
CREATE TYPE watertight.searchable_text;

CREATE FUNCTION watertight.encrypted_text_in(cstring) RETURNS watertight.encrypted_text
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_encrypted_text_in';
CREATE FUNCTION watertight.encrypted_text_out(watertight.encrypted_text) RETURNS cstring
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_encrypted_text_out';
CREATE FUNCTION watertight.encrypted_text_recv(internal) RETURNS watertight.encrypted_text
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_encrypted_text_recv';
CREATE FUNCTION watertight.encrypted_text_send(watertight.encrypted_text) RETURNS bytea
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_encrypted_text_send';
-- Ciphertext does not compress.
CREATE TYPE watertight.encrypted_text (
    INPUT = watertight.encrypted_text_in, OUTPUT = watertight.encrypted_text_out, RECEIVE = watertight.encrypted_text_recv, SEND = watertight.encrypted_text_send,
    INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = external);

CREATE FUNCTION watertight.encrypted_bytea_in(cstring) RETURNS watertight.encrypted_bytea
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_encrypted_bytea_in';
CREATE FUNCTION watertight.encrypted_bytea_out(watertight.encrypted_bytea) RETURNS cstring
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_encrypted_bytea_out';
CREATE FUNCTION watertight.encrypted_bytea_recv(internal) RETURNS watertight.encrypted_bytea
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_encrypted_bytea_recv';
CREATE FUNCTION watertight.encrypted_bytea_send(watertight.encrypted_bytea) RETURNS bytea
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_encrypted_bytea_send';
-- Ciphertext does not compress.
CREATE TYPE watertight.encrypted_bytea (
    INPUT = watertight.encrypted_bytea_in, OUTPUT = watertight.encrypted_bytea_out, RECEIVE = watertight.encrypted_bytea_recv, SEND = watertight.encrypted_bytea_send,
    INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = external);

CREATE FUNCTION watertight.encrypted_jsonb_in(cstring) RETURNS watertight.encrypted_jsonb
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_encrypted_jsonb_in';
CREATE FUNCTION watertight.encrypted_jsonb_out(watertight.encrypted_jsonb) RETURNS cstring
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_encrypted_jsonb_out';
CREATE FUNCTION watertight.encrypted_jsonb_recv(internal) RETURNS watertight.encrypted_jsonb
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_encrypted_jsonb_recv';
CREATE FUNCTION watertight.encrypted_jsonb_send(watertight.encrypted_jsonb) RETURNS bytea
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_encrypted_jsonb_send';
-- Ciphertext does not compress.
CREATE TYPE watertight.encrypted_jsonb (
    INPUT = watertight.encrypted_jsonb_in, OUTPUT = watertight.encrypted_jsonb_out, RECEIVE = watertight.encrypted_jsonb_recv, SEND = watertight.encrypted_jsonb_send,
    INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = external);

CREATE FUNCTION watertight.searchable_text_in(cstring) RETURNS watertight.searchable_text
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_text_in';
CREATE FUNCTION watertight.searchable_text_out(watertight.searchable_text) RETURNS cstring
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_text_out';
CREATE FUNCTION watertight.searchable_text_recv(internal) RETURNS watertight.searchable_text
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_text_recv';
CREATE FUNCTION watertight.searchable_text_send(watertight.searchable_text) RETURNS bytea
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_text_send';
-- Ciphertext does not compress.
CREATE TYPE watertight.searchable_text (
    INPUT = watertight.searchable_text_in, OUTPUT = watertight.searchable_text_out, RECEIVE = watertight.searchable_text_recv, SEND = watertight.searchable_text_send,
    INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = external);

COMMENT ON TYPE watertight.encrypted_text IS
    'Text that is stored encrypted. It can be read, and not be searched for by an index.';
COMMENT ON TYPE watertight.encrypted_bytea IS
    'Bytes that are stored encrypted.';
COMMENT ON TYPE watertight.encrypted_jsonb IS
    'JSON that is stored encrypted.';
COMMENT ON TYPE watertight.searchable_text IS
    'Text that is stored encrypted and can be looked up by =, joined, and made unique. Whoever reads the files sees which values are equal.';

-- Casts to the plain type are implicit, so that its functions and operators apply. Those from it are for assignment: text is not sealed
-- just because it is compared with something.

CREATE FUNCTION watertight.encrypted_text(text) RETURNS watertight.encrypted_text
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_text_to_encrypted_text';
CREATE FUNCTION watertight.text(watertight.encrypted_text) RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_encrypted_text_to_text';
CREATE CAST (text AS watertight.encrypted_text) WITH FUNCTION watertight.encrypted_text(text) AS ASSIGNMENT;
CREATE CAST (varchar AS watertight.encrypted_text) WITH FUNCTION watertight.encrypted_text(text) AS ASSIGNMENT;
CREATE CAST (watertight.encrypted_text AS text) WITH FUNCTION watertight.text(watertight.encrypted_text) AS IMPLICIT;

CREATE FUNCTION watertight.encrypted_bytea(bytea) RETURNS watertight.encrypted_bytea
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_bytea_to_encrypted_bytea';
CREATE FUNCTION watertight.bytea(watertight.encrypted_bytea) RETURNS bytea
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_encrypted_bytea_to_bytea';
CREATE CAST (bytea AS watertight.encrypted_bytea) WITH FUNCTION watertight.encrypted_bytea(bytea) AS ASSIGNMENT;
CREATE CAST (watertight.encrypted_bytea AS bytea) WITH FUNCTION watertight.bytea(watertight.encrypted_bytea) AS IMPLICIT;

CREATE FUNCTION watertight.encrypted_jsonb(jsonb) RETURNS watertight.encrypted_jsonb
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_jsonb_to_encrypted_jsonb';
CREATE FUNCTION watertight.jsonb(watertight.encrypted_jsonb) RETURNS jsonb
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_encrypted_jsonb_to_jsonb';
CREATE CAST (jsonb AS watertight.encrypted_jsonb) WITH FUNCTION watertight.encrypted_jsonb(jsonb) AS ASSIGNMENT;
CREATE FUNCTION watertight.encrypted_jsonb(json) RETURNS watertight.encrypted_jsonb
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_json_to_encrypted_jsonb';
CREATE CAST (json AS watertight.encrypted_jsonb) WITH FUNCTION watertight.encrypted_jsonb(json) AS ASSIGNMENT;
CREATE CAST (watertight.encrypted_jsonb AS jsonb) WITH FUNCTION watertight.jsonb(watertight.encrypted_jsonb) AS IMPLICIT;
-- What row_to_json() and its like look for: without it they make a string of the value.
CREATE FUNCTION watertight.json(watertight.encrypted_jsonb) RETURNS json
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_encrypted_jsonb_to_json';
CREATE CAST (watertight.encrypted_jsonb AS json) WITH FUNCTION watertight.json(watertight.encrypted_jsonb);

CREATE FUNCTION watertight.searchable_text(text) RETURNS watertight.searchable_text
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_text_to_searchable_text';
CREATE FUNCTION watertight.text(watertight.searchable_text) RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_text_to_text';
CREATE CAST (text AS watertight.searchable_text) WITH FUNCTION watertight.searchable_text(text) AS ASSIGNMENT;
CREATE CAST (varchar AS watertight.searchable_text) WITH FUNCTION watertight.searchable_text(text) AS ASSIGNMENT;
CREATE CAST (watertight.searchable_text AS text) WITH FUNCTION watertight.text(watertight.searchable_text) AS IMPLICIT;

-- text || is overloaded for everything, so that no cast makes it certain which one is meant.
CREATE FUNCTION watertight.concatenate(watertight.encrypted_text, text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE AS 'SELECT pg_catalog.textcat(watertight.text($1), $2)';
CREATE OPERATOR pg_catalog.|| (LEFTARG = watertight.encrypted_text, RIGHTARG = text, FUNCTION = watertight.concatenate);
CREATE FUNCTION watertight.concatenate(text, watertight.encrypted_text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE AS 'SELECT pg_catalog.textcat($1, watertight.text($2))';
CREATE OPERATOR pg_catalog.|| (LEFTARG = text, RIGHTARG = watertight.encrypted_text, FUNCTION = watertight.concatenate);
CREATE FUNCTION watertight.concatenate(watertight.encrypted_text, watertight.encrypted_text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE AS 'SELECT pg_catalog.textcat(watertight.text($1), watertight.text($2))';
CREATE OPERATOR pg_catalog.|| (LEFTARG = watertight.encrypted_text, RIGHTARG = watertight.encrypted_text, FUNCTION = watertight.concatenate);
CREATE FUNCTION watertight.concatenate(watertight.searchable_text, text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE AS 'SELECT pg_catalog.textcat(watertight.text($1), $2)';
CREATE OPERATOR pg_catalog.|| (LEFTARG = watertight.searchable_text, RIGHTARG = text, FUNCTION = watertight.concatenate);
CREATE FUNCTION watertight.concatenate(text, watertight.searchable_text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE AS 'SELECT pg_catalog.textcat($1, watertight.text($2))';
CREATE OPERATOR pg_catalog.|| (LEFTARG = text, RIGHTARG = watertight.searchable_text, FUNCTION = watertight.concatenate);
CREATE FUNCTION watertight.concatenate(watertight.searchable_text, watertight.searchable_text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE AS 'SELECT pg_catalog.textcat(watertight.text($1), watertight.text($2))';
CREATE OPERATOR pg_catalog.|| (LEFTARG = watertight.searchable_text, RIGHTARG = watertight.searchable_text, FUNCTION = watertight.concatenate);
CREATE FUNCTION watertight.concatenate(watertight.encrypted_text, watertight.searchable_text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE AS 'SELECT pg_catalog.textcat(watertight.text($1), watertight.text($2))';
CREATE OPERATOR pg_catalog.|| (LEFTARG = watertight.encrypted_text, RIGHTARG = watertight.searchable_text, FUNCTION = watertight.concatenate);
CREATE FUNCTION watertight.concatenate(watertight.searchable_text, watertight.encrypted_text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE AS 'SELECT pg_catalog.textcat(watertight.text($1), watertight.text($2))';
CREATE OPERATOR pg_catalog.|| (LEFTARG = watertight.searchable_text, RIGHTARG = watertight.encrypted_text, FUNCTION = watertight.concatenate);
-- So is jsonb ||. There is none of two encrypted values: a literal beside one is jsonb, and not sealed.
CREATE FUNCTION watertight.concatenate(watertight.encrypted_jsonb, jsonb) RETURNS jsonb
    LANGUAGE sql STABLE STRICT PARALLEL SAFE AS 'SELECT pg_catalog.jsonb_concat(watertight.jsonb($1), $2)';
CREATE OPERATOR pg_catalog.|| (LEFTARG = watertight.encrypted_jsonb, RIGHTARG = jsonb, FUNCTION = watertight.concatenate);
CREATE FUNCTION watertight.concatenate(jsonb, watertight.encrypted_jsonb) RETURNS jsonb
    LANGUAGE sql STABLE STRICT PARALLEL SAFE AS 'SELECT pg_catalog.jsonb_concat($1, watertight.jsonb($2))';
CREATE OPERATOR pg_catalog.|| (LEFTARG = jsonb, RIGHTARG = watertight.encrypted_jsonb, FUNCTION = watertight.concatenate);

-- Searchable values are equal if their blind indexes are. LEAKPROOF: they read nothing else of their arguments, and raise nothing.

CREATE FUNCTION watertight.searchable_eq(watertight.searchable_text, watertight.searchable_text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_eq';
CREATE FUNCTION watertight.searchable_ne(watertight.searchable_text, watertight.searchable_text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_ne';
CREATE FUNCTION watertight.searchable_lt(watertight.searchable_text, watertight.searchable_text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_lt';
CREATE FUNCTION watertight.searchable_le(watertight.searchable_text, watertight.searchable_text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_le';
CREATE FUNCTION watertight.searchable_ge(watertight.searchable_text, watertight.searchable_text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_ge';
CREATE FUNCTION watertight.searchable_gt(watertight.searchable_text, watertight.searchable_text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_gt';
CREATE FUNCTION watertight.searchable_cmp(watertight.searchable_text, watertight.searchable_text) RETURNS integer
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_cmp';
CREATE FUNCTION watertight.searchable_hash(watertight.searchable_text) RETURNS integer
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_hash';
CREATE FUNCTION watertight.searchable_hash_extended(watertight.searchable_text, bigint) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_hash_extended';

-- The same with a text that is not sealed, as drivers send it that name the types of their parameters. What the planner can, it passes
-- through searchable_probe(): a value that has a blind index and nothing else. It answers nobody but the planner. LEAKPROOF: what they raise depends on the context only.

CREATE FUNCTION watertight.searchable_probe(text) RETURNS watertight.searchable_text
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_probe';
COMMENT ON FUNCTION watertight.searchable_probe(text) IS
    'What searchable values of a text are equal to: to search with, not to keep.';
CREATE FUNCTION watertight.searchable_support(internal) RETURNS internal
    LANGUAGE c STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_support';
REVOKE ALL ON FUNCTION watertight.searchable_support(internal) FROM PUBLIC;
CREATE FUNCTION watertight.searchable_eq(watertight.searchable_text, text) RETURNS boolean
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE SUPPORT watertight.searchable_support
    AS 'MODULE_PATHNAME', 'wt_searchable_eq_text';
CREATE FUNCTION watertight.searchable_eq(text, watertight.searchable_text) RETURNS boolean
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE SUPPORT watertight.searchable_support
    AS 'MODULE_PATHNAME', 'wt_text_eq_searchable';
CREATE FUNCTION watertight.searchable_ne(watertight.searchable_text, text) RETURNS boolean
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE SUPPORT watertight.searchable_support
    AS 'MODULE_PATHNAME', 'wt_searchable_ne_text';
CREATE FUNCTION watertight.searchable_ne(text, watertight.searchable_text) RETURNS boolean
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE SUPPORT watertight.searchable_support
    AS 'MODULE_PATHNAME', 'wt_text_ne_searchable';
CREATE FUNCTION watertight.searchable_lt(watertight.searchable_text, text) RETURNS boolean
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_lt_text';
CREATE FUNCTION watertight.searchable_le(watertight.searchable_text, text) RETURNS boolean
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_le_text';
CREATE FUNCTION watertight.searchable_ge(watertight.searchable_text, text) RETURNS boolean
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_ge_text';
CREATE FUNCTION watertight.searchable_gt(watertight.searchable_text, text) RETURNS boolean
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_gt_text';
CREATE FUNCTION watertight.searchable_lt(text, watertight.searchable_text) RETURNS boolean
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_text_lt_searchable';
CREATE FUNCTION watertight.searchable_le(text, watertight.searchable_text) RETURNS boolean
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_text_le_searchable';
CREATE FUNCTION watertight.searchable_ge(text, watertight.searchable_text) RETURNS boolean
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_text_ge_searchable';
CREATE FUNCTION watertight.searchable_gt(text, watertight.searchable_text) RETURNS boolean
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_text_gt_searchable';
CREATE FUNCTION watertight.searchable_eq(text, text) RETURNS boolean
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_eq_texts';
CREATE FUNCTION watertight.searchable_lt(text, text) RETURNS boolean
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_lt_texts';
CREATE FUNCTION watertight.searchable_le(text, text) RETURNS boolean
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_le_texts';
CREATE FUNCTION watertight.searchable_ge(text, text) RETURNS boolean
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_ge_texts';
CREATE FUNCTION watertight.searchable_gt(text, text) RETURNS boolean
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_gt_texts';
CREATE FUNCTION watertight.searchable_cmp(watertight.searchable_text, text) RETURNS integer
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_cmp_text';
CREATE FUNCTION watertight.searchable_cmp(text, watertight.searchable_text) RETURNS integer
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_text_cmp_searchable';
CREATE FUNCTION watertight.searchable_cmp(text, text) RETURNS integer
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_cmp_texts';
CREATE FUNCTION watertight.searchable_hash(text) RETURNS integer
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_hash_text';
CREATE FUNCTION watertight.searchable_hash_extended(text, bigint) RETURNS bigint
    LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_searchable_hash_text_extended';

CREATE OPERATOR pg_catalog.= (
    LEFTARG = watertight.searchable_text, RIGHTARG = watertight.searchable_text, FUNCTION = watertight.searchable_eq,
    COMMUTATOR = OPERATOR(pg_catalog.=), NEGATOR = OPERATOR(pg_catalog.<>),
    RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (
    LEFTARG = watertight.searchable_text, RIGHTARG = watertight.searchable_text, FUNCTION = watertight.searchable_ne,
    COMMUTATOR = OPERATOR(pg_catalog.<>), NEGATOR = OPERATOR(pg_catalog.=),
    RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.= (
    LEFTARG = watertight.searchable_text, RIGHTARG = text, FUNCTION = watertight.searchable_eq,
    COMMUTATOR = OPERATOR(pg_catalog.=), NEGATOR = OPERATOR(pg_catalog.<>),
    RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (
    LEFTARG = watertight.searchable_text, RIGHTARG = text, FUNCTION = watertight.searchable_ne,
    COMMUTATOR = OPERATOR(pg_catalog.<>), NEGATOR = OPERATOR(pg_catalog.=),
    RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.= (
    LEFTARG = text, RIGHTARG = watertight.searchable_text, FUNCTION = watertight.searchable_eq,
    COMMUTATOR = OPERATOR(pg_catalog.=), NEGATOR = OPERATOR(pg_catalog.<>),
    RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (
    LEFTARG = text, RIGHTARG = watertight.searchable_text, FUNCTION = watertight.searchable_ne,
    COMMUTATOR = OPERATOR(pg_catalog.<>), NEGATOR = OPERATOR(pg_catalog.=),
    RESTRICT = neqsel, JOIN = neqjoinsel);

-- (= and <> are in pg_catalog, where every search path finds them.)

-- The order of blind indexes says nothing of the values': it serves DISTINCT, merge joins and unique indexes, and has names of its own. So
-- <, and all that comes of it, is that of the plain text.
CREATE OPERATOR watertight.~<~ (
    LEFTARG = watertight.searchable_text, RIGHTARG = watertight.searchable_text, FUNCTION = watertight.searchable_lt,
    COMMUTATOR = OPERATOR(watertight.~>~), NEGATOR = OPERATOR(watertight.~>=~),
    RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR watertight.~<=~ (
    LEFTARG = watertight.searchable_text, RIGHTARG = watertight.searchable_text, FUNCTION = watertight.searchable_le,
    COMMUTATOR = OPERATOR(watertight.~>=~), NEGATOR = OPERATOR(watertight.~>~),
    RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR watertight.~>=~ (
    LEFTARG = watertight.searchable_text, RIGHTARG = watertight.searchable_text, FUNCTION = watertight.searchable_ge,
    COMMUTATOR = OPERATOR(watertight.~<=~), NEGATOR = OPERATOR(watertight.~<~),
    RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR watertight.~>~ (
    LEFTARG = watertight.searchable_text, RIGHTARG = watertight.searchable_text, FUNCTION = watertight.searchable_gt,
    COMMUTATOR = OPERATOR(watertight.~<~), NEGATOR = OPERATOR(watertight.~<=~),
    RESTRICT = scalargtsel, JOIN = scalargtjoinsel);

-- The same order with texts, and of texts: an index sorts the elements of = ANY (text[]) by it, and a family has all operators of
-- its types. Nobody is meant to write them.
CREATE OPERATOR watertight.~<~ (
    LEFTARG = watertight.searchable_text, RIGHTARG = text, FUNCTION = watertight.searchable_lt,
    COMMUTATOR = OPERATOR(watertight.~>~), NEGATOR = OPERATOR(watertight.~>=~),
    RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR watertight.~<=~ (
    LEFTARG = watertight.searchable_text, RIGHTARG = text, FUNCTION = watertight.searchable_le,
    COMMUTATOR = OPERATOR(watertight.~>=~), NEGATOR = OPERATOR(watertight.~>~),
    RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR watertight.~>=~ (
    LEFTARG = watertight.searchable_text, RIGHTARG = text, FUNCTION = watertight.searchable_ge,
    COMMUTATOR = OPERATOR(watertight.~<=~), NEGATOR = OPERATOR(watertight.~<~),
    RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR watertight.~>~ (
    LEFTARG = watertight.searchable_text, RIGHTARG = text, FUNCTION = watertight.searchable_gt,
    COMMUTATOR = OPERATOR(watertight.~<~), NEGATOR = OPERATOR(watertight.~<=~),
    RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR watertight.~<~ (
    LEFTARG = text, RIGHTARG = watertight.searchable_text, FUNCTION = watertight.searchable_lt,
    COMMUTATOR = OPERATOR(watertight.~>~), NEGATOR = OPERATOR(watertight.~>=~),
    RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR watertight.~<=~ (
    LEFTARG = text, RIGHTARG = watertight.searchable_text, FUNCTION = watertight.searchable_le,
    COMMUTATOR = OPERATOR(watertight.~>=~), NEGATOR = OPERATOR(watertight.~>~),
    RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR watertight.~>=~ (
    LEFTARG = text, RIGHTARG = watertight.searchable_text, FUNCTION = watertight.searchable_ge,
    COMMUTATOR = OPERATOR(watertight.~<=~), NEGATOR = OPERATOR(watertight.~<~),
    RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR watertight.~>~ (
    LEFTARG = text, RIGHTARG = watertight.searchable_text, FUNCTION = watertight.searchable_gt,
    COMMUTATOR = OPERATOR(watertight.~<~), NEGATOR = OPERATOR(watertight.~<=~),
    RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
-- Of texts. (~<~ is PostgreSQL's own for text.)
CREATE OPERATOR watertight.*= (
    LEFTARG = text, RIGHTARG = text, FUNCTION = watertight.searchable_eq, COMMUTATOR = OPERATOR(watertight.*=),
    RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR watertight.*< (
    LEFTARG = text, RIGHTARG = text, FUNCTION = watertight.searchable_lt,
    COMMUTATOR = OPERATOR(watertight.*>), NEGATOR = OPERATOR(watertight.*>=),
    RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR watertight.*<= (
    LEFTARG = text, RIGHTARG = text, FUNCTION = watertight.searchable_le,
    COMMUTATOR = OPERATOR(watertight.*>=), NEGATOR = OPERATOR(watertight.*>),
    RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR watertight.*>= (
    LEFTARG = text, RIGHTARG = text, FUNCTION = watertight.searchable_ge,
    COMMUTATOR = OPERATOR(watertight.*<=), NEGATOR = OPERATOR(watertight.*<),
    RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR watertight.*> (
    LEFTARG = text, RIGHTARG = text, FUNCTION = watertight.searchable_gt,
    COMMUTATOR = OPERATOR(watertight.*<), NEGATOR = OPERATOR(watertight.*<=),
    RESTRICT = scalargtsel, JOIN = scalargtjoinsel);

CREATE OPERATOR FAMILY watertight.searchable_text_ops USING btree;
CREATE OPERATOR CLASS watertight.searchable_text_ops DEFAULT FOR TYPE watertight.searchable_text
    USING btree FAMILY watertight.searchable_text_ops AS
    OPERATOR 1 watertight.~<~, OPERATOR 2 watertight.~<=~, OPERATOR 3 pg_catalog.=,
    OPERATOR 4 watertight.~>=~, OPERATOR 5 watertight.~>~,
    FUNCTION 1 watertight.searchable_cmp(watertight.searchable_text, watertight.searchable_text);
ALTER OPERATOR FAMILY watertight.searchable_text_ops USING btree ADD
    OPERATOR 1 watertight.~<~ (watertight.searchable_text, text), OPERATOR 2 watertight.~<=~ (watertight.searchable_text, text),
    OPERATOR 3 pg_catalog.= (watertight.searchable_text, text), OPERATOR 4 watertight.~>=~ (watertight.searchable_text, text),
    OPERATOR 5 watertight.~>~ (watertight.searchable_text, text),
    OPERATOR 1 watertight.~<~ (text, watertight.searchable_text), OPERATOR 2 watertight.~<=~ (text, watertight.searchable_text),
    OPERATOR 3 pg_catalog.= (text, watertight.searchable_text), OPERATOR 4 watertight.~>=~ (text, watertight.searchable_text),
    OPERATOR 5 watertight.~>~ (text, watertight.searchable_text),
    OPERATOR 1 watertight.*< (text, text), OPERATOR 2 watertight.*<= (text, text),
    OPERATOR 3 watertight.*= (text, text), OPERATOR 4 watertight.*>= (text, text),
    OPERATOR 5 watertight.*> (text, text),
    FUNCTION 1 (watertight.searchable_text, text) watertight.searchable_cmp(watertight.searchable_text, text),
    FUNCTION 1 (text, watertight.searchable_text) watertight.searchable_cmp(text, watertight.searchable_text),
    FUNCTION 1 (text, text) watertight.searchable_cmp(text, text);

CREATE OPERATOR FAMILY watertight.searchable_text_ops USING hash;
CREATE OPERATOR CLASS watertight.searchable_text_ops DEFAULT FOR TYPE watertight.searchable_text
    USING hash FAMILY watertight.searchable_text_ops AS
    OPERATOR 1 pg_catalog.=,
    FUNCTION 1 watertight.searchable_hash(watertight.searchable_text),
    FUNCTION 2 watertight.searchable_hash_extended(watertight.searchable_text, bigint);
ALTER OPERATOR FAMILY watertight.searchable_text_ops USING hash ADD
    OPERATOR 1 pg_catalog.= (watertight.searchable_text, text),
    OPERATOR 1 pg_catalog.= (text, watertight.searchable_text),
    OPERATOR 1 watertight.*= (text, text),
    FUNCTION 1 (text, text) watertight.searchable_hash(text),
    FUNCTION 2 (text, text) watertight.searchable_hash_extended(text, bigint);

-- For callers that bind a value to something of their own. VOLATILE: no two calls return the same.
CREATE FUNCTION watertight.encrypt(value text, context text) RETURNS bytea
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_encrypt';
COMMENT ON FUNCTION watertight.encrypt(text, text) IS
    'A text sealed under the tenant''s key, bound to a context: what identifies its row and column, for instance.';
CREATE FUNCTION watertight.decrypt(sealed bytea, context text) RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wt_decrypt';
COMMENT ON FUNCTION watertight.decrypt(bytea, text) IS
    'What watertight.encrypt() has sealed, if this is the tenant and the context that it was sealed in.';
