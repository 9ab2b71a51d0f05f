-- An administrator, once. Variables: issuer, jwks (what the identity provider publishes).
CREATE ROLE clinic_owner LOGIN;  -- owns the tables and runs the application's migrations
CREATE ROLE app LOGIN;           -- what the application logs in as, for all hospitals alike
GRANT CREATE ON SCHEMA public TO clinic_owner;

CREATE EXTENSION watertight;
SELECT watertight.create_tenant('hospital_a');
SELECT watertight.create_tenant('hospital_b');
SELECT watertight.trust_issuer(:'issuer', :'jwks');
