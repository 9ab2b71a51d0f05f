-- Functions of the attacker that tell what they see, and everything that can be made to call them.
CREATE FUNCTION lab.tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 IMMUTABLE PARALLEL SAFE AS
    $$ BEGIN RAISE NOTICE 'told: %', $1; RETURN true; END $$;
CREATE FUNCTION lab.tell_volatile(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 VOLATILE AS
    $$ BEGIN RAISE NOTICE 'told: %', $1; RETURN true; END $$;
CREATE FUNCTION lab.echo(text) RETURNS text LANGUAGE plpgsql COST 0.0000001 IMMUTABLE PARALLEL SAFE AS
    $$ BEGIN RAISE NOTICE 'told: %', $1; RETURN $1; END $$;
CREATE FUNCTION lab.two(text, text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 IMMUTABLE PARALLEL SAFE AS
    $$ BEGIN RAISE NOTICE 'told: % %', $1, $2; RETURN true; END $$;
CREATE FUNCTION lab.two(tsvector, tsquery) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 IMMUTABLE AS
    $$ BEGIN RAISE NOTICE 'told: % %', $1, $2; RETURN true; END $$;
CREATE FUNCTION lab.two(jsonb, jsonb) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 IMMUTABLE AS
    $$ BEGIN RAISE NOTICE 'told: % %', $1, $2; RETURN true; END $$;
CREATE FUNCTION lab.two(text[], text[]) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 IMMUTABLE AS
    $$ BEGIN RAISE NOTICE 'told: % %', $1, $2; RETURN true; END $$;
CREATE OPERATOR lab.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = lab.two, RESTRICT = eqsel, JOIN = eqjoinsel,
    COMMUTATOR = OPERATOR(lab.===));
CREATE OPERATOR lab.<<< (LEFTARG = text, RIGHTARG = text, FUNCTION = lab.two, RESTRICT = scalarltsel);
CREATE OPERATOR lab.~~~ (LEFTARG = text, RIGHTARG = text, FUNCTION = lab.two, RESTRICT = contsel);
CREATE OPERATOR lab.~=~ (LEFTARG = text, RIGHTARG = text, FUNCTION = lab.two, RESTRICT = likesel);
-- The names of examined operators.
CREATE OPERATOR lab.~~ (LEFTARG = text, RIGHTARG = text, FUNCTION = lab.two, RESTRICT = likesel);
CREATE OPERATOR lab.= (LEFTARG = text, RIGHTARG = text, FUNCTION = lab.two, RESTRICT = eqsel, HASHES, MERGES);
CREATE OPERATOR lab.@@ (LEFTARG = tsvector, RIGHTARG = tsquery, FUNCTION = lab.two, RESTRICT = tsmatchsel);
CREATE OPERATOR lab.@> (LEFTARG = jsonb, RIGHTARG = jsonb, FUNCTION = lab.two, RESTRICT = contsel);
CREATE OPERATOR lab.&& (LEFTARG = text[], RIGHTARG = text[], FUNCTION = lab.two, RESTRICT = contsel);
-- The names of examined functions, and of a C symbol.
CREATE FUNCTION lab.textlike(text, text) RETURNS boolean LANGUAGE sql COST 0.0000001 IMMUTABLE AS
    'SELECT lab.two($1, $2)';
CREATE FUNCTION lab.similarity_op(text, text) RETURNS boolean LANGUAGE sql COST 0.0000001 IMMUTABLE AS
    'SELECT lab.two($1, $2)';
CREATE FUNCTION lab.lower(text) RETURNS text LANGUAGE sql COST 0.0000001 IMMUTABLE AS 'SELECT lab.echo($1)';
-- Casts and domains.
CREATE TYPE lab.code AS (v text);
CREATE FUNCTION lab.to_code(text) RETURNS lab.code LANGUAGE plpgsql COST 0.0000001 IMMUTABLE AS
    $$ BEGIN RAISE NOTICE 'told: %', $1; RETURN ROW($1); END $$;
CREATE CAST (text AS lab.code) WITH FUNCTION lab.to_code(text) AS IMPLICIT;
CREATE FUNCTION lab.is_code(lab.code, lab.code) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).v < ($2).v';
CREATE OPERATOR lab.## (LEFTARG = lab.code, RIGHTARG = lab.code, FUNCTION = lab.is_code, RESTRICT = eqsel);
CREATE DOMAIN lab.shown AS text CHECK (lab.tell(VALUE));
CREATE DOMAIN lab.shown_json AS jsonb CHECK (lab.tell(VALUE::text));
CREATE DOMAIN lab.shown_array AS text[] CHECK (lab.tell(VALUE::text));
-- Views over both tables.
CREATE VIEW lab.plain_notes AS SELECT * FROM notes WHERE lab.tell(name);
CREATE VIEW lab.plain_open_notes AS SELECT * FROM open_notes WHERE lab.tell(name);
CREATE VIEW lab.barrier_notes WITH (security_barrier) AS SELECT * FROM notes WHERE lab.tell(name);
CREATE VIEW lab.barrier_open_notes WITH (security_barrier) AS SELECT * FROM open_notes WHERE lab.tell(name);
CREATE VIEW lab.above_notes WITH (security_barrier) AS SELECT * FROM notes WHERE amount = 7;
CREATE VIEW lab.above_open_notes WITH (security_barrier) AS SELECT * FROM open_notes WHERE amount = 7;
CREATE VIEW lab.group_notes AS SELECT amount, lab.tell(min(name)) AS told FROM notes GROUP BY amount;
CREATE VIEW lab.group_open_notes AS SELECT amount, lab.tell(min(name)) AS told FROM open_notes GROUP BY amount;
