-- Run as superuser, once per scratch cluster. Variables: issuer, jwks.
CREATE ROLE app LOGIN;
CREATE ROLE app_owner LOGIN;
CREATE DATABASE clinic OWNER app_owner;
\connect clinic

CREATE EXTENSION watertight;
SELECT watertight.trust_issuer(:'issuer', :'jwks'::jsonb);
SELECT watertight.create_tenant('north'), watertight.create_tenant('south');

-- app uses what app_owner makes, as in most installations.
ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app;
ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT USAGE, SELECT ON SEQUENCES TO app;
