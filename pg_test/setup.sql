\o /dev/null
-- Runs in every test's database after CREATE EXTENSION: an issuer with a symmetric key, tokens of it, two tenants.
-- Signed in SQL (RFC 2104, RFC 7515), so that expected files need no key material from outside.
CREATE SCHEMA test;
GRANT USAGE ON SCHEMA test TO PUBLIC;

CREATE FUNCTION test.key() RETURNS bytea LANGUAGE sql IMMUTABLE
    AS $$ SELECT '0123456789abcdef0123456789abcdef'::bytea $$;

CREATE FUNCTION test.pad(byte int) RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    padded bytea := test.key() || decode(repeat('00', 64 - length(test.key())), 'hex');
BEGIN
    FOR i IN 0..63 LOOP
        padded := set_byte(padded, i, get_byte(padded, i) # byte);
    END LOOP;
    RETURN padded;
END $$;

CREATE FUNCTION test.base64url(bytes bytea) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT translate(encode(bytes, 'base64'), E'+/=\n', '-_') $$;

CREATE FUNCTION test.sign(claims jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    WITH signed AS (SELECT test.base64url('{"alg":"HS256","typ":"JWT","kid":"test"}'::bytea) || '.'
                           || test.base64url(convert_to(claims::text, 'UTF8')) AS part)
    SELECT part || '.' || test.base64url(sha256(test.pad(92) || sha256(test.pad(54) || convert_to(part, 'UTF8'))))
    FROM signed
$$;

-- A token for a tenant, with more claims (or null to take one away).
CREATE FUNCTION test.token(tenant text, more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql STABLE AS $$
    SELECT test.sign(jsonb_strip_nulls(jsonb_build_object(
        'iss', 'https://id.test', 'sub', 'alice', 'email', 'alice@' || tenant || '.test', 'tenant', tenant,
        'iat', extract(epoch FROM now())::bigint - 5, 'exp', extract(epoch FROM now())::bigint + 600) || more))
$$;

-- The same with an id, for isolation specs, which cannot hold braces.
CREATE FUNCTION test.token_with_id(tenant text, jti text) RETURNS text LANGUAGE sql STABLE
    AS $$ SELECT test.token(tenant, jsonb_build_object('jti', jti)) $$;

SELECT FROM watertight.trust_issuer('https://id.test', jsonb_build_object('keys', jsonb_build_array(
    jsonb_build_object('kty', 'oct', 'alg', 'HS256', 'kid', 'test', 'k', test.base64url(test.key())))));
SELECT FROM watertight.create_tenant('hospital_a', key => 1, id => '0a000000-0000-7000-8000-000000000001');
SELECT FROM watertight.create_tenant('hospital_b', key => 2, id => '0b000000-0000-7000-8000-000000000002');
