-- Only a superuser may create the extension, and only into a schema that nobody prepared: otherwise its owner could
-- replace what we put there (the class of CVE-2023-39417).
DO LANGUAGE plpgsql $block$
DECLARE
    owner pg_catalog.oid;
    made_by_us boolean;
BEGIN
    SELECT n.nspowner, NOT EXISTS (
               SELECT FROM pg_catalog.pg_class AS c WHERE c.relnamespace OPERATOR(pg_catalog.=) n.oid)
           AND NOT EXISTS (
               SELECT FROM pg_catalog.pg_proc AS p WHERE p.pronamespace OPERATOR(pg_catalog.=) n.oid)
           AND NOT EXISTS (
               SELECT FROM pg_catalog.pg_type AS t WHERE t.typnamespace OPERATOR(pg_catalog.=) n.oid)
      INTO owner, made_by_us
      FROM pg_catalog.pg_namespace AS n
     WHERE n.nspname OPERATOR(pg_catalog.=) 'watertight';
    IF NOT made_by_us
       OR owner OPERATOR(pg_catalog.<>) (SELECT r.oid FROM pg_catalog.pg_roles AS r
                                         WHERE r.rolname OPERATOR(pg_catalog.=) CURRENT_USER) THEN
        RAISE EXCEPTION USING
            ERRCODE = '42501',
            MESSAGE = 'schema "watertight" exists already and is not empty, or belongs to another role',
            HINT = 'Drop or rename it, and create the extension again.';
    END IF;
    -- Roles belong to the whole server: another database may have made it.
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r
                   WHERE r.rolname OPERATOR(pg_catalog.=) 'watertight_admin') THEN
        CREATE ROLE watertight_admin NOLOGIN NOINHERIT;
    END IF;
END
$block$;

REVOKE ALL ON SCHEMA watertight FROM PUBLIC;
GRANT USAGE ON SCHEMA watertight TO PUBLIC;
